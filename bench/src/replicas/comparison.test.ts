/** What counts as a difference between two replicas. */
import { expect, test } from 'vitest';
import { firstDifference } from './comparison.js';

const hashes = (...values: string[]): Map<number, string> =>
  new Map(values.map((value, i) => [i + 1, value]));
const all = { from: 1, last: 3 };

test('comparison: all blocks alike -> none', () => {
  expect(firstDifference(hashes('a', 'b', 'c'), hashes('a', 'b', 'c'), all)).toBeNull();
});

test('comparison: two blocks differ -> the first of them', () => {
  const found = firstDifference(hashes('a', 'b', 'c'), hashes('a', 'x', 'y'), all);
  expect(found).toEqual({ block: 2, expected: 'b', found: 'x' });
});

test('comparison: a block is missing in either -> that is a difference', () => {
  const short = firstDifference(hashes('a', 'b', 'c'), hashes('a', 'b'), all);
  expect(short).toEqual({ block: 3, expected: 'c', found: null });
  expect(firstDifference(hashes(), hashes(), all)).toMatchObject({ block: 1 });
});

test('comparison: blocks before `from` -> not looked at', () => {
  const later = { from: 2, last: 3 };
  const joined = new Map([...hashes('', 'b', 'c')].slice(1));
  expect(firstDifference(hashes('a', 'b', 'c'), joined, later)).toBeNull();
});
