/**
 * What a kind's definition must be like, and what a later incarnation may change of it.
 *
 * Functions without state: they return the decision or throw. In what way a redefinition does not
 * fit what an earlier incarnation stored is a text, without the kind's tag where SwingSet has none.
 */
import { getTag } from '@endo/pass-style';
import type { Encoded, ValueCodec } from '../contract/context.js';
import { Fail, q } from '../contract/fail.js';

type Facetiousness = 'one' | 'many' | 'not';

const isMethods = (behavior: unknown): boolean =>
  typeof behavior === 'object' &&
  behavior !== null &&
  Reflect.ownKeys(behavior).every(
    key => typeof (behavior as Record<PropertyKey, unknown>)[key] === 'function',
  );

/** One bag of methods, a record of such bags, or neither. An empty bag is one. */
const assessFacetiousness = (behavior: unknown): Facetiousness => {
  if (typeof behavior !== 'object' || behavior === null) return 'not';
  if (isMethods(behavior)) return 'one';
  const isKit = Reflect.ownKeys(behavior).every(
    key => typeof key === 'string' && isMethods((behavior as Record<string, unknown>)[key]),
  );
  return isKit ? 'many' : 'not';
};

/** The facet names that `behavior` has, sorted; undefined for a single-facet kind. */
export const facetNamesOf = (
  behavior: unknown,
  isMulti: boolean,
  tag: string,
): readonly string[] | undefined => {
  const facetiousness = assessFacetiousness(behavior);
  if (facetiousness === 'not') throw Fail`invalid behavior specifier for ${q(tag)}`;
  if ((facetiousness === 'many') !== isMulti) {
    const given = isMulti ? 'methods' : 'facets';
    const other = isMulti ? 'the one without Multi' : 'its Multi variant';
    throw about('Check failed', `kind ${q(tag)} is given ${given}: that is for ${other}`);
  }
  if (!isMulti) return undefined;
  const names = Object.keys(behavior as object).sort();
  if (names.length < 2) {
    const why = `kind ${q(tag)} has one facet, ${q(names.join())}`;
    throw about('A multi-facet object must have multiple facets', why);
  }
  return names;
};

/** Versions stand in rows as numbers of at most 32 bits. */
const VERSION_MAX = 2 ** 32 - 1;

/** The version of a kind's state: 0 unless it says otherwise. */
export const versionOf = (tag: string, version: unknown, migrate: unknown): number => {
  if (migrate !== undefined && typeof migrate !== 'function') {
    throw Fail`migrate of kind ${q(tag)} must be a function, not ${q(migrate)}`;
  }
  if (version === undefined) return 0;
  const isLegal = Number.isSafeInteger(version) && (version as number) >= 0;
  if (isLegal && (version as number) <= VERSION_MAX) return version as number;
  throw Fail`version of kind ${q(tag)} must be a whole number from 0 to ${q(VERSION_MAX)}`;
};

interface VersionChange {
  readonly tag: string;
  readonly old: number;
  readonly fresh: number;
  readonly migrates: boolean;
}

/** Why a kind whose states are of version `old` cannot have `fresh`. */
export const versionMismatch = (change: VersionChange): string | undefined => {
  const { tag, old, fresh, migrates } = change;
  if (fresh < old) {
    return `durable kind "${tag}": version ${fresh} is older than version ${old} of what is stored`;
  }
  if (fresh === old || migrates) return undefined;
  return `durable kind "${tag}": version ${fresh} follows version ${old} without migrate`;
};

/** SwingSet's words, and which kind they are about. */
export const about = (text: string, why: string): Error => Error(text, { cause: Error(why) });

interface FacetChange {
  readonly tag: string;
  readonly old: readonly string[] | undefined;
  readonly fresh: readonly string[] | undefined;
}

/** Why a kind whose facets were `old` (`undefined`: single-facet) cannot have `fresh` ones. */
export const facetMismatch = ({ tag, old, fresh }: FacetChange): string | undefined => {
  if (old === undefined) {
    return fresh === undefined
      ? undefined
      : `defineDurableKindMulti called for unfaceted KindHandle "${tag}"`;
  }
  if (fresh === undefined) return `defineDurableKind called for faceted KindHandle "${tag}"`;
  const missing = old.filter(name => !fresh.includes(name)).join(',');
  if (missing === '') return undefined;
  const facets = `durable kind "${tag}" facets (${fresh.join(',')})`;
  return `${facets} is missing ${missing} from original definition (${old.join(',')})`;
};

/** Facets that fit: old ones keep their numbers, new ones follow in sorted order. */
export const mergeFacets = ({ old, fresh }: FacetChange): readonly string[] | undefined =>
  old === undefined || fresh === undefined
    ? fresh
    : [...old, ...fresh.filter(name => !old.includes(name))];

type Shape = Readonly<Record<string, unknown>>;

export const areSameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

const isTagged = (pattern: unknown, tag: string): boolean =>
  typeof pattern === 'object' && pattern !== null && getTag(pattern as never) === tag;

const isUndefinedPattern = (pattern: unknown): boolean =>
  pattern === undefined ||
  (isTagged(pattern, 'match:kind') &&
    (pattern as { readonly payload: unknown }).payload === 'undefined');

/** `M.or(...)` of patterns of which one is for undefined: old instances satisfy it. */
const isOptional = (pattern: unknown): boolean =>
  isTagged(pattern, 'match:or') &&
  (pattern as { readonly payload: readonly unknown[] }).payload.some(isUndefinedPattern);

const fieldMismatches = (codec: ValueCodec, old: Shape, fresh: Shape): string[] => {
  const changed = Object.keys(old).filter(
    name =>
      !Object.hasOwn(fresh, name) ||
      !areSameBytes(codec.encode(old[name]).body, codec.encode(fresh[name]).body),
  );
  const added = Object.keys(fresh).filter(
    name => !Object.hasOwn(old, name) && !isOptional(fresh[name]),
  );
  return [...changed.map(name => `body ${name}`), ...added.map(name => `body new field ${name}`)];
};

/** The first field that mentions other references than it did; undefined if none is to blame. */
const otherField = (codec: ValueCodec, old: Shape, fresh: Shape): string | undefined =>
  Object.keys(fresh).find(name => {
    const before = Object.hasOwn(old, name) ? codec.encode(old[name]).slots : [];
    return codec.encode(fresh[name]).slots.join() !== before.join();
  });

const shapeMismatches = (codec: ValueCodec, old: Encoded, fresh: Encoded): string[] => {
  const areSame = areSameBytes(old.body, fresh.body);
  if (areSame && old.slots.join() === fresh.slots.join()) return [];
  const oldShape = codec.decode(old.body, old.slots) as Shape | undefined;
  const freshShape = codec.decode(fresh.body, fresh.slots) as Shape | undefined;
  if (oldShape === undefined) return ['no old shape'];
  if (freshShape === undefined) return ['no new shape'];
  const fields = areSame ? [] : fieldMismatches(codec, oldShape, freshShape);
  if (fields.length > 0) return fields;
  const name = otherField(codec, oldShape, freshShape);
  const where = name === undefined ? [] : [`field ${name}`];
  if (old.slots.length !== fresh.slots.length) return ['slots.length', ...where];
  const i = old.slots.findIndex((slot, n) => fresh.slots[n] !== slot);
  return i < 0 ? [] : [`slot[${i}]`, ...where];
};

/** Why shape `fresh` may not follow `old`: both as encoded, `undefined` for no shape. */
export const shapeMismatch = (
  codec: ValueCodec,
  old: Encoded,
  fresh: Encoded,
): string | undefined => {
  const found = shapeMismatches(codec, old, fresh);
  if (found.length === 0) return undefined;
  return `durable Kind stateShape mismatch ${found.map(text => `(${text})`).join(', ')}`;
};
