import { expect, test } from 'vitest';
import { hasSum, putSum, SUM_BYTES, summedValue } from './row-sums.js';

const VALUE = Uint8Array.of(0x91, 7, 0, 255);

const stored = (): Buffer => {
  const bytes = Buffer.alloc(SUM_BYTES + VALUE.length);
  putSum('kernel', 'key', VALUE, bytes);
  bytes.set(VALUE, SUM_BYTES);
  return bytes;
};

test('row sums: put on and taken off -> the value, as plain bytes', () => {
  expect(hasSum(stored())).toBe(true);
  const value = summedValue('kernel', 'key', stored());
  expect(value).toEqual(VALUE);
  expect(value?.constructor).toBe(Uint8Array);
});

test('row sums: any one bit, behind the mark -> does not fit', () => {
  for (let bit = 8; bit < stored().length * 8; bit += 1) {
    const bytes = stored();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(summedValue('kernel', 'key', bytes), `bit ${bit}`).toBeUndefined();
  }
});

test('row sums: the row of another key or table -> does not fit', () => {
  expect(summedValue('kernel', 'kez', stored())).toBeUndefined();
  expect(summedValue('local', 'key', stored())).toBeUndefined();
});

test('row sums: no value -> fits; fewer bytes than a checksum -> has none', () => {
  const bytes = Buffer.alloc(SUM_BYTES);
  putSum('vatstore', 'key', new Uint8Array(0), bytes);
  expect(summedValue('vatstore', 'key', bytes)).toEqual(new Uint8Array(0));
  expect(hasSum(bytes.subarray(0, 4))).toBe(false);
});
