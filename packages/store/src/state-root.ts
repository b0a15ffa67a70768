/**
 * The state root: one hash over the whole state, and how a block's hash can contain it.
 *
 *   leaf  = sha256(00 ‖ sha256(chunk))            chunks in order: state-chunks.ts
 *   node  = sha256(01 ‖ left ‖ right)             level by level; one without a partner rises
 *   sealed block hash = sha256(SEAL ‖ plain block hash ‖ state root after the block)
 *
 * A *sealed* block is one whose hash contains the state root: whoever knows its hash can check the
 * whole state. Every other block's hash is plain (rules.md#t6).
 *
 * Cost: every row of the state is read; docs/state-sync.md has figures.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { HASH_BYTES } from './block-hash.js';
import { chunkingState } from './state-chunks.js';
import { required, type RowChange, type RowScan, type StoredRow, type TableName } from './types.js';
import { atOnce, type Steps } from './steps/stepwise.js';

const SEAL = Buffer.from('heirloom sealed block 1\n', 'ascii');
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
};

export const chunkHash = (bytes: Uint8Array): Uint8Array => sha256(bytes);

/** The root over the hashes of all chunks, in order. */
export function rootOfChunks(chunkHashes: readonly Uint8Array[]): Uint8Array {
  assert(chunkHashes.length > 0, 'a state has rows');
  let level = chunkHashes.map((hash) => {
    assert.equal(hash.length, HASH_BYTES, 'a chunk hash');
    return sha256(LEAF, hash);
  });
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [required(level[i], 'a hash'), level[i + 1]];
      above.push(right === undefined ? left : sha256(NODE, left, right));
    }
    level = above;
  }
  return required(level[0], 'the root');
}

/** The root of the state that the view shows. */
export const stateRoot = (view: RowScan): Uint8Array => atOnce(hashingState(view));

/** The same in steps. */
export function* hashingState(view: RowScan): Steps<Uint8Array> {
  const hashes: Uint8Array[] = [];
  for (const chunk of chunkingState(view)) {
    if (chunk !== undefined) hashes.push(chunkHash(chunk.bytes));
    yield;
  }
  return rootOfChunks(hashes);
}

/** The hash of a block that contains the state root. */
export function sealedHash(plain: Uint8Array, root: Uint8Array): Uint8Array {
  assert(plain.length === HASH_BYTES && root.length === HASH_BYTES, 'two hashes');
  return sha256(SEAL, plain, root);
}

/** What a block's row in `blocks` says: its hash, and for a sealed block what that is made of. */
export interface BlockRecord {
  readonly hash: Uint8Array;
  readonly seal?: Seal;
}

export interface Seal {
  readonly plain: Uint8Array;
  readonly root: Uint8Array;
}

export function packBlockRecord({ hash, seal }: BlockRecord): Uint8Array {
  return seal === undefined ? hash : Uint8Array.from(
    Buffer.concat([hash, seal.plain, seal.root]),
  );
}

/** `undefined`: the bytes are no such row. */
export function unpackBlockRecord(bytes: Uint8Array): BlockRecord | undefined {
  if (bytes.length === HASH_BYTES) return { hash: bytes };
  if (bytes.length !== 3 * HASH_BYTES) return undefined;
  return {
    hash: bytes.slice(0, HASH_BYTES),
    seal: {
      plain: bytes.slice(HASH_BYTES, 2 * HASH_BYTES),
      root: bytes.slice(2 * HASH_BYTES),
    },
  };
}

/**
 * The state as a block will leave it: rows of a view, with the rows of the block over them. A read
 * may give fewer rows than it asks for.
 */
export class WrittenOver implements RowScan {
  readonly #below: RowScan;
  /** Of each table, in order of keys. */
  readonly #changes = new Map<TableName, RowChange[]>();

  /** `rows`: in (table, key) order, each once. */
  constructor(below: RowScan, rows: readonly RowChange[]) {
    this.#below = below;
    for (const row of rows) {
      const those = this.#changes.get(row.table);
      if (those === undefined) this.#changes.set(row.table, [row]);
      else those.push(row);
    }
  }

  rowsAfter(table: TableName, after: string, end: string, bytes: number): StoredRow[] {
    const changes = this.#changes.get(table) ?? [];
    for (let from = after; ;) {
      const below = this.#below.rowsAfter(table, from, end, bytes);
      const merged = merge(below, changes, placeAfter(changes, from), end, bytes);
      const last = below.at(-1);
      // Where all of them are deleted there may be others behind.
      if (merged.length > 0 || last === undefined) return merged;
      from = last.key;
    }
  }
}

/** The index of the first change whose key is greater. */
function placeAfter(changes: readonly RowChange[], key: string): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (required(changes[middle], 'a change').key <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The rows below with changes from `at` on over them, in order, and as many as make up `bytes`.
 * Behind the last row below there may be more of them, unless there is none: so changes go no
 * further.
 */
function merge(
  below: readonly StoredRow[],
  changes: readonly RowChange[],
  at: number,
  end: string,
  bytes: number,
): StoredRow[] {
  const merged: StoredRow[] = [];
  const last = below.at(-1)?.key;
  let left = bytes;
  const take = (key: string, value: Uint8Array): void => {
    merged.push({ key, value });
    left -= key.length + value.length;
  };
  let next = 0;
  while (left > 0) {
    const row = below[next];
    const change = changes[at];
    const isDue = change !== undefined && change.key < end && change.key <= (last ?? end);
    if (row !== undefined && (!isDue || row.key < change.key)) {
      take(row.key, row.value);
      next += 1;
    } else if (isDue) {
      if (change.value !== undefined) take(change.key, change.value);
      at += 1;
      if (row?.key === change.key) next += 1;
    } else {
      break;
    }
  }
  return merged;
}
