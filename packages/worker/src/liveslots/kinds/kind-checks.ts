/**
 * What a kind's definition must be like, and what a later incarnation may change of it.
 *
 * Functions without state: they return the decision or throw. In what way a redefinition does not
 * fit what an earlier incarnation stored is a text, without the kind's tag where SwingSet has none.
 */
import { check } from '../../check.js';
import { isRecord, type Properties } from '../../values.js';
import type { Encoded, ValueCodec } from '../contract/context.js';
import { Fail, q } from '../contract/fail.js';
import { tagOf } from '../contract/patterns.js';
import type { Migrate } from './migration.js';
import type { Methods } from './prototypes.js';

/** What vat code has given as the behaviour of a kind. */
export type Behavior =
  | { readonly facetNames: undefined; readonly methods: Methods }
  | {
      /** Sorted. */
      readonly facetNames: readonly string[];
      readonly facets: Readonly<Record<string, Methods>>;
    };

const isMethods = (behavior: unknown): behavior is Methods =>
  isRecord(behavior) &&
  Reflect.ownKeys(behavior).every(key => typeof behavior[key] === 'function');

const isKit = (behavior: unknown): behavior is Readonly<Record<string, Methods>> =>
  isRecord(behavior) &&
  Reflect.ownKeys(behavior).every(key => typeof key === 'string' && isMethods(behavior[key]));

const otherVariant = (given: string, other: string, tag: string): Error =>
  about('Check failed', `kind ${q(tag)} is given ${given}: that is for ${other}`);

/** One bag of methods, or a record of such bags for `isMulti`. An empty bag is one. */
export const behaviorOf = (given: unknown, isMulti: boolean, tag: string): Behavior => {
  if (isMethods(given)) {
    if (isMulti) throw otherVariant('methods', 'the one without Multi', tag);
    return { facetNames: undefined, methods: given };
  }
  if (!isKit(given)) throw Fail`invalid behavior specifier for ${q(tag)}`;
  if (!isMulti) throw otherVariant('facets', 'its Multi variant', tag);
  const facetNames = Object.keys(given).sort();
  if (facetNames.length < 2) {
    const why = `kind ${q(tag)} has one facet, ${q(facetNames.join())}`;
    throw about('A multi-facet object must have multiple facets', why);
  }
  return { facetNames, facets: given };
};

/** Versions stand in rows as numbers of at most 32 bits. */
const VERSION_MAX = 2 ** 32 - 1;

const isMigrate = (migrate: unknown): migrate is Migrate => typeof migrate === 'function';

/** What migrates the states of a kind, if it has such a thing. */
export const migrateOf = (tag: string, migrate: unknown): Migrate | undefined => {
  if (migrate === undefined || isMigrate(migrate)) return migrate;
  throw Fail`migrate of kind ${q(tag)} must be a function, not ${q(migrate)}`;
};

/** The version of a kind's state: 0 unless it says otherwise. */
export const versionOf = (tag: string, version: unknown): number => {
  if (version === undefined) return 0;
  const isWhole = typeof version === 'number' && Number.isSafeInteger(version);
  if (isWhole && version >= 0 && version <= VERSION_MAX) return version;
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

/** A stored shape, by property; undefined for none. */
const shapeOf = (codec: ValueCodec, { body, slots }: Encoded): Properties | undefined => {
  const shape = codec.decode(body, slots);
  check(shape === undefined || isRecord(shape), 'a stored shape');
  return shape;
};

export const areSameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** What is in a pattern of that tag; undefined for any other. */
const payloadOf = (pattern: unknown, tag: string): unknown =>
  isRecord(pattern) && tagOf(pattern) === tag ? pattern['payload'] : undefined;

const isUndefinedPattern = (pattern: unknown): boolean =>
  pattern === undefined || payloadOf(pattern, 'match:kind') === 'undefined';

/** `M.or(...)` of patterns of which one is for undefined: old instances satisfy it. */
const isOptional = (pattern: unknown): boolean => {
  const patterns = payloadOf(pattern, 'match:or');
  return Array.isArray(patterns) && patterns.some(isUndefinedPattern);
};

const fieldMismatches = (codec: ValueCodec, old: Properties, fresh: Properties): string[] => {
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
const otherField = (codec: ValueCodec, old: Properties, fresh: Properties): string | undefined =>
  Object.keys(fresh).find(name => {
    const before = Object.hasOwn(old, name) ? codec.encode(old[name]).slots : [];
    return codec.encode(fresh[name]).slots.join() !== before.join();
  });

const shapeMismatches = (codec: ValueCodec, old: Encoded, fresh: Encoded): string[] => {
  const areSame = areSameBytes(old.body, fresh.body);
  if (areSame && old.slots.join() === fresh.slots.join()) return [];
  const oldShape = shapeOf(codec, old);
  const freshShape = shapeOf(codec, fresh);
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
