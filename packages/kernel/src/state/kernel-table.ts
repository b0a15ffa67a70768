/**
 * One typed table of kernel rows: what this block changed, a bounded cache, the store below.
 *
 * In RAM rows go by short keys (numbers, vrefs); `spell` makes the stored key, only when the store
 * is asked or written. Invariants:
 * - values are immutable: a change is a new value under `set`;
 * - dirty rows stay until the commit (rules.md#t6), clean ones may be forgotten at any time, and
 *   are before they fill the memory: how many stay is counted in bytes as well as in rows;
 * - a row that the block both creates and deletes leaves no trace: `create` says that the kernel
 *   has just made up this key (a fresh number), which depends on inputs and block boundaries only.
 */
import assert from 'node:assert/strict';
import {
  atOnce,
  type BinaryKey,
  type ReadView,
  type RowChange,
  type Steps,
  type TableName,
} from '@heirloom/store';
import { decodeRow, missingRow, parseKey } from './damage.js';
import type { Journal, Restorable } from './journal.js';
import type { KeyRange } from './kernel-keys.js';
import { firstOf, keysLeft } from './scan.js';

interface DirtyRow<V> {
  readonly value: V | undefined;
  readonly born: boolean;
}

export interface RowCodec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
  /** About how many bytes of memory a value takes, where it may hold data of vats. */
  weigh?(value: V): number;
}

interface KernelTableOptions<K, V> {
  readonly view: ReadView;
  readonly table: TableName;
  readonly journal: Journal;
  readonly codec: RowCodec<V>;
  spell(key: K): BinaryKey;
  /** The inverse of `spell`; needed for scans. */
  readonly parse?: (key: BinaryKey) => K;
  /** Clean rows kept in RAM; twice this at most. */
  readonly cacheRowsMax?: number;
  /** Of few rows, which are asked for again and again: they are kept whatever they weigh. */
  readonly keepsHeavy?: boolean;
}

const CACHE_ROWS_MAX = 16_384;
/** Bytes of clean rows kept in RAM, by table; twice this at most. Of this host: no rule. */
const CACHE_BYTES_MAX = 4 * 2 ** 20;
/** A clean row of more bytes is read anew when it is asked for. */
export const CACHED_ROW_BYTES_MAX = CACHE_BYTES_MAX / 8;
/** What a row takes beside the data of vats, and that of one that holds none. */
export const ROW_WEIGHT = 100;
const SCAN_CHUNK = 4_096;

export class KernelTable<K extends number | string, V> implements Restorable {
  readonly #options: KernelTableOptions<K, V>;
  readonly #journal: Journal;
  readonly #cacheRowsMax: number;
  readonly #dirty = new Map<K, DirtyRow<V>>();
  /** Two generations: a hit in the old one moves to the young one; the old one is dropped whole. */
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #youngBytes = 0;
  /** What dirty rows weigh beyond what each takes anyway. */
  #dirtyDataBytes = 0;
  /** Where no row holds data of vats, all weigh the same. */
  readonly #holdsData: boolean;

  constructor(options: KernelTableOptions<K, V>) {
    this.#options = options;
    this.#holdsData = options.codec.weigh !== undefined;
    this.#journal = options.journal;
    this.#cacheRowsMax = options.cacheRowsMax ?? CACHE_ROWS_MAX;
  }

  get(key: K): V | undefined {
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined) return dirty.value;
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#remember(key, old);
      return old;
    }
    return this.#read(key);
  }

  /** The same of a key that the store cannot have: to ask it costs more than all else. */
  getUnstored(key: K): V | undefined {
    return this.#dirty.get(key)?.value;
  }

  /** The row, which must exist. Errors: HostError STORE_CORRUPT where the store lacks it. */
  need(key: K): V {
    const value = this.get(key);
    if (value !== undefined) return value;
    const { table, spell } = this.#options;
    if (this.#dirty.has(key)) assert.fail(`${table}: no row ${key}`);
    throw missingRow(table, spell(key));
  }

  /** A row under a key that the kernel has just made up. */
  create(key: K, value: V): void {
    const dirty = this.#dirty.get(key);
    if (dirty?.value !== undefined) assert.fail(`${this.#options.table}: row ${key} exists`);
    this.#put(key, { value, born: dirty === undefined }, dirty);
  }

  set(key: K, value: V): void {
    const dirty = this.#dirty.get(key);
    this.#put(key, { value, born: dirty !== undefined && dirty.born }, dirty);
  }

  delete(key: K): void {
    const dirty = this.#dirty.get(key);
    if (dirty === undefined || !dirty.born) {
      this.#put(key, { value: undefined, born: false }, dirty);
      return;
    }
    this.#setDirty(key, undefined, dirty);
    this.#journal.recordRow(this, key, dirty);
  }

  /** Called by the journal only. */
  restore(key: K, before: DirtyRow<V> | undefined): void {
    this.#setDirty(key, before, this.#dirty.get(key));
  }

  /** The keys of a range, in order of the store, after `after`, at most `limit`. */
  keys({ prefix, end }: KeyRange, limit: number, after: BinaryKey = ''): K[] {
    if (limit <= 0) return [];
    const { view, table, spell, parse } = this.#options;
    assert(parse !== undefined, 'a table that is scanned can parse its keys');
    const added: BinaryKey[] = [];
    for (const [key, { value }] of this.#dirty) {
      if (value === undefined) continue;
      const spelled = spell(key);
      if (spelled >= prefix && spelled < end && spelled > after) added.push(spelled);
    }
    // `keysAfter` is exclusive, and the bare prefix is never a row.
    const range = { table, after: after === '' ? prefix : after, end };
    const isLeft = (spelled: BinaryKey): boolean => {
      const dirty = this.#dirty.get(parseKey(parse, table, spelled));
      return dirty === undefined || dirty.value !== undefined;
    };
    const stored = keysLeft(view, range, limit, isLeft);
    return firstOf(new Set([...firstOf(added, limit), ...stored]), limit).map(parse);
  }

  /** Is there a row in the range? */
  has(range: KeyRange): boolean {
    const { spell } = this.#options;
    for (const [key, { value }] of this.#dirty) {
      if (value === undefined) continue;
      const spelled = spell(key);
      if (spelled >= range.prefix && spelled < range.end) return true;
    }
    return this.keys(range, 1).length > 0;
  }

  /** All keys of a range, in order. The table must not change meanwhile. */
  *scan({ prefix, end }: KeyRange): Generator<K, void> {
    const { view, table, spell, parse } = this.#options;
    assert(parse !== undefined, 'a table that is scanned can parse its keys');
    const added: BinaryKey[] = [];
    const changed = new Set<BinaryKey>();
    for (const [key, { value }] of this.#dirty) {
      const spelled = spell(key);
      if (spelled < prefix || spelled >= end) continue;
      changed.add(spelled);
      if (value !== undefined) added.push(spelled);
    }
    added.sort(compareKeys);
    let at = 0;
    let from = prefix;
    for (;;) {
      const chunk = view.keysAfter(table, from, end, SCAN_CHUNK);
      for (const spelled of chunk) {
        for (let next = added[at]; next !== undefined && next < spelled; next = added[at]) {
          yield parse(next);
          at += 1;
        }
        // What the block has changed is gone, or has its turn among those that are added.
        if (!changed.has(spelled)) yield parseKey(parse, table, spelled);
      }
      const last = chunk.at(-1);
      if (chunk.length < SCAN_CHUNK || last === undefined) break;
      from = last;
    }
    for (const spelled of added.slice(at)) yield parse(spelled);
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** About how many bytes the rows that this block changed take. */
  get dirtyBytes(): number {
    return this.#dirty.size * ROW_WEIGHT + this.#dirtyDataBytes;
  }

  /** The changes of this block, in no particular order. */
  changes(into: RowChange[]): void {
    atOnce(this.changing(into));
  }

  /** The same in steps. The table must not change meanwhile. */
  *changing(into: RowChange[]): Steps<void> {
    const { table, spell, codec } = this.#options;
    for (const [key, row] of this.#dirty) {
      const value = row.value === undefined ? undefined : codec.encode(row.value);
      into.push({ table, key: spell(key), value });
      yield;
    }
  }

  /**
   * After the commit: what was dirty is clean. Data that came in a crank is a part of its frame,
   * and would keep the whole of that: it is forgotten, and read from the store when asked for.
   */
  committed(): void {
    atOnce(this.committing());
  }

  /** The same in steps. The table must not change meanwhile, and may be read. */
  *committing(): Steps<void> {
    for (const [key, { value }] of this.#dirty) {
      if (value !== undefined && this.#weightOf(value) === ROW_WEIGHT) this.#remember(key, value);
      else this.#forget(key);
      yield;
    }
    this.#dirty.clear();
    this.#dirtyDataBytes = 0;
  }

  #read(key: K): V | undefined {
    const { view, table, spell, codec } = this.#options;
    const spelled = spell(key);
    const bytes = view.get(table, spelled);
    if (bytes === undefined) return undefined;
    const value = decodeRow(codec, table, spelled, bytes);
    this.#remember(key, value);
    return value;
  }

  #put(key: K, row: DirtyRow<V>, before: DirtyRow<V> | undefined): void {
    this.#setDirty(key, row, before);
    this.#journal.recordRow(this, key, before);
  }

  /** `before`: what is there now. */
  #setDirty(key: K, row: DirtyRow<V> | undefined, before: DirtyRow<V> | undefined): void {
    if (row === undefined) this.#dirty.delete(key);
    else this.#dirty.set(key, row);
    if (!this.#holdsData) return;
    if (before !== undefined) this.#dirtyDataBytes -= this.#dataWeightOf(before.value);
    if (row !== undefined) this.#dirtyDataBytes += this.#dataWeightOf(row.value);
  }

  #forget(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #weightOf(value: V | undefined): number {
    return ROW_WEIGHT + this.#dataWeightOf(value);
  }

  #dataWeightOf(value: V | undefined): number {
    if (value === undefined || !this.#holdsData) return 0;
    return this.#options.codec.weigh?.(value) ?? 0;
  }

  #remember(key: K, value: V): void {
    const weight = this.#weightOf(value);
    if (weight > CACHED_ROW_BYTES_MAX && this.#options.keepsHeavy !== true) return;
    if (this.#young.size >= this.#cacheRowsMax || this.#youngBytes >= CACHE_BYTES_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, value);
    this.#youngBytes += weight;
  }
}

/** Binary strings compare as their bytes do. */
export const compareKeys = (a: BinaryKey, b: BinaryKey): number => (a < b ? -1 : a > b ? 1 : 0);
