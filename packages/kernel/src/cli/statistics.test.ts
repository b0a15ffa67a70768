/** Percentiles against cases worked out by hand. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentile } from './statistics.js';

test('percentile: nearest rank -> a measured value', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, 50)).toBe(50);
  expect(percentile(values, 99)).toBe(99);
  expect(percentile(values, 100)).toBe(100);
  expect(percentile([7], 1)).toBe(7);
});

test('percentile: any values and ranks -> one of the values, rising with the rank', () => {
  const values = fc.array(fc.integer(), { minLength: 1 });
  const rank = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(values, rank, rank, (sample, one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      expect(sample).toContain(percentile(sample, low));
      expect(percentile(sample, low)).toBeLessThanOrEqual(percentile(sample, high));
    }),
  );
});

test('percentile: nothing, NaN, a rank out of range -> RangeError', () => {
  expect(() => percentile([], 50)).toThrow(RangeError);
  expect(() => percentile([1, Number.NaN], 50)).toThrow(RangeError);
  expect(() => percentile([1], 0)).toThrow(RangeError);
  expect(() => percentile([1], 101)).toThrow(RangeError);
});
