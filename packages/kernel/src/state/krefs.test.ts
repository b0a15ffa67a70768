/** Krefs as people read them, and back. */
import { expect, test } from 'vitest';
import { objectKRef, parseKRef, promiseKRef, showKRef } from './krefs.js';

test.each([0, 1, 7, 10, 2 ** 32, 2 ** 48 - 1])('krefs: %d -> shown, and read as shown', n => {
  for (const kref of [objectKRef(n), promiseKRef(n)]) {
    expect(parseKRef(showKRef(kref))).toBe(kref);
  }
  expect(showKRef(objectKRef(n))).toBe(`ko${n}`);
});

test.each([
  ...['', 'k', 'ko', 'kp', 'ko00', 'ko01', 'ko-1', 'ko1.5', 'ko1 ', ' ko1', 'kx1', 'KO1', 'ko1e3'],
  ...['ko1ko2', 'ko1\n', `ko${2 ** 48}`, 'ko9999999999999999999'],
])('krefs: %j -> none', text => {
  expect(parseKRef(text)).toBe(undefined);
});
