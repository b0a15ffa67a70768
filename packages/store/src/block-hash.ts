/**
 * The block hash is sha256 over the previous hash and every row of a block (rules.md#t6).
 *
 * Layout after the previous hash, per row, in (table, key) order:
 *   table u8 (place in TABLE_NAMES) ‖ key length u32 ‖ key ‖ value length u32 ‖ value
 * with value length `ffffffff` and no value for a deletion. All lengths big-endian.
 *
 * Invariants: pure; the order of the input does not matter; each (table, key) occurs once. Rows are
 * gathered in one buffer per process and handed to the hash in big chunks: 30,000 small rows a
 * block is the hot path.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { assertBinary, KEY_BYTES_MAX } from './keys.js';
import { SORTED_AT_ONCE, sorting } from './steps/sorting.js';
import { TABLE_NAMES, type RowChange, type TableName } from './types.js';
import { atOnce, type Steps } from './steps/stepwise.js';

export const HASH_BYTES = 32;
/** Rows and messages stay under this (rules.md#s4). */
export const ROW_BYTES_MAX = 16 * 1024 * 1024 - 1;
/** What stands before the first block. */
export const NO_HASH: Uint8Array = new Uint8Array(HASH_BYTES);

const TOMBSTONE_LENGTH = 0xffffffff;
const CHUNK_BYTES = 256 * 1024;
const ROW_OVERHEAD_BYTES = 1 + 4 + 4;
/** Longer values go to the hash by themselves. */
const GATHERED_VALUE_BYTES_MAX = 64 * 1024;

const TABLE_PLACES: ReadonlyMap<TableName, number> = new Map(
  TABLE_NAMES.map((name, place) => [name, place]),
);

/** Of one hash at a time: one that is made in steps has its own. */
const sharedChunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

function compareKeys(a: RowChange, b: RowChange): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/**
 * The rows in (table, key) order, as a new array.
 *
 * Errors: AssertionError for an unknown table, a row named twice, a key or value out of bounds.
 */
export function orderRows(changes: readonly RowChange[]): RowChange[] {
  return atOnce(orderingRows(changes));
}

/** The same in steps. */
export function* orderingRows(changes: readonly RowChange[]): Steps<RowChange[]> {
  const perTable: RowChange[][] = TABLE_NAMES.map(() => []);
  for (const [i, change] of changes.entries()) {
    if (i % SORTED_AT_ONCE === 0) yield;
    const place = TABLE_PLACES.get(change.table);
    assert(place !== undefined, `block: unknown table ${change.table}`);
    perTable[place]?.push(change);
  }
  const ordered: RowChange[] = [];
  for (const rows of perTable) {
    const sorted = yield* sorting(rows, compareKeys);
    yield* assertingRows(sorted);
    for (const row of sorted) ordered.push(row);
    yield;
  }
  return ordered;
}

function* assertingRows(rows: readonly RowChange[]): Steps<void> {
  let previous: string | undefined;
  for (const [i, { table, key, value }] of rows.entries()) {
    if (i % SORTED_AT_ONCE === 0) yield;
    if (key === previous) assert.fail(`block: row named twice in ${table}`);
    assert(key.length > 0 && key.length <= KEY_BYTES_MAX, `block: key length in ${table}`);
    assertBinary(key);
    assert(value === undefined || value.length <= ROW_BYTES_MAX, `block: row too big in ${table}`);
    previous = key;
  }
}

/** Hashes a block (rules.md#t6). `rows` must come from `orderRows`. */
export function blockHash(previous: Uint8Array, rows: readonly RowChange[]): Uint8Array {
  return atOnce(hashing(previous, rows, sharedChunk));
}

/** The same in steps. `chunk` is nobody else's until it is over. */
export function* hashing(
  previous: Uint8Array,
  rows: readonly RowChange[],
  chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES),
): Steps<Uint8Array> {
  assert.equal(previous.length, HASH_BYTES);
  const hash = createHash('sha256');
  hash.update(previous);
  let used = 0;
  for (const { table, key, value } of rows) {
    const gathered = value !== undefined && value.length <= GATHERED_VALUE_BYTES_MAX;
    const bytes = ROW_OVERHEAD_BYTES + key.length + (gathered ? value.length : 0);
    if (used + bytes > CHUNK_BYTES) {
      hash.update(chunk.subarray(0, used));
      used = 0;
      yield;
    }
    chunk[used] = TABLE_PLACES.get(table) ?? assert.fail(`block: unknown table ${table}`);
    used = chunk.writeUInt32BE(key.length, used + 1);
    used += chunk.write(key, used, 'latin1');
    used = chunk.writeUInt32BE(value === undefined ? TOMBSTONE_LENGTH : value.length, used);
    if (gathered) {
      chunk.set(value, used);
      used += value.length;
    } else if (value !== undefined) {
      hash.update(chunk.subarray(0, used)).update(value);
      used = 0;
      yield;
    }
  }
  return Uint8Array.from(hash.update(chunk.subarray(0, used)).digest());
}
