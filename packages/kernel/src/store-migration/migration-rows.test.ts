import type { ReadView } from '@heirloom/store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MigrationRows } from './migration-rows.js';

type Rows = ReadonlyMap<string, Uint8Array>;

const viewOf = (rows: Rows): ReadView => ({
  get: (_table, key) => rows.get(key),
  keysAfter: (_table, after, end, limit) =>
    [...rows.keys()]
      .filter(key => key > after && key < end)
      .sort()
      .slice(0, limit),
});

const anyKey = fc.constantFrom(...'abcdefgh');
const anyValue = fc.uint8Array({ maxLength: 2 });
const anyWrites = fc.array(fc.tuple(anyKey, fc.option(anyValue, { nil: undefined })));

test('rows over a store: reads and ranges -> as if all had been written', () => {
  const anyRows = fc.array(fc.tuple(anyKey, anyValue));
  fc.assert(
    fc.property(anyRows, anyWrites, anyKey, anyKey, fc.nat(9), (stored, writes, a, b, limit) => {
      const rows = new MigrationRows(viewOf(new Map(stored)));
      const model = new Map(stored);
      for (const [key, value] of writes) {
        rows.set('kernel', key, value);
        if (value === undefined) model.delete(key);
        else model.set(key, value);
      }
      const expected = viewOf(model);
      expect(rows.keysAfter('kernel', a, b, limit)).toEqual(
        expected.keysAfter('kernel', a, b, limit),
      );
      for (const key of 'abcdefgh') expect(rows.get('kernel', key)).toEqual(model.get(key));
      const changed = new Map(rows.changes().map(({ key, value }) => [key, value]));
      expect(changed).toEqual(new Map(writes));
    }),
  );
});

test('many rows that a step deletes -> the store is read a chunk at a time', () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(6, '0'));
  const stored = viewOf(new Map(keys.map(key => [key, Uint8Array.of(1)])));
  const rows = new MigrationRows({
    ...stored,
    keysAfter: (table, after, end, limit) => {
      expect(limit).toBeLessThanOrEqual(4_096);
      return stored.keysAfter(table, after, end, limit);
    },
  });
  for (const key of keys.slice(0, -2)) rows.set('kernel', key, undefined);
  expect(rows.keysAfter('kernel', '', '~', 9)).toEqual(keys.slice(-2));
});

test('rows of one table -> nothing of another', () => {
  const rows = new MigrationRows(viewOf(new Map()));
  rows.set('kernel', 'a', Uint8Array.of(1));
  expect(rows.get('meta', 'a')).toBeUndefined();
  expect(rows.keysAfter('meta', '', '~', 9)).toEqual([]);
});
