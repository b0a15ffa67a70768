/** Medians and spread against cases worked out by hand. */
import { describe, expect, test } from 'vitest';
import { median, rounded, spread, spreadText, timesOf, timesText } from './statistics.js';

describe('statistics', () => {
  test('median: odd and even counts, any order -> the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([10, 9])).toBe(9.5);
  });

  test('spread: range over median', () => {
    expect(spread([90, 100, 110])).toBeCloseTo(0.2);
    expect(spread([5, 5])).toBe(0);
  });

  test('statistics: nothing, NaN -> RangeError', () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => median([1, Number.NaN])).toThrow(RangeError);
  });

  test('words beside a figure -> the spread with the rounds, the p99 with the count', () => {
    expect(spreadText([90, 100, 110])).toBe('spread 0.2, 3 rounds');
    const times = timesOf(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(times).toEqual({ p50: 100, p99: 198, count: 200 });
    expect(timesText(times)).toBe('p99 198, of 200');
  });

  test('rounded: three significant digits', () => {
    expect(rounded(12_345)).toBe(12_300);
    expect(rounded(0.012345)).toBe(0.0123);
  });
});
