/**
 * Iteration over a store of a million entries, whose rows a base makes up when they are asked for:
 * what is counted is how many it was asked for.
 */
import '../testing/ses.js';
import { M } from '@endo/patterns';
import { rowEntryPrefix } from '@heirloom/store';
import { FIRST_HEIGHT } from '@heirloom/store/types';
import { beforeEach, describe, expect, test } from 'vitest';
import { Crank } from '../../supervisor/crank.js';
import { VatRows } from '../../supervisor/rows.js';
import { MemoryRows } from '../testing/memory-rows.js';
import { makePlainContext } from '../testing/plain-context.js';
import { noPromises, TestVat } from '../testing/test-vat.js';
import { createVatData } from './vat-data.js';
import type { BinaryKey } from '@heirloom/store';
import type { RowBase } from '../../supervisor/row-base.js';
import type { Baggage, MapStore } from '../../vat.js';

const ENTRIES = 1_000_000;
/** How far ahead of a consumer the rows are read, with some slack: see `KeyScan`. */
const AHEAD_MAX = 64;
const FIRST_USER_CID = 4;
const PREFIX = `${rowEntryPrefix(FIRST_USER_CID)}sk`;

const nameOf = (n: number): string => `k${String(n).padStart(7, '0')}`;
const keyOf = (n: number): BinaryKey => `${PREFIX}${nameOf(n).slice(1)}`;

/** The rows of `model`, but that its one entry stands for a million. */
class MillionBase implements RowBase {
  readonly #model: MemoryRows;
  keysRead = 0;
  entriesRead = 0;

  constructor(model: MemoryRows) {
    this.#model = model;
  }

  get(key: BinaryKey): Uint8Array | undefined {
    if (!key.startsWith(PREFIX)) return this.#model.get(key);
    this.entriesRead += 1;
    return this.#model.get(keyOf(0));
  }

  keysAfter(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    let n = 0;
    if (after >= keyOf(0)) n = Number(after.slice(PREFIX.length, PREFIX.length + 7)) + 1;
    const keys: BinaryKey[] = [];
    for (; keys.length < limit && n < ENTRIES && keyOf(n) < end; n += 1) keys.push(keyOf(n));
    this.keysRead += keys.length;
    return keys;
  }
}

let base: MillionBase;
let store: MapStore<string, { n: number }>;

beforeEach(() => {
  const vat = new TestVat();
  const { VatData, baggage, part } = vat.upgrade();
  const first = VatData.makeScalarBigMapStore<string, object>('big', { durable: true });
  first.init(nameOf(0), Object.freeze({ n: 7 }));
  baggage.init('big', first);
  part.endCrank();
  base = new MillionBase(vat.rows);
  const crank = new Crank();
  const rows = new VatRows(crank);
  rows.open(base, FIRST_HEIGHT);
  crank.begin();
  const again = createVatData(makePlainContext(rows, 1), noPromises);
  store = (again.baggage() as Baggage).get('big') as typeof store;
});

describe('streaming', () => {
  test('the first entries of a million -> a block of keys and those values are read', () => {
    const seen = [];
    for (const entry of store.entries()) {
      seen.push(entry);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([0, 1, 2].map(n => [nameOf(n), { n: 7 }]));
    expect(base.keysRead).toBeLessThanOrEqual(AHEAD_MAX);
    expect(base.entriesRead).toBe(3);
  });

  test('keys of all -> never more than a block ahead, no value is read', () => {
    let count = 0;
    let ahead = 0;
    for (const key of store.keys()) {
      if (count % 1_000 === 0) expect(key).toBe(nameOf(count));
      count += 1;
      ahead = Math.max(ahead, base.keysRead - count);
    }
    expect(count).toBe(ENTRIES);
    expect(ahead).toBeLessThanOrEqual(AHEAD_MAX);
    expect(base.entriesRead).toBe(0);
  });

  test('keys deleted as they come -> skipped, never more than a block ahead', () => {
    let count = 0;
    for (const key of store.keys()) {
      store.delete(key);
      count += 1;
      if (count === 1_000) break;
    }
    expect(base.keysRead - count).toBeLessThanOrEqual(AHEAD_MAX);
    expect(store.keys().next().value).toBe(nameOf(count));
  });

  test('patterns -> only their range is read', () => {
    expect([...store.keys(M.gte(nameOf(ENTRIES - 5)))]).toHaveLength(5);
    expect([...store.keys(M.number())]).toEqual([]);
    expect([...store.values(nameOf(500_000))]).toEqual([{ n: 7 }]);
    expect(base.keysRead).toBeLessThanOrEqual(3 * AHEAD_MAX);
    expect(base.entriesRead).toBeLessThanOrEqual(3);
  });

  test('size, has and get -> no key is read', () => {
    store.getSize();
    expect([store.has(nameOf(999_999)), store.get(nameOf(12))]).toEqual([true, { n: 7 }]);
    expect(base.keysRead).toBe(0);
  });
});
