/**
 * Rows of vats against a naive model of rules.md#t2: a copy of everything when an incarnation
 * begins and before each crank; what a replay is shown must be the copy.
 */
import { atOnce, keyFromBytes, preimageKey, prefixEnd, vatstoreKey } from '@heirloom/store';
import type { RowChange, Store } from '@heirloom/store';
import {
  FIRST_INCARNATION,
  incarnationFrom,
  nextIncarnation,
  spaceFrom,
  spaceOf,
  vatNumberFrom,
  type Incarnation,
  type VatNumber,
} from '@heirloom/worker';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { commitTables, openTestStore } from '../testing/test-store.js';
import { Journal } from './journal.js';
import { ranges, type KeyRange } from './kernel-keys.js';
import { HEADER_BYTES, RowTable } from './row-table.js';

const KEYS = ['a', 'b', 'c', 'cc', 'd'];
const RUNS = amount({ quick: 100, thorough: 300 });
const END = 'z';

interface ModelRow {
  readonly text: string;
  readonly born: Incarnation;
  readonly written: Incarnation;
}
type Rows = Map<string, ModelRow>;
interface Model {
  readonly rows: Rows;
  /** Keys that the block wrote, or deleted where there was a row. */
  readonly touched: Set<string>;
  incarnation: Incarnation;
  /** The rows when the present incarnation began; those of them that it has changed. */
  began: Rows;
  changed: Set<string>;
}

/** `null` deletes. */
const write = fc.record({
  key: fc.constantFrom(...KEYS),
  text: fc.option(fc.constantFrom('', 'x', 'yy', 'zzz')),
});
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;
/** A crank may fail, and an upgrade is a crank. */
const crank = fc.record({
  upgrades: fc.boolean(),
  writes: fc.array(write, { maxLength: 6 }),
  fails: fc.boolean(),
});
type Crank = typeof crank extends fc.Arbitrary<infer T> ? T : never;
const blocks = fc.array(fc.array(crank, { maxLength: 5 }), { minLength: 1, maxLength: 6 });

const bytesOf = ({ text, born, written }: ModelRow): Uint8Array => {
  const bytes = Buffer.alloc(HEADER_BYTES + text.length);
  bytes.writeUInt32BE(born, 0);
  bytes.writeUInt32BE(written, 4);
  bytes.write(text, HEADER_BYTES, 'ascii');
  return new Uint8Array(bytes);
};

const emptyModel = (): Model => ({
  rows: new Map(),
  touched: new Set(),
  incarnation: FIRST_INCARNATION,
  began: new Map(),
  changed: new Set(),
});

const writeToModel = (model: Model, { key, text }: Write): void => {
  const { rows, touched, incarnation, began, changed } = model;
  const before = rows.get(key);
  if (text === null && before === undefined) return;
  touched.add(key);
  if (began.has(key)) changed.add(key);
  if (text === null) rows.delete(key);
  else rows.set(key, { text, born: before?.born ?? incarnation, written: incarnation });
};

const upgradeModel = (model: Model): void => {
  model.incarnation = nextIncarnation(model.incarnation);
  model.began = new Map(model.rows);
  model.changed = new Set();
};

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'ascii'));

class Bench {
  readonly journal = new Journal();
  readonly table: RowTable;
  readonly #store: Store;
  readonly #vat: VatNumber;
  model = emptyModel();
  /** Pre-images that must be in the store, by key. */
  readonly preImages = new Map<string, Uint8Array>();

  constructor(store: Store, vat: number) {
    this.#store = store;
    this.#vat = vatNumberFrom(vat);
    this.table = new RowTable(store, this.journal);
  }

  write(each: Write): void {
    const vat = this.#vat;
    const { incarnation } = this.model;
    const bytes = each.text === null ? null : toBytes(each.text);
    this.table.write({ vat, incarnation, spaces: [spaceOf(vat)], own: 1 }, each.key, bytes);
    writeToModel(this.model, each);
  }

  crank({ upgrades, writes, fails }: Crank): void {
    const kept = structuredClone(this.model);
    const mark = this.journal.mark();
    if (upgrades) {
      this.#expectPreImages();
      upgradeModel(this.model);
    }
    for (const each of writes) this.write(each);
    if (fails) {
      this.journal.rollback(mark);
      this.model = kept;
    } else this.journal.clear();
    this.#expectHandOver();
  }

  async commit(before: Rows): Promise<RowChange[]> {
    const { rows, touched } = this.model;
    this.#expectPreImages();
    const changes = await commitTables(this.#store, this.table, this.table.preImages);
    const space = changes.filter(({ table }) => table === 'vatstore');
    const traced = [...touched].filter(key => before.has(key) || rows.has(key)).sort();
    expect(space.map(({ key }) => key)).toEqual(traced.map(key => vatstoreKey(this.#vat, key)));
    for (const key of KEYS) this.#expectStored(key);
    expect(this.#storedPreImages()).toEqual([...this.preImages].sort());
    touched.clear();
    return changes;
  }

  /** Notes what the present incarnation must have left as pre-images so far. */
  #expectPreImages(): void {
    const { incarnation, began, changed } = this.model;
    for (const key of changed) {
      const at = preimageKey(this.#vat, incarnation, this.#vat, key);
      this.preImages.set(at, bytesOf(began.get(key)!));
    }
  }

  #storedPreImages(): [string, Uint8Array][] {
    const store = this.#store;
    const prefix = preimageKey(this.#vat, 0, 0, '').slice(0, 4);
    const keys = store.keysAfter('preimage', prefix, prefixEnd(prefix), 1000);
    return keys.map(key => [key, store.get('preimage', key)!]);
  }

  /** The stored row, and what a replay is shown: pre-image, else an older row, else nothing. */
  #expectStored(key: string): void {
    const { rows, began, incarnation } = this.model;
    const row = rows.get(key);
    const stored = this.#store.get('vatstore', vatstoreKey(this.#vat, key));
    expect(stored).toEqual(row === undefined ? undefined : bytesOf(row));
    const at = preimageKey(this.#vat, incarnation, this.#vat, key);
    const isOlder = row !== undefined && row.born < incarnation;
    const shown = this.#store.get('preimage', at) ?? (isOlder ? stored : undefined);
    const old = began.get(key);
    expect(shown).toEqual(old === undefined ? undefined : bytesOf(old));
  }

  #expectHandOver(): void {
    const { rows, touched } = this.model;
    const handed = atOnce(this.table.handingOver([spaceOf(this.#vat)]));
    expect(handed.map(([key]) => keyFromBytes(key))).toEqual([...touched].sort());
    for (const [key, value, born, written] of handed) {
      const row = rows.get(keyFromBytes(key));
      expect(value === null).toBe(row === undefined);
      if (row === undefined || value === null) continue;
      expect(bytesOf(row).subarray(HEADER_BYTES)).toEqual(new Uint8Array(value));
      expect([born, written]).toEqual([row.born, row.written]);
    }
  }
}

describe('row table', { tags: ['sized'] }, () => {
  test('random cranks, failures, upgrades and blocks -> headers and pre-images of T2', async () => {
    const store = await openTestStore();
    let vat = 0;
    await fc.assert(
      fc.asyncProperty(blocks, async input => {
        const bench = new Bench(store, (vat += 1));
        for (const cranks of input) {
          const before = new Map(bench.model.rows);
          for (const each of cranks) bench.crank(each);
          await bench.commit(before);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('created and deleted in one block -> no trace; deleted and created -> a row', async () => {
    const bench = new Bench(await openTestStore(), 1);
    bench.write({ key: 'a', text: 'x' });
    bench.write({ key: 'a', text: null });
    bench.write({ key: 'b', text: 'x' });
    const [change, ...more] = await bench.commit(new Map());
    expect([change!.key, more]).toEqual([vatstoreKey(1, 'b'), []]);
    const before = new Map(bench.model.rows);
    bench.write({ key: 'b', text: null });
    bench.write({ key: 'b', text: 'yy' });
    bench.write({ key: 'b', text: null });
    expect(await bench.commit(before)).toMatchObject([{ value: undefined }]);
  });

  test('an older row deleted since the last block -> the hand-over says by whom (T4)', async () => {
    const bench = new Bench(await openTestStore(), 2);
    bench.write({ key: 'a', text: 'x' });
    bench.crank({ upgrades: true, writes: [], fails: false });
    await bench.commit(new Map());
    bench.crank({ upgrades: false, writes: [{ key: 'a', text: null }], fails: false });
    const rows = atOnce(bench.table.handingOver([spaceFrom(2)]));
    const handed = rows.map(([key, ...row]) => [keyFromBytes(key), ...row]);
    expect(handed).toEqual([['a', null, 0, 1]]);
  });

  test('a whole space forgotten in steps -> tombstones for what was stored, no more', async () => {
    const store = await openTestStore();
    const bench = new Bench(store, 3);
    for (const key of KEYS) bench.write({ key, text: 'x' });
    await bench.commit(new Map());
    const { table } = bench;
    const space = spaceFrom(3);
    const vat = vatNumberFrom(3);
    const writer = { vat, incarnation: FIRST_INCARNATION, spaces: [space] as const, own: 1 };
    table.write(writer, 'new', toBytes('x'));
    table.write(writer, 'a', null);
    const counts = [2, 2, 2, 2].map(limit => table.forgetSpace(space, limit));
    expect(counts).toEqual([2, 2, 1, 0]);
    expect(table.forgetSpace(space, 0)).toBe(0);
    const changes = await commitTables(store, table, table.preImages);
    expect(changes.map(({ key }) => key)).toEqual(KEYS.map(key => vatstoreKey(3, key)));
    expect(changes.every(({ value }) => value === undefined)).toBe(true);
    const { prefix, end } = ranges.space(space);
    expect(store.keysAfter('vatstore', prefix, end, 10)).toEqual([]);
  });
});

describe('pre-images', () => {
  test('of ended incarnations -> removed in steps, without a trace of new ones', async () => {
    const store = await openTestStore();
    const bench = new Bench(store, 4);
    for (const key of KEYS) bench.write({ key, text: 'x' });
    await bench.commit(new Map());
    const crankOf = (writes: Write[]): Crank => ({ upgrades: true, writes, fails: false });
    const before = new Map(bench.model.rows);
    const firstTwo = crankOf([{ key: 'a', text: 'yy' }, { key: 'b', text: null }]);
    bench.crank(firstTwo);
    await bench.commit(before);
    bench.crank(crankOf([{ key: 'c', text: 'yy' }]));
    const { preImages } = bench.table;
    const rangeOf = (incarnation: number): KeyRange =>
      ranges.preImages(vatNumberFrom(4), incarnationFrom(incarnation));
    expect(preImages.remove(rangeOf(2), 10)).toBe(1);
    expect(preImages.remove(rangeOf(1), 1)).toBe(1);
    expect(preImages.remove(rangeOf(1), 10)).toBe(1);
    expect(preImages.remove(rangeOf(1), 10)).toBe(0);
    const changes = await commitTables(store, preImages);
    const keys = ['a', 'b'].map(key => preimageKey(4, 1, 4, key));
    expect(changes).toEqual(keys.map(key => ({ table: 'preimage', key, value: undefined })));
    expect(store.keysAfter('preimage', '', END, 10)).toEqual([]);
  });
});
