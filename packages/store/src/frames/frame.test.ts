import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAME_DEPTH_MAX, packFrame, unpackFrame, type FrameValue } from './frame.js';

const leaf: fc.Arbitrary<FrameValue> = fc.oneof(
  fc.maxSafeInteger().map((n) => n + 0),
  fc.constantFrom(0, -1, 127, 128, -32, -33, 255, 256, 65_535, 65_536, 2 ** 31, -(2 ** 31),
    -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 53 - 1, -(2 ** 53) + 1),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'binary-ascii', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
);
const frame = fc.letrec<{ tuple: FrameValue[]; value: FrameValue }>((tie) => ({
  tuple: fc.array(tie('value'), { maxLength: 20 }),
  value: fc.oneof({ maxDepth: 4 }, leaf, tie('tuple')),
})).tuple;

test('frame: any tuple -> unpacks equal, packs to the same bytes again', () => {
  fc.assert(fc.property(frame, (tuple) => {
    const packed = packFrame(tuple);
    const unpacked = unpackFrame(packed);
    expect(unpacked).toEqual(tuple);
    expect(packFrame(unpacked)).toEqual(packed);
    expect(unpackFrame(Buffer.from(packed))).toEqual(tuple);
  }), { numRuns: 500 });
});

test('frame: known tuples -> these bytes', () => {
  const hex = (tuple: readonly FrameValue[]): string =>
    Buffer.from(packFrame(tuple)).toString('hex');
  expect(hex([1, -1, null, true, 'ab', new Uint8Array([7]), []])).toBe('9701ffc0c3a26162c4010790');
  expect(hex([2 ** 32])).toBe('91cb41f0000000000000');
  expect(hex([-0])).toBe('9100');
});

test('frame: packed -> owns its buffer; unpacked bytes -> plain views of the input', () => {
  const packed = packFrame([new Uint8Array([1, 2])]);
  expect(packed.buffer.byteLength).toBe(packed.length);
  expect(Buffer.isBuffer(packed)).toBe(false);
  const [view] = unpackFrame(Buffer.from(packed));
  expect(view).toBeInstanceOf(Uint8Array);
  expect(Buffer.isBuffer(view)).toBe(false);
  const [own] = unpackFrame(packed);
  packed[packed.length - 1] = 9;
  expect(own).toEqual(new Uint8Array([1, 9]));
});

test('frame: values outside the subset -> refused both ways', () => {
  const bad: unknown[] = [0.5, NaN, Infinity, 2 ** 53, 1n, undefined, 'é', '\ud800', {}, new Map(),
    new Date(0), Symbol('x'), new Float64Array(1), new ArrayBuffer(1)];
  for (const value of bad) expect(() => packFrame([value] as FrameValue[])).toThrow(/frame/);
  expect(() => packFrame('x' as unknown as FrameValue[])).toThrow(/tuple/);
  const foreign = ['01', '80', '9180', '91cb3fe0000000000000', '91d6ff00000000', '91a2c3a9', '92',
    '910101', '', '91c1', '91cf0020000000000000'];
  for (const hex of foreign) {
    expect(() => unpackFrame(Buffer.from(hex, 'hex')), hex).toThrow();
  }
  let deep: FrameValue[] = [];
  for (let depth = 0; depth <= FRAME_DEPTH_MAX; depth += 1) deep = [deep];
  expect(() => packFrame(deep)).toThrow(/deep/);
});

describe('a large tuple:', () => {
  const bytes = new Uint8Array(1_000_000).fill(7);

  test('bytes -> its own buffer, which is hardly larger', () => {
    const packed = packFrame([1, bytes]);
    expect(packed.length).toBe(bytes.length + 7);
    expect(packed.buffer.byteLength - packed.length).toBeLessThan(packed.length / 8);
    const [, unpacked] = unpackFrame(packed);
    expect(Buffer.compare(unpacked as Uint8Array, bytes)).toBe(0);
  });

  test('many small values -> exactly its own bytes', () => {
    const packed = packFrame(Array.from({ length: 20_000 }, (_, i) => i % 100));
    expect(packed.buffer.byteLength).toBe(packed.length);
  });

  test('a small tuple behind it -> shares nothing with it', () => {
    const large = packFrame([bytes]);
    const small = packFrame([bytes.subarray(0, 9)]);
    expect(small.buffer.byteLength).toBe(small.length);
    expect(small.buffer).not.toBe(large.buffer);
    expect(Buffer.compare(unpackFrame(large)[0] as Uint8Array, bytes)).toBe(0);
  });
});
