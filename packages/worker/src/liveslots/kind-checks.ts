/**
 * What a kind's definition must be like, and what a later incarnation may change of it.
 *
 * Pure functions: they return the decision or throw. A redefinition that does not fit what an
 * earlier incarnation stored is a `VatFault`; vat code that catches it changes nothing, because the
 * kind then stays unclaimed.
 */
import { getTag } from '@endo/pass-style';
import { VatFault } from '../protocol/faults.js';
import { Fail, q } from './fail.js';
import type { Slots } from '../protocol/messages.js';
import type { Encoded, ValueCodec } from './context.js';

type Facetiousness = 'one' | 'many' | 'not';

const isMethods = (behavior: unknown): boolean =>
  typeof behavior === 'object' &&
  behavior !== null &&
  Reflect.ownKeys(behavior).every(
    key => typeof (behavior as Record<PropertyKey, unknown>)[key] === 'function',
  );

/** One bag of methods, a record of such bags, or neither. An empty bag is one. */
export const assessFacetiousness = (behavior: unknown): Facetiousness => {
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
  if ((facetiousness === 'many') !== isMulti) throw Fail`Check failed`;
  if (!isMulti) return undefined;
  const names = Object.keys(behavior as object).sort();
  if (names.length < 2) throw Fail`A multi-facet object must have multiple facets`;
  return names;
};

const mismatch = (message: string): never => {
  throw new VatFault('KIND_MISMATCH', message);
};

/**
 * The facets of a kind whose facets were `old` (`undefined`: single-facet) and are to be `fresh`:
 * old ones keep their numbers, new ones follow in sorted order.
 */
export const mergeFacets = (
  tag: string,
  old: readonly string[] | undefined,
  fresh: readonly string[] | undefined,
): readonly string[] | undefined => {
  if (old === undefined) {
    if (fresh === undefined) return undefined;
    return mismatch(`defineDurableKindMulti called for unfaceted KindHandle "${tag}"`);
  }
  if (fresh === undefined) {
    return mismatch(`defineDurableKind called for faceted KindHandle "${tag}"`);
  }
  const missing = old.find(name => !fresh.includes(name));
  if (missing !== undefined) {
    const facets = `durable kind "${tag}" facets (${fresh.join(',')})`;
    mismatch(`${facets} is missing ${missing} from original definition (${old.join(',')})`);
  }
  return [...old, ...fresh.filter(name => !old.includes(name))];
};

type Shape = Readonly<Record<string, unknown>>;

const areSameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
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

const SHAPE_MISMATCH = 'durable Kind stateShape mismatch';

const checkFields = (codec: ValueCodec, old: Shape, fresh: Shape): void => {
  for (const name of Object.keys(old)) {
    const isSame =
      Object.hasOwn(fresh, name) &&
      areSameBytes(codec.encode(old[name]).body, codec.encode(fresh[name]).body);
    if (!isSame) mismatch(`${SHAPE_MISMATCH} (body ${name})`);
  }
  for (const name of Object.keys(fresh)) {
    if (!Object.hasOwn(old, name) && !isOptional(fresh[name])) {
      mismatch(`${SHAPE_MISMATCH} (body new field ${name})`);
    }
  }
};

const checkSlots = (old: Slots, fresh: Slots): void => {
  if (old.length !== fresh.length) mismatch(`${SHAPE_MISMATCH} (slots.length)`);
  old.forEach((slot, i) => {
    if (fresh[i] !== slot) mismatch(`${SHAPE_MISMATCH} (slot[${i}])`);
  });
};

/** Throws unless `fresh` may follow `old`: both as encoded, `undefined` for no shape. */
export const checkShapeChange = (codec: ValueCodec, old: Encoded, fresh: Encoded): void => {
  if (!areSameBytes(old.body, fresh.body)) {
    const oldShape = codec.decode(old.body, old.slots) as Shape | undefined;
    const freshShape = codec.decode(fresh.body, fresh.slots) as Shape | undefined;
    if (oldShape === undefined) return mismatch(`${SHAPE_MISMATCH} (no old shape)`);
    if (freshShape === undefined) return mismatch(`${SHAPE_MISMATCH} (no new shape)`);
    checkFields(codec, oldShape, freshShape);
  }
  checkSlots(old.slots, fresh.slots);
};
