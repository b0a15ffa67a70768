/**
 * Codecs of rows that are one frame each: tuples of plain values.
 *
 * Invariant: a row that is read has as many fields as its type says; what they hold is what this
 * kernel wrote, and is not looked at again.
 */
import { HostError, packFrame, unpackFrame, type FrameValue } from '@heirloom/store';
import { REFERENCE_WEIGHT } from '@heirloom/worker';
import type { RowCodec } from './kernel-table.js';

/** Errors: HostError STORE_CORRUPT unless `tuple` has as many fields as one of `arities`. */
export const checkArity = (what: string, tuple: unknown, arities: readonly number[]): void => {
  const count = Array.isArray(tuple) ? tuple.length : 'no';
  if (count !== 'no' && arities.includes(count)) return;
  const right = arities.join(' or ');
  throw new HostError('STORE_CORRUPT', `${what} in the store has ${count} fields, not ${right}`);
};

/** The same where the first field says of which type the tuple is. */
const checkTyped = (
  what: string,
  tuple: readonly FrameValue[],
  arities: Readonly<Record<number, readonly number[]>>,
): void => {
  const [type] = tuple;
  const right = typeof type === 'number' ? arities[type] : undefined;
  if (right !== undefined) return checkArity(`${what} of type ${String(type)}`, tuple, right);
  throw new HostError('STORE_CORRUPT', `${what} in the store is of no type: ${String(type)}`);
};

/** How many fields there may be; or how many there are for each value of the first field. */
type Arities<T extends readonly FrameValue[]> =
  | readonly T['length'][]
  | Readonly<Record<number, readonly T['length'][]>>;

const isList = <T extends readonly FrameValue[]>(
  arities: Arities<T>,
): arities is readonly T['length'][] => Array.isArray(arities);

/**
 * A codec over frames of so many fields: `toTuple` and `fromTuple` must be inverse. `decode` throws
 * HostError STORE_CORRUPT for another number of fields. `weigh`: of values that hold data of vats.
 */
export const frameCodec = <V, T extends readonly FrameValue[]>(
  what: string,
  arities: Arities<T>,
  toTuple: (value: V) => T,
  fromTuple: (tuple: T) => V,
  weigh?: (value: V) => number,
): RowCodec<V> => ({
  ...(weigh && { weigh }),
  encode: value => packFrame(toTuple(value)),
  decode: bytes => {
    const tuple = unpackFrame(bytes);
    if (isList(arities)) checkArity(what, tuple, arities);
    else checkTyped(what, tuple, arities);
    return fromTuple(tuple as T);
  },
});

/** About how many bytes of memory data takes, with the references that it mentions. */
export const dataWeight = (body: Uint8Array | null, slots: readonly unknown[]): number =>
  (body?.length ?? 0) + slots.length * REFERENCE_WEIGHT;

/** The row is the tuple. */
export const same = <V extends readonly FrameValue[]>(
  what: string,
  arity: V['length'],
): RowCodec<V> =>
  frameCodec<V, V>(
    what,
    [arity],
    v => v,
    v => v,
  );

/** The row is the one field of the tuple. */
export const single = <V extends FrameValue>(what: string): RowCodec<V> =>
  frameCodec<V, readonly [V]>(
    what,
    [1],
    v => [v],
    ([v]) => v,
  );
