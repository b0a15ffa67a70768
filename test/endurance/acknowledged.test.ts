/** What a kernel may say after a kill. */
import { expect, test } from 'vitest';
import { Acknowledged } from './acknowledged.js';

test('endurance: each process, also the last -> may open one block further, and no other', () => {
  const kernel = new Acknowledged('store', 10);
  kernel.begin();
  expect(kernel.open(10)).toBe(false);
  // It moves to another store: the same process knows what it has done.
  expect(kernel.open(10)).toBe(false);
  expect(() => kernel.open(11)).toThrow('opened at 11, acknowledged is 10');
  kernel.begin();
  expect(() => kernel.open(9)).toThrow('opened at 9, acknowledged is 10');
  expect(() => kernel.open(12)).toThrow('opened at 12, acknowledged is 10');
  expect(kernel.open(11)).toBe(true);
  kernel.begin();
  expect(kernel.open(12)).toBe(true);
});
