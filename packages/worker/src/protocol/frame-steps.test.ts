/** Long frames, packed in steps, against the store's. */
import { packFrame, type FrameValue } from '@heirloom/store/frame';
import { atOnce } from '@heirloom/store/steps';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packingTuple } from './frame-steps.js';

const same = (tuple: readonly FrameValue[]): boolean =>
  Buffer.compare(atOnce(packingTuple(tuple)), packFrame(tuple)) === 0;

const { frames } = fc.letrec<{ frame: FrameValue; frames: readonly FrameValue[] }>(tie => ({
  frame: fc.oneof(
    { maxDepth: 5 },
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: fc.constantFrom(...'op+-/:019'), maxLength: 40 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(0xffff, 0x1_0000, 700_000).map(length => new Uint8Array(length).fill(5)),
    tie('frames'),
  ),
  frames: fc.array(tie('frame'), { maxLength: 40 }),
}));

test('any tuple -> the bytes of packFrame', () => {
  fc.assert(fc.property(frames, tuple => same(tuple)), { numRuns: 60 });
  expect(same([new Uint8Array(0xffff), new Uint8Array(0x1_0000)])).toBe(true);
});

const row = (n: number): FrameValue[] => [new Uint8Array(12).fill(n), n % 3 ? null : 'x', n, 7];

test('many rows, and long ones -> the same bytes, with steps', () => {
  const rows = Array.from({ length: 70_000 }, (_, n) => row(n));
  const long = Array.from({ length: 3 }, () => [new Uint8Array(1_500_000).fill(1), 3]);
  const tuple = [2, 'v1', rows, [], long];
  expect(same(tuple)).toBe(true);
  expect([...packingTuple(tuple)].length).toBeGreaterThan(200);
  expect([...packingTuple([2, 'v1', rows.slice(0, 9)])].length).toBeLessThan(4);
});

test('what no frame can hold -> refused', () => {
  for (const wrong of [0.5, 'ä', undefined, {}]) {
    const tuple = [1, Array.from({ length: 40 }, () => wrong as FrameValue)];
    expect(() => atOnce(packingTuple(tuple))).toThrow(/frame:/);
  }
  let deep: FrameValue = [];
  for (let n = 0; n < 20; n += 1) deep = [deep, new Uint8Array(70_000)];
  expect(() => atOnce(packingTuple([deep]))).toThrow(/nested too deeply/);
});
