/** Kernel rows against a naive model: plain maps, and a copy of them for each rollback. */
import { packFrame, prefixEnd, unpackFrame, type BinaryKey, type Store } from '@heirloom/store';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { commitTables, openTestStore } from '../testing/test-store.js';
import { Journal } from './journal.js';
import { CACHED_ROW_BYTES_MAX, KernelTable, ROW_WEIGHT } from './kernel-table.js';

const KEYS = 7;
const RUNS = amount({ quick: 80, thorough: 300 });
const key = fc.nat(KEYS - 1);
const value = fc.nat(99);
const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant('create' as const), key, value }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('set' as const), key, value }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('delete' as const), key }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;
const crank = fc.record({ operations: fc.array(operation, { maxLength: 8 }), fails: fc.boolean() });
type Crank = typeof crank extends fc.Arbitrary<infer T> ? T : never;
/** Blocks of cranks of operations. */
const blocks = fc.array(fc.array(crank, { maxLength: 5 }), { minLength: 1, maxLength: 5 });

interface Model {
  readonly rows: Map<number, number>;
  /** What the block did to each key that it touched, since the key was made up. */
  readonly log: Map<number, Operation['op'][]>;
}
const copyOf = ({ rows, log }: Model): Model => structuredClone({ rows, log });

const makeTable = (store: Store, run: number, cacheRowsMax = 2) => {
  const prefix: BinaryKey = Buffer.from(`test${run}/`, 'ascii').toString('latin1');
  const journal = new Journal();
  const table = new KernelTable<number, number>({
    view: store,
    table: 'kernel',
    journal,
    codec: {
      encode: n => packFrame([n]),
      decode: bytes => unpackFrame(bytes)[0] as number,
    },
    spell: n => prefix + String.fromCharCode(n),
    parse: spelled => spelled.charCodeAt(prefix.length),
    cacheRowsMax,
  });
  return { journal, table, prefix, range: { prefix, end: prefixEnd(prefix) } };
};
type Made = ReturnType<typeof makeTable>;

/** Rows that weigh what they are long. */
const weighedTable = (store: Store, onRead: () => void) => {
  const prefix: BinaryKey = 'test';
  const journal = new Journal();
  const table = new KernelTable<number, Uint8Array>({
    ...{ view: store, table: 'kernel', journal },
    codec: {
      encode: bytes => bytes,
      decode: bytes => {
        onRead();
        return bytes;
      },
      weigh: bytes => bytes.length,
    },
    spell: n => prefix + String.fromCharCode(n),
  });
  return { journal, table };
};

const isPossible = (model: Model, { op, key: at }: Operation): boolean =>
  op === 'create' ? !model.rows.has(at) : op !== 'delete' || model.rows.has(at);

const applyToModel = (model: Model, operation: Operation): void => {
  const { op, key: at } = operation;
  const log = [...(model.log.get(at) ?? []), op];
  model.log.set(at, log);
  if (op !== 'delete') model.rows.set(at, operation.value);
  else {
    model.rows.delete(at);
    if (log[0] === 'create') model.log.delete(at);
  }
};

const applyToTable = ({ table }: Made, operation: Operation): void => {
  if (operation.op === 'create') table.create(operation.key, operation.value);
  else if (operation.op === 'set') table.set(operation.key, operation.value);
  else table.delete(operation.key);
};

const expectSame = ({ table, range }: Made, { rows }: Model): void => {
  for (let at = 0; at < KEYS; at += 1) expect(table.get(at)).toBe(rows.get(at));
  const keys = [...rows.keys()].sort();
  expect([...table.scan(range)]).toEqual(keys);
  expect(table.has(range)).toBe(keys.length > 0);
  for (let limit = 0; limit <= KEYS; limit += 3) {
    expect(table.keys(range, limit)).toEqual(keys.slice(0, limit));
    const after = String.fromCharCode(limit);
    const later = keys.filter(at => at > limit).slice(0, 2);
    expect(table.keys(range, 2, range.prefix + after)).toEqual(later);
  }
};

const runCranks = (made: Made, before: Model, cranks: readonly Crank[]): Model => {
  let model = before;
  for (const { operations, fails } of cranks) {
    const kept = copyOf(model);
    const mark = made.journal.mark();
    for (const operation of operations) {
      if (!isPossible(model, operation)) continue;
      applyToModel(model, operation);
      applyToTable(made, operation);
    }
    expectSame(made, model);
    if (fails) {
      made.journal.rollback(mark);
      model = kept;
      expectSame(made, model);
    } else made.journal.clear();
  }
  return model;
};

describe('kernel table', { tags: ['sized'] }, () => {
  test('random cranks, rollbacks and blocks -> as in plain maps, and only traces', async () => {
    const store = await openTestStore();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(blocks, async input => {
        const made = makeTable(store, (run += 1));
        let model: Model = { rows: new Map(), log: new Map() };
        for (const cranks of input) {
          model = runCranks(made, model, cranks);
          const changes = await commitTables(store, made.table);
          const touched = [...model.log.keys()].sort();
          expect(changes.map(change => change.key.charCodeAt(made.prefix.length))).toEqual(touched);
          expect(changes.map(({ value: bytes }) => bytes && unpackFrame(bytes)[0])).toEqual(
            touched.map(at => model.rows.get(at)),
          );
          model.log.clear();
          expectSame(made, model);
          expectSame(makeTable(store, run), model);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('created and deleted in one block -> no trace; set and deleted -> a tombstone', async () => {
    const store = await openTestStore();
    const { table } = makeTable(store, 0);
    table.create(1, 10);
    table.set(1, 11);
    table.delete(1);
    expect([table.get(1), table.dirtyCount]).toEqual([undefined, 0]);
    table.set(2, 20);
    table.delete(2);
    expect(await commitTables(store, table)).toMatchObject([{ value: undefined }]);
  });

  test('deleted and created again in one block -> a change, not a new row', async () => {
    const store = await openTestStore();
    const { table } = makeTable(store, 0);
    table.create(1, 10);
    expect(await commitTables(store, table)).toHaveLength(1);
    table.delete(1);
    table.create(1, 11);
    table.delete(1);
    expect(await commitTables(store, table)).toMatchObject([{ value: undefined }]);
    expect(table.get(1)).toBeUndefined();
  });

  test('a row that is written with the value it had -> takes part in the block', async () => {
    const store = await openTestStore();
    const { table } = makeTable(store, 0);
    table.create(1, 10);
    const first = await commitTables(store, table);
    table.set(1, 10);
    expect(await commitTables(store, table)).toEqual(first);
  });

  test('bytes of changed rows -> those that are there, also after a rollback', async () => {
    const store = await openTestStore();
    const { journal, table } = weighedTable(store, () => undefined);
    table.create(1, new Uint8Array(50));
    const mark = journal.mark();
    table.set(1, new Uint8Array(7));
    table.create(2, new Uint8Array(9));
    expect(table.dirtyBytes).toBe(2 * ROW_WEIGHT + 16);
    table.delete(2);
    expect(table.dirtyBytes).toBe(ROW_WEIGHT + 7);
    journal.rollback(mark);
    expect(table.dirtyBytes).toBe(ROW_WEIGHT + 50);
    journal.clear();
    await commitTables(store, table);
    expect(table.dirtyBytes).toBe(0);
  });

  test.each([
    ['light rows', 1_000, 10, 10],
    ['as much as there is room for', CACHED_ROW_BYTES_MAX - ROW_WEIGHT, 8, 8],
    ['more than there is room for', CACHED_ROW_BYTES_MAX - ROW_WEIGHT, 60, 120],
    ['heavy rows', CACHED_ROW_BYTES_MAX, 3, 6],
  ])('%s, asked for twice -> read so often', async (_title, bytes, rows, reads) => {
    const store = await openTestStore();
    let read = 0;
    const { table } = weighedTable(store, () => (read += 1));
    for (let at = 1; at <= rows; at += 1) table.create(at, new Uint8Array(bytes));
    await commitTables(store, table);
    for (let round = 0; round < 2; round += 1) {
      for (let at = 1; at <= rows; at += 1) expect(table.get(at)).toHaveLength(bytes);
    }
    expect(read).toBe(reads);
  });

  test('create of a row that the block has, need of one that is not -> errors', async () => {
    const { table } = makeTable(await openTestStore(), 0);
    table.create(1, 10);
    expect(() => table.create(1, 11)).toThrow('kernel: row 1 exists');
    const missing = { code: 'STORE_CORRUPT', table: 'kernel' };
    expect(() => table.need(2)).toThrow(expect.objectContaining(missing));
    table.delete(1);
    table.set(3, 10);
    table.delete(3);
    expect(() => table.need(3)).toThrow('kernel: no row 3');
  });
});
