import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { keyBytes } from './keys.js';
import { openReader } from './reader.js';
import { decodeChunk, STATE_CHUNK_BYTES, STATE_TABLES, stateChunks } from './state-chunks.js';
import { chunkHash, rootOfChunks, sealedHash, stateRoot } from './state-root.js';
import { Store } from './store.js';
import { bytes, temporaryDirectory } from './testing/test-data.js';
import {
  heightFrom,
  TABLE_NAMES,
  type RowChange,
  type ScanView,
  type StoredRow,
  type TableName,
} from './types.js';

const sha256 = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

/** Rows in RAM. */
class Rows implements ScanView {
  readonly #tables = new Map<TableName, StoredRow[]>();

  constructor(rows: readonly (StoredRow & { readonly table: TableName })[]) {
    const sorted = [...rows].sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { table, key, value } of sorted) {
      const list = this.#tables.get(table) ?? [];
      list.push({ key, value });
      this.#tables.set(table, list);
    }
  }

  get(table: TableName, key: string): Uint8Array | undefined {
    return this.#tables.get(table)?.find((row) => row.key === key)?.value;
  }

  keysAfter(table: TableName, after: string, end: string, limit: number): string[] {
    return this.rowsAfter(table, after, end, 2 ** 40).slice(0, limit).map(({ key }) => key);
  }

  rowsAfter(table: TableName, after: string, end: string, size: number): StoredRow[] {
    const rows: StoredRow[] = [];
    let left = size;
    for (const row of this.#tables.get(table) ?? []) {
      if (row.key <= after || row.key >= end || left <= 0) continue;
      rows.push(row);
      left -= row.key.length + row.value.length;
    }
    return rows;
  }
}

const u32 = (n: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(n);
  return buffer;
};

/** The definition, with no regard to cost: chunks as lists, the tree by recursion. */
function naiveRoot(view: ScanView): Uint8Array {
  const chunks: Buffer[] = [];
  for (const table of TABLE_NAMES.slice(0, 7)) {
    let chunk: Buffer[] = [];
    let length = 0;
    for (const { key, value } of view.rowsAfter(table, '', '\xff'.repeat(9), 2 ** 40)) {
      const place = Buffer.of(TABLE_NAMES.indexOf(table));
      const row = Buffer.concat(
        [place, u32(key.length), keyBytes(key), u32(value.length), value],
      );
      if (length > 0 && length + row.length > 4_194_304) {
        chunks.push(Buffer.concat(chunk));
        chunk = [];
        length = 0;
      }
      chunk.push(row);
      length += row.length;
    }
    if (length > 0) chunks.push(Buffer.concat(chunk));
  }
  const fold = (level: Buffer[]): Buffer => {
    if (level.length === 1) return level[0]!;
    const above: Buffer[] = [];
    while (level.length > 1) above.push(sha256(Buffer.of(1), ...level.splice(0, 2)));
    return fold([...above, ...level]);
  };
  return Uint8Array.from(fold(chunks.map((chunk) => sha256(Buffer.of(0), sha256(chunk)))));
}

const table = fc.constantFrom(...STATE_TABLES);
const key = fc.string({ minLength: 1, maxLength: 5, unit: fc.constantFrom('\0', 'a', '\xfe') });
const size = fc.oneof(
  { weight: 5, arbitrary: fc.nat(60) },
  { weight: 1, arbitrary: fc.constantFrom(1_048_576, 2_097_143, 4_194_285, 4_194_304, 9_000_000) },
);
const rowsOf = fc.uniqueArray(
  fc.record({ table, key, size }).map((row) => ({
    table: row.table,
    key: row.key,
    value: new Uint8Array(row.size).fill(row.size),
  })),
  { minLength: 1, maxLength: 30, selector: (row) => `${row.table}/${row.key}` },
);

test('state root: any rows -> as the naive model, and the chunks give the rows back', () => {
  fc.assert(fc.property(rowsOf, (rows) => {
    const view = new Rows(rows);
    expect(stateRoot(view)).toEqual(naiveRoot(view));
    const found: string[] = [];
    const last = new Map<TableName, string>();
    for (const chunk of stateChunks(view)) {
      const decoded = decodeChunk(chunk.table, chunk.bytes, last.get(chunk.table) ?? '');
      expect(decoded.length).toBe(chunk.rows);
      expect(chunk.bytes.length <= STATE_CHUNK_BYTES || chunk.rows === 1).toBe(true);
      for (const row of decoded) {
        expect(Buffer.compare(row.value, view.get(chunk.table, row.key)!)).toBe(0);
        found.push(`${chunk.table}/${row.key}`);
      }
      last.set(chunk.table, decoded.at(-1)!.key);
    }
    expect(found.sort()).toEqual(rows.map((row) => `${row.table}/${row.key}`).sort());
  }), { numRuns: 60 });
}, 120_000);

test('state root: a byte, a row, a table, a key is another -> another root', () => {
  const small = fc.array(fc.record({ table, key, value: fc.uint8Array({ maxLength: 9 }) }), {
    minLength: 1, maxLength: 9,
  });
  fc.assert(fc.property(small, small, (a, b) => {
    const [first, second] = [new Rows(a), new Rows(b)];
    const text = (view: Rows): string => JSON.stringify(STATE_TABLES.map((name) =>
      view.rowsAfter(name, '', '\xff', 999).map((row) => [row.key, [...row.value]])));
    const same = Buffer.compare(stateRoot(first), stateRoot(second)) === 0;
    expect(same).toBe(text(first) === text(second));
  }), { numRuns: 300 });
});

test('state root: chunks in another order, one twice, one less -> another root', () => {
  const hashes = ['a', 'b', 'c', 'd', 'e'].map((text) => chunkHash(bytes(text)));
  const root = (...order: number[]): string =>
    Buffer.from(rootOfChunks(order.map((i) => hashes[i]!))).toString('hex');
  const orders = [[0, 1, 2, 3, 4], [1, 0, 2, 3, 4], [0, 1, 2, 3], [0, 1, 2, 3, 4, 4], [0], [0, 0]];
  expect(new Set(orders.map((order) => root(...order))).size).toBe(orders.length);
});

test('decodeChunk: cut anywhere, of another table, out of order -> refused', () => {
  const view = new Rows([
    { table: 'kernel', key: 'a', value: bytes('one') },
    { table: 'kernel', key: 'bb', value: bytes('') },
    { table: 'kernel', key: 'c', value: bytes('three') },
  ]);
  const [chunk] = [...stateChunks(view)].map(({ bytes: b }) => Uint8Array.from(b));
  const ends = [0, 13, 24, 39];
  expect(chunk!.length).toBe(39);
  for (let length = 0; length <= 39; length += 1) {
    const decode = (): number => decodeChunk('kernel', chunk!.subarray(0, length), '').length;
    if (ends.includes(length)) expect(decode()).toBe(ends.indexOf(length));
    else expect(decode).toThrow(RangeError);
  }
  expect(() => decodeChunk('vatstore', chunk!, '')).toThrow('at byte 0: another table');
  expect(() => decodeChunk('kernel', chunk!, 'a')).toThrow('at byte 0: keys are not in order');
  const swapped = Buffer.concat([chunk!.subarray(13, 24), chunk!.subarray(0, 13)]);
  expect(() => decodeChunk('kernel', swapped, '')).toThrow('at byte 11: keys are not in order');
});

const put = (name: TableName, row: string, value: string): RowChange =>
  ({ table: name, key: row, value: bytes(value) });

test('store: a sealed block -> its hash contains the root of what it left',
  async () => {
    const directory = temporaryDirectory();
    const store = await Store.open({ directory, readersMax: 8 });
    const twin = await Store.open({ directory: temporaryDirectory(), readersMax: 8 });
    onTestFinished(() => Promise.all([store.close(), twin.close()]).then(() => undefined));
    const block = (n: number, sealed: boolean, ...changes: RowChange[]) =>
      ({ height: heightFrom(n), changes, unhashed: [put('local', 'x', String(n))], sealed });
    await store.commit(block(1, false, put('kernel', 'a', '1'), put('vatstore', 'v', '1')));
    await twin.commit(block(1, false, put('kernel', 'a', '1'), put('vatstore', 'v', '1')));
    const change = [put('kernel', 'a', '2'), put('kernel', 'b', '2')];
    const hash = await store.commit(block(2, true, ...change));
    const plain = await twin.commit(block(2, false, ...change));
    const reader = openReader({ directory, readersMax: 8 });
    const snapshot = reader.begin();
    const root = stateRoot(snapshot);
    snapshot.done();
    await reader.close();
    expect(hash).toEqual(sealedHash(plain, root));
    expect(store.head).toEqual({ height: 2, hash, seal: { plain, root } });
    await store.close();
    const again = await Store.open({ directory, readersMax: 8 });
    onTestFinished(() => again.close());
    expect(again.head).toEqual({ height: 2, hash, seal: { plain, root } });
    const next = await again.commit(block(3, false));
    expect(next).not.toEqual(await twin.commit(block(3, false)));
    expect(again.head).toEqual({ height: 3, hash: next });
  });
