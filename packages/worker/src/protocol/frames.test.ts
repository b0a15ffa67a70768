/** Our frames against msgpackr's. */
import { unpackFrame } from '@heirloom/store/frame';
import {
  FRAME_DEPTH_MAX,
  FrameWriter,
  packFrame,
  type FrameValue,
} from '@heirloom/store/frame-writer';
import { keyBytes } from '@heirloom/store/keys';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Packr } from 'msgpackr';
import { unpackTuple } from './frame-reader.js';

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });
const packedByMsgpackr = (tuple: readonly FrameValue[]): Uint8Array =>
  new Uint8Array(packr.pack(tuple));

const EDGES = [
  0, 1, 0x1f, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 2 ** 31, 2 ** 32 - 1, 2 ** 32,
];
const integers = fc.oneof(
  fc.constantFrom(...EDGES, ...EDGES.map(n => -n - 1), Number.MAX_SAFE_INTEGER),
  fc.maxSafeInteger(),
);
const ascii = fc.string({ unit: fc.constantFrom(...'op+-/:019 azAZ\x00\x7f'), maxLength: 300 });
const { frames } = fc.letrec<{ frame: FrameValue; frames: readonly FrameValue[] }>(tie => ({
  frame: fc.oneof(
    { maxDepth: 8 },
    integers,
    fc.boolean(),
    fc.constant(null),
    ascii,
    fc.uint8Array({ maxLength: 300 }),
    tie('frames'),
  ),
  frames: fc.array(tie('frame'), { maxLength: 20 }),
}));

describe('frames', () => {
  it('any tuple -> packed and unpacked as the store does', () => {
    fc.assert(
      fc.property(frames, tuple => {
        const packed = packFrame(tuple);
        expect(packed).toEqual(packedByMsgpackr(tuple));
        expect(unpackTuple(packed)).toEqual(unpackFrame(packed));
      }),
    );
  });

  it('long bytes, strings and arrays -> as the store does', () => {
    for (const length of [0xff, 0x100, 0xffff, 0x1_0000, 200_000]) {
      const tuple = [new Uint8Array(length).fill(7), 'x'.repeat(length), Array(length).fill(1)];
      const packed = packFrame(tuple);
      expect(Buffer.compare(packed, packedByMsgpackr(tuple))).toBe(0);
      expect(unpackTuple(packed)).toEqual(tuple);
    }
  });

  it('lengths left open -> what the store takes for the same tuple', () => {
    const writer = new FrameWriter();
    writer.arrayHeader(2);
    const array = writer.beginArray();
    const bytes = writer.beginBytes();
    writer.value([1, 'a']);
    writer.endBytes(bytes);
    writer.endArray(array, 1);
    writer.integer(-5);
    const packed = writer.take();
    const tuple = [[packFrame([1, 'a'])], -5];
    expect(unpackFrame(packed)).toEqual(tuple);
    expect(unpackTuple(packed)).toEqual(tuple);
  });

  it('room for a large value at once -> its buffer is taken as it is', () => {
    const writer = new FrameWriter();
    const value = new Uint8Array(5_000_000).fill(7);
    writer.reserve(value.length + 160);
    writer.bytes(value);
    const taken = writer.take();
    expect(taken.length).toBe(value.length + 5);
    expect(taken.buffer.byteLength).toBe(value.length + 160);
    writer.integer(1);
    expect(writer.take()).toEqual(new Uint8Array([1]));
    expect(Buffer.compare(taken.subarray(5), value)).toBe(0);
  });

  it('a large value that grows step by step -> a buffer of just its size', () => {
    const writer = new FrameWriter();
    for (let n = 0; n < 5; n += 1) writer.bytes(new Uint8Array(1_000_000));
    const taken = writer.take();
    expect(taken.buffer.byteLength).toBe(taken.length);
  });

  it('a binary key -> the bytes that it stands for', () => {
    const writer = new FrameWriter();
    const key = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    writer.arrayHeader(1);
    writer.binaryKey(key);
    expect(writer.take()).toEqual(packFrame([keyBytes(key)]));
    expect(() => writer.binaryKey('\u0100')).toThrow('not binary');
  });

  it('what no frame holds -> refused, and the writer goes on', () => {
    const refused: unknown[] = [1.5, NaN, 2 ** 60, 'é', undefined, {}, 1n, Symbol.iterator];
    let deep: unknown[] = [];
    for (let i = 0; i < FRAME_DEPTH_MAX; i += 1) deep = [deep];
    for (const value of [...refused, deep]) {
      expect(() => packFrame([value as FrameValue])).toThrow('frame:');
    }
    expect(packFrame([1])).toEqual(packedByMsgpackr([1]));
  });

  it('bytes that are no whole frame -> refused', () => {
    const packed = packFrame([1, 'abc', new Uint8Array(40), [300, -300, null]]);
    for (let end = 0; end < packed.length; end += 1) {
      expect(() => unpackTuple(packed.subarray(0, end))).toThrow('frame:');
    }
    expect(() => unpackTuple(new Uint8Array([...packed, 0]))).toThrow('left over');
    expect(() => unpackTuple(new Uint8Array([7]))).toThrow('not a tuple');
    expect(() => unpackTuple(new Uint8Array([0x91, 0xc1]))).toThrow('lead byte');
    expect(() => unpackTuple(new Uint8Array([0x91, 0xa1, 0x80]))).toThrow('ASCII');
    expect(() => unpackTuple(new Uint8Array([0xdd, 255, 255, 255, 255]))).toThrow('truncated');
  });
});
