/**
 * What a kind's definition must be like, and what a later incarnation may change of it.
 *
 * Functions without state: they return the decision or throw. A redefinition that does not fit what
 * an earlier incarnation stored is raised as a fault.
 */
import { getTag } from '@endo/pass-style';
import { Fail, q } from './fail.js';
import type { Slots } from '../protocol/messages.js';
import type { Encoded, LiveslotsContext } from './context.js';

type Raise = LiveslotsContext['raise'];
type CheckContext = Pick<LiveslotsContext, 'codec' | 'raise'>;

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

const mismatch = (raise: Raise, message: string): never => raise('KIND_MISMATCH', message);

export interface FacetChange {
  readonly tag: string;
  readonly old: readonly string[] | undefined;
  readonly fresh: readonly string[] | undefined;
  readonly raise: Raise;
}

/**
 * The facets of a kind whose facets were `old` (`undefined`: single-facet) and are to be `fresh`:
 * old ones keep their numbers, new ones follow in sorted order.
 */
export const mergeFacets = (change: FacetChange): readonly string[] | undefined => {
  const { tag, old, fresh, raise } = change;
  if (old === undefined) {
    if (fresh === undefined) return undefined;
    return mismatch(raise, `defineDurableKindMulti called for unfaceted KindHandle "${tag}"`);
  }
  if (fresh === undefined) {
    return mismatch(raise, `defineDurableKind called for faceted KindHandle "${tag}"`);
  }
  const missing = old.find(name => !fresh.includes(name));
  if (missing !== undefined) {
    const facets = `durable kind "${tag}" facets (${fresh.join(',')})`;
    const original = `original definition (${old.join(',')})`;
    mismatch(raise, `${facets} is missing ${missing} from ${original}`);
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

const checkFields = ({ codec, raise }: CheckContext, old: Shape, fresh: Shape): void => {
  for (const name of Object.keys(old)) {
    const isSame =
      Object.hasOwn(fresh, name) &&
      areSameBytes(codec.encode(old[name]).body, codec.encode(fresh[name]).body);
    if (!isSame) mismatch(raise, `${SHAPE_MISMATCH} (body ${name})`);
  }
  for (const name of Object.keys(fresh)) {
    if (!Object.hasOwn(old, name) && !isOptional(fresh[name])) {
      mismatch(raise, `${SHAPE_MISMATCH} (body new field ${name})`);
    }
  }
};

const checkSlots = ({ raise }: CheckContext, old: Slots, fresh: Slots): void => {
  if (old.length !== fresh.length) mismatch(raise, `${SHAPE_MISMATCH} (slots.length)`);
  old.forEach((slot, i) => {
    if (fresh[i] !== slot) mismatch(raise, `${SHAPE_MISMATCH} (slot[${i}])`);
  });
};

/** Throws unless `fresh` may follow `old`: both as encoded, `undefined` for no shape. */
export const checkShapeChange = (
  context: CheckContext,
  old: Encoded,
  fresh: Encoded,
): void => {
  const { codec, raise } = context;
  if (!areSameBytes(old.body, fresh.body)) {
    const oldShape = codec.decode(old.body, old.slots) as Shape | undefined;
    const freshShape = codec.decode(fresh.body, fresh.slots) as Shape | undefined;
    if (oldShape === undefined) return mismatch(raise, `${SHAPE_MISMATCH} (no old shape)`);
    if (freshShape === undefined) return mismatch(raise, `${SHAPE_MISMATCH} (no new shape)`);
    checkFields(context, oldShape, freshShape);
  }
  checkSlots(context, old.slots, fresh.slots);
};
