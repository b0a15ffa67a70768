/** Ranges of a store's rows, in key order, a chunk of keys at a time. */
import type { BinaryKey, ReadView, TableName } from '@heirloom/store';
import { prefixEnd, TABLE_END } from '@heirloom/store';
import { decodeRow, missingRow } from './damage.js';
import type { RowCodec } from './kernel-table.js';

const SCAN_CHUNK = 4_096;

/** Every key of a table that begins with `prefix`; a row of the bare prefix is not among them. */
export function* keysOf(
  view: ReadView,
  table: TableName,
  prefix: BinaryKey = '',
): Generator<BinaryKey, void> {
  const end = prefixEnd(prefix);
  let after = prefix;
  for (;;) {
    const keys = view.keysAfter(table, after, end, SCAN_CHUNK);
    yield* keys;
    const last = keys.at(-1);
    if (keys.length < SCAN_CHUNK || last === undefined) return;
    after = last;
  }
}

/**
 * The first `limit` stored keys of a range that a block has left there, in order. They are read a
 * chunk at a time, for the block may have taken away any number of them.
 */
export const keysLeft = (
  view: ReadView,
  { table, after, end }: { table: TableName; after: BinaryKey; end: BinaryKey },
  limit: number,
  isLeft: (key: BinaryKey) => boolean,
): BinaryKey[] => {
  const left: BinaryKey[] = [];
  let from = after;
  for (let chunk = limit; left.length < limit; chunk *= 2) {
    const asked = Math.min(chunk, SCAN_CHUNK);
    const keys = view.keysAfter(table, from, end, asked);
    left.push(...keys.filter(isLeft));
    const last = keys.at(-1);
    if (keys.length < asked || last === undefined) break;
    from = last;
  }
  return left.slice(0, limit);
};

/** The first `limit` of keys, in order: of very many, no more than twice as many are sorted. */
export const firstOf = (keys: Iterable<BinaryKey>, limit: number): BinaryKey[] => {
  let first: BinaryKey[] = [];
  let bound: BinaryKey | undefined;
  for (const key of keys) {
    if (bound !== undefined && key >= bound) continue;
    first.push(key);
    if (first.length < 2 * limit) continue;
    first = first.sort().slice(0, limit);
    bound = first.at(-1);
  }
  return first.sort().slice(0, limit);
};

/** The row of a key that the view has just named. Errors: HostError STORE_CORRUPT. */
export const rowAt = (view: ReadView, table: TableName, key: BinaryKey): Uint8Array => {
  const row = view.get(table, key);
  if (row === undefined) throw missingRow(table, key);
  return row;
};

/** The decoded rows of one range of the `kernel` table. Errors: HostError STORE_CORRUPT. */
export function* rowsOf<V>(
  view: ReadView,
  prefix: BinaryKey,
  codec: RowCodec<V>,
): Generator<readonly [key: BinaryKey, value: V], void> {
  for (const key of keysOf(view, 'kernel', prefix)) {
    yield [key, decodeRow(codec, 'kernel', key, rowAt(view, 'kernel', key))];
  }
}

/** The distinct first `length` bytes of a table's keys, in order, without a scan of all keys. */
export function* prefixesOf(
  view: ReadView,
  table: TableName,
  length: number,
): Generator<BinaryKey, void> {
  let after: BinaryKey = '';
  for (;;) {
    const [key] = view.keysAfter(table, after, TABLE_END, 1);
    if (key === undefined) return;
    const prefix = key.slice(0, length);
    yield prefix;
    // Exclusive, and no key of ours is as short as the next prefix.
    after = prefixEnd(prefix);
  }
}

export const countKeys = (view: ReadView, table: TableName, prefix: BinaryKey): number => {
  let count = 0;
  for (const _key of keysOf(view, table, prefix)) count += 1;
  return count;
};
