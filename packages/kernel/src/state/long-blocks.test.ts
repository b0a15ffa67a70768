/** Blocks that change very many rows: what is left of a range is read a chunk at a time. */
import {
  heightAfter, MemoryPlace, prefixEnd, preimageKey, Store, vatstoreKey, type ReadView,
} from '@heirloom/store';
import { FIRST_INCARNATION, spaceOf, vatNumberFrom, type Spaces } from '@heirloom/worker';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AppendRows } from './append-rows.js';
import { Journal } from './journal.js';
import { ranges } from './kernel-keys.js';
import { KernelTable } from './kernel-table.js';
import { RowTable } from './row-table.js';
import { firstOf } from './scan.js';

/** More than any chunk that is read. */
const MANY = 10_000;
const AT_ONCE_MAX = 4_096;
const [VAT, OTHER] = [vatNumberFrom(1), vatNumberFrom(2)];
const [SPACE, BELOW] = [spaceOf(VAT), spaceOf(OTHER)];
const SPACES: Spaces = [SPACE];
const WRITER = { vat: VAT, incarnation: FIRST_INCARNATION, spaces: SPACES, own: 1 };
const BYTES = Uint8Array.of(7);
const COUNTER_BYTES = 6;

const keyOf = (n: number): string => String(n).padStart(COUNTER_BYTES, '0');
const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => keyOf(from + i));

/** A view that refuses to read more than a chunk. */
const viewOf = (store: Store): ReadView => ({
  get: (table, key) => store.get(table, key),
  keysAfter: (table, after, end, limit) => {
    expect(limit).toBeLessThanOrEqual(AT_ONCE_MAX);
    return store.keysAfter(table, after, end, limit);
  },
});

interface Changed {
  changes(into: Parameters<RowTable['changes']>[0]): void;
  committed(): void;
}

const commit = async (store: Store, table: Changed): Promise<void> => {
  const changes: Parameters<RowTable['changes']>[0] = [];
  table.changes(changes);
  await store.commit({ height: heightAfter(store.head.height), changes, unhashed: [] });
  table.committed();
};

const openStore = async (): Promise<Store> => {
  const store = await Store.openAt(new MemoryPlace(), { readersMax: 8 });
  onTestFinished(() => store.close());
  return store;
};

describe('rows of vats', () => {
  const rowsOver = async () => {
    const store = await openStore();
    const table = new RowTable(viewOf(store), new Journal());
    const write = (written: readonly string[], bytes: Uint8Array | null): void => {
      for (const key of written) table.write(WRITER, key, bytes);
    };
    write(keys(0, MANY), BYTES);
    await commit(store, table);
    return { table, write };
  };

  test('a block that deletes many -> the rest is found, counted, moved, copied', async () => {
    const { table, write } = await rowsOver();
    const left = keys(MANY - 3, MANY);
    write(keys(0, MANY - 3), null);
    expect(table.isEmpty(SPACE)).toBe(false);
    expect(table.countUpTo(SPACE, 10)).toBe(3);
    expect(table.copy(SPACE, BELOW, '', 2)).toEqual(left.slice(0, 2));
    expect(table.copy(SPACE, BELOW, left[1]!, 2)).toEqual(left.slice(2));
    expect(table.sink([SPACE, BELOW], 0, 1)).toBe(1);
    expect(table.forgetSpace(SPACE, MANY)).toBe(2);
    expect(table.isEmpty(SPACE)).toBe(true);
    expect(table.forgetSpace(BELOW, MANY)).toBe(3);
  });

  test('a block that writes many -> the first of them go first, then those that are stored',
    async () => {
      const { table, write } = await rowsOver();
      write(keys(MANY, 2 * MANY).reverse(), BYTES);
      expect(table.forgetSpace(SPACE, 2)).toBe(2);
      expect(table.has([SPACE], keyOf(MANY + 1))).toBe(false);
      expect(table.has([SPACE], keyOf(MANY + 2))).toBe(true);
      expect(table.forgetSpace(SPACE, MANY)).toBe(MANY);
      expect(table.has([SPACE], keyOf(1))).toBe(false);
      expect(table.has([SPACE], keyOf(2))).toBe(true);
      expect(table.forgetSpace(SPACE, 3 * MANY)).toBe(MANY - 2);
      expect(table.isEmpty(SPACE)).toBe(true);
    });

  test('rows that are made suffice -> the store is not read', async () => {
    const store = await openStore();
    const view: ReadView = { ...viewOf(store), keysAfter: () => expect.unreachable() };
    const table = new RowTable(view, new Journal());
    for (const key of keys(0, 9)) table.write(WRITER, key, BYTES);
    expect(table.countUpTo(SPACE, 9)).toBe(9);
    expect(table.forgetSpace(SPACE, 4)).toBe(4);
  });
});

test('rows that are written once: a block that removes many -> the rest is found', async () => {
  const store = await openStore();
  const rows = new AppendRows(viewOf(store), 'preimage', new Journal());
  const range = ranges.preImages(VAT, FIRST_INCARNATION);
  for (const key of keys(0, MANY)) {
    rows.add(preimageKey(VAT, FIRST_INCARNATION, SPACE, key), BYTES);
  }
  await commit(store, rows);
  expect(rows.remove(range, MANY - 3)).toBe(MANY - 3);
  rows.add(preimageKey(VAT, FIRST_INCARNATION, SPACE, keyOf(MANY)), BYTES);
  expect(rows.remove(range, 2)).toBe(2);
  expect(rows.remove(range, MANY)).toBe(2);
  expect(rows.remove(range, MANY)).toBe(0);
});

test('rows of the kernel: a block that deletes many -> the rest is found', async () => {
  const store = await openStore();
  const prefix = vatstoreKey(SPACE, '');
  const table = new KernelTable<number, Uint8Array>({
    ...{ view: viewOf(store), table: 'kernel', journal: new Journal() },
    codec: { encode: bytes => bytes, decode: bytes => bytes },
    spell: n => prefix + keyOf(n),
    parse: key => Number(key.slice(prefix.length)),
  });
  const range = { prefix, end: prefixEnd(prefix) };
  for (let n = 0; n < MANY; n += 1) table.create(n, BYTES);
  await commit(store, table);
  for (let n = 0; n < MANY - 3; n += 1) table.delete(n);
  table.create(MANY, BYTES);
  table.set(MANY - 1, BYTES);
  expect(table.has(range)).toBe(true);
  expect(table.keys(range, 2)).toEqual([MANY - 3, MANY - 2]);
  expect(table.keys(range, MANY)).toEqual([MANY - 3, MANY - 2, MANY - 1, MANY]);
  expect(table.keys(range, MANY, prefix + keyOf(MANY - 2))).toEqual([MANY - 1, MANY]);
});

test.each([0, 1, 7, MANY])('the first %d of many keys -> as if all were sorted', limit => {
  const sorted = keys(0, MANY);
  const mixed = sorted.map((_, i) => sorted[(i * 7_919) % MANY]!);
  for (const order of [sorted, [...sorted].reverse(), mixed]) {
    expect(firstOf(order, limit)).toEqual(sorted.slice(0, limit));
  }
});
