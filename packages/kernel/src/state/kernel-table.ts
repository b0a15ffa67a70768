/**
 * One typed table of kernel rows: what this block changed, a bounded cache, the store below.
 *
 * Invariants:
 * - values are immutable: a change is a new value under `set`;
 * - dirty rows stay until the commit (rule T6), clean ones may be forgotten at any time;
 * - a row that the block both creates and deletes leaves no trace: `create` says that the kernel
 *   has just made up this key (a fresh number), which depends on inputs and block boundaries only.
 */
import assert from 'node:assert/strict';
import type { BinaryKey, ReadView, RowChange, TableName } from '@heirloom/store';
import type { Journal } from './journal.js';
import type { KeyRange } from './keys.js';

interface DirtyRow<V> {
  readonly value: V | undefined;
  readonly born: boolean;
}

export interface RowCodec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

export interface KernelTableOptions<V> {
  readonly view: ReadView;
  readonly table: TableName;
  readonly journal: Journal;
  readonly codec: RowCodec<V>;
  /** Clean rows kept in RAM; twice this at most. */
  readonly cacheRowsMax?: number;
}

const CACHE_ROWS_MAX = 65_536;
const SCAN_CHUNK = 4_096;

export class KernelTable<V> {
  readonly #view: ReadView;
  readonly #table: TableName;
  readonly #journal: Journal;
  readonly #codec: RowCodec<V>;
  readonly #cacheRowsMax: number;
  readonly #dirty = new Map<BinaryKey, DirtyRow<V>>();
  /** Two generations: a hit in the old one moves to the young one; the old one is dropped whole. */
  #young = new Map<BinaryKey, V>();
  #old = new Map<BinaryKey, V>();

  constructor(options: KernelTableOptions<V>) {
    this.#view = options.view;
    this.#table = options.table;
    this.#journal = options.journal;
    this.#codec = options.codec;
    this.#cacheRowsMax = options.cacheRowsMax ?? CACHE_ROWS_MAX;
  }

  get(key: BinaryKey): V | undefined {
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined) return dirty.value;
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#remember(key, old);
      return old;
    }
    const bytes = this.#view.get(this.#table, key);
    if (bytes === undefined) return undefined;
    const value = this.#codec.decode(bytes);
    this.#remember(key, value);
    return value;
  }

  /** The row, which must exist. */
  need(key: BinaryKey): V {
    const value = this.get(key);
    assert(value !== undefined, `${this.#table}: no row ${Buffer.from(key, 'latin1').toString('hex')}`);
    return value;
  }

  /** A row under a key that the kernel has just made up. */
  create(key: BinaryKey, value: V): void {
    const dirty = this.#dirty.get(key);
    assert(dirty?.value === undefined, 'create: the row exists');
    this.#put(key, { value, born: dirty === undefined });
  }

  set(key: BinaryKey, value: V): void {
    this.#put(key, { value, born: this.#dirty.get(key)?.born ?? false });
  }

  delete(key: BinaryKey): void {
    const dirty = this.#dirty.get(key);
    if (dirty?.born === true) {
      this.#dirty.delete(key);
      this.#journal.record(() => this.#dirty.set(key, dirty));
      return;
    }
    this.#put(key, { value: undefined, born: false });
  }

  /** The keys of a range, in order, after `after`, at most `limit`. */
  keys({ prefix, end }: KeyRange, limit: number, after = ''): BinaryKey[] {
    if (limit <= 0) return [];
    const from = after === '' ? prefix : after;
    const inRange = (key: BinaryKey): boolean =>
      key.startsWith(prefix) && key < end && (after === '' || key > after);
    const added: BinaryKey[] = [];
    let deleted = 0;
    for (const [key, row] of this.#dirty) {
      if (!inRange(key)) continue;
      if (row.value === undefined) deleted += 1;
      else added.push(key);
    }
    const found = new Set(added);
    // `keysAfter` is exclusive and the bare prefix is never a row itself.
    for (const key of this.#view.keysAfter(this.#table, from, end, limit + deleted)) {
      const dirty = this.#dirty.get(key);
      if (dirty === undefined || dirty.value !== undefined) found.add(key);
    }
    return [...found].sort(compareKeys).slice(0, limit);
  }

  /** All keys of a range, in order. The table must not change meanwhile. */
  *scan(range: KeyRange): Generator<BinaryKey, void> {
    let after: BinaryKey = '';
    for (;;) {
      const chunk = this.keys(range, SCAN_CHUNK, after);
      yield* chunk;
      if (chunk.length < SCAN_CHUNK) return;
      after = chunk.at(-1)!;
    }
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** The changes of this block, in no particular order. */
  changes(into: RowChange[]): void {
    for (const [key, row] of this.#dirty) {
      const value = row.value === undefined ? undefined : this.#codec.encode(row.value);
      into.push({ table: this.#table, key, value });
    }
  }

  /** After the commit: what was dirty is clean. */
  committed(): void {
    for (const [key, row] of this.#dirty) {
      if (row.value === undefined) {
        this.#young.delete(key);
        this.#old.delete(key);
      } else this.#remember(key, row.value);
    }
    this.#dirty.clear();
  }

  #put(key: BinaryKey, row: DirtyRow<V>): void {
    const before = this.#dirty.get(key);
    this.#dirty.set(key, row);
    this.#journal.record(() => {
      if (before === undefined) this.#dirty.delete(key);
      else this.#dirty.set(key, before);
    });
  }

  #remember(key: BinaryKey, value: V): void {
    if (this.#young.size >= this.#cacheRowsMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

/** Binary strings compare as their bytes do. */
export const compareKeys = (a: BinaryKey, b: BinaryKey): number => (a < b ? -1 : a > b ? 1 : 0);
