/** Codecs of rows that are one frame each: tuples of plain values. */
import { packFrame, unpackFrame, type FrameValue } from '@heirloom/store';
import type { RowCodec } from './kernel-table.js';

/** A codec over frames: `toTuple` and `fromTuple` must be inverse. */
export const frameCodec = <V, T extends readonly FrameValue[]>(
  toTuple: (value: V) => T,
  fromTuple: (tuple: T) => V,
): RowCodec<V> => ({
  encode: value => packFrame(toTuple(value)),
  decode: bytes => fromTuple(unpackFrame(bytes) as unknown as T),
});

/** The row is the tuple. */
export const same = <V extends readonly FrameValue[]>(): RowCodec<V> =>
  frameCodec<V, V>(
    v => v,
    v => v,
  );

/** The row is the one field of the tuple. */
export const single = <V extends FrameValue>(): RowCodec<V> =>
  frameCodec<V, readonly [V]>(
    v => [v],
    ([v]) => v,
  );
