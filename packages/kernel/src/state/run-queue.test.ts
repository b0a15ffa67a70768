/** What of a long run queue is in memory, and that nothing of it is lost: against the store. */
import { FIRST_VAT, type VatNumber } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { commitTables, openTestStore } from '../testing/test-store.js';
import { Journal } from './journal.js';
import { objectKRef, promiseKRef } from './krefs.js';
import { itemWeight, ItemType, type RunQueueItem } from './queue-items.js';
import { RunQueue } from './run-queue.js';

const MEGABYTE = 2 ** 20;
const FIRST = 100;

const message = (first: number, bytes: number, sender: VatNumber): RunQueueItem => {
  const body = new Uint8Array(bytes);
  body[0] = first;
  const target = objectKRef(20);
  return { type: ItemType.send, target, body, slots: [], result: undefined, sender };
};

const firstsIn = (queue: RunQueue): (number | undefined)[] =>
  [...queue.entries()].map(({ item }) => (item.type === ItemType.send ? item.body[0] : undefined));

test('items of more bytes than are kept -> in order, from the store', async () => {
  const store = await openTestStore();
  const options = { view: store, journal: new Journal(), weigh: itemWeight };
  const queue = new RunQueue(options);
  for (let n = 0; n < 40; n += 1) queue.append(FIRST + n, message(n, MEGABYTE, FIRST_VAT));
  expect(queue.dirtyBytes).toBeGreaterThan(40 * MEGABYTE);
  expect(queue.keptCount).toBe(40);
  await commitTables(store, queue);
  expect(queue.dirtyBytes).toBe(0);
  expect(queue.keptCount).toBe(15);
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  expect(firstsIn(queue)).toEqual(numbers);
  const opened = new RunQueue(options);
  expect(opened.keptCount).toBe(15);
  expect(firstsIn(opened)).toEqual(numbers);
  for (let n = 0; n < 20; n += 1) queue.remove(FIRST + n);
  queue.insert([message(50, 1, FIRST_VAT)], 1, FIRST + 40);
  expect(firstsIn(queue)).toEqual([20, 50, ...numbers.slice(21)]);
  expect([...(queue.lanes.get(FIRST_VAT)?.keys() ?? [])]).toEqual(
    [...queue.entries()].map(({ ordinal }) => ordinal),
  );
  await commitTables(store, queue);
  expect(firstsIn(queue)).toEqual([20, 50, ...numbers.slice(21)]);
});

test('a small body in a large frame -> is kept without it', async () => {
  const store = await openTestStore();
  const queue = new RunQueue({ view: store, journal: new Journal(), weigh: itemWeight });
  const frame = new Uint8Array(MEGABYTE);
  const small = { ...message(0, 1, FIRST_VAT), body: frame.subarray(0, 10) };
  const notify = { type: ItemType.notify, vat: FIRST_VAT, promise: promiseKRef(40) } as const;
  queue.append(FIRST, small as RunQueueItem);
  queue.append(FIRST + 1, notify);
  await commitTables(store, queue);
  const { item } = queue.entry(FIRST);
  expect(item.type === ItemType.send && item.body.buffer.byteLength).toBe(10);
  expect(queue.entry(FIRST + 1).item).toEqual(notify);
});

test('items replaced, moved and removed in a later block -> so in the store', async () => {
  const store = await openTestStore();
  const options = { view: store, journal: new Journal(), weigh: () => 0 };
  const queue = new RunQueue(options);
  for (let n = 0; n < 4; n += 1) queue.append(FIRST + n, message(n, 1, FIRST_VAT));
  expect(await commitTables(store, queue)).toHaveLength(4);
  queue.replace(FIRST, message(10, 1, FIRST_VAT));
  queue.remove(FIRST);
  queue.replace(FIRST + 1, message(11, 1, FIRST_VAT));
  queue.insert([message(12, 1, FIRST_VAT)], 1, FIRST + 4);
  queue.append(FIRST + 4, message(13, 1, FIRST_VAT));
  queue.remove(FIRST + 4);
  expect(firstsIn(queue)).toEqual([11, 12, 2, 3]);
  const changes = await commitTables(store, queue);
  expect(changes.map(({ value }) => value !== undefined)).toEqual([true, true]);
  expect(firstsIn(new RunQueue(options))).toEqual([11, 12, 2, 3]);
  for (const { ordinal } of [...queue.entries()]) queue.remove(ordinal);
  expect(await commitTables(store, queue)).toHaveLength(4);
  expect(new RunQueue(options).length).toBe(0);
});
