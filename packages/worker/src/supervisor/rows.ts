/**
 * The rows of the vat: one logical value each, wherever it stands at the moment (rules.md#t1).
 *
 * Theory of operation. A read looks at what the crank in progress wrote, then at what earlier
 * cranks wrote and the snapshot does not show yet (*retained*, each tagged with the height of the
 * block that will commit it), then at the cache, then at the snapshot. When a wave begins with a
 * newer snapshot, the retained rows that it shows move to the cache. While a transcript is
 * replayed, the retained rows are those of the replay itself and the base shows the start of the
 * incarnation.
 *
 * Invariants: no layer, its age or its size changes an answer; only the crank's own writes leave.
 */
import type { BinaryKey } from '@heirloom/store';
import type { Height } from '@heirloom/store/types';
import { check } from '../check.js';
import type { RowStore, StartRows } from '../contracts/row-store.js';
import {
  ROWS_PER_CRANK_MAX,
  ROW_BYTES_MAX,
  ROW_KEY_BYTES_MAX,
  WRITTEN_BYTES_PER_CRANK_MAX,
} from '../protocol/limits.js';
import type { Crank } from './crank.js';
import { KeyScan } from './key-scan.js';
import type { RowBase } from './row-base.js';
import { RowCache } from './row-cache.js';
import { RowOverlay, type KeyedRow } from './row-overlay.js';
import { SortedKeys } from './sorted-keys.js';

export interface Retained {
  /** `null`: deleted. */
  readonly value: Uint8Array | null;
  /** A snapshot of at least this height shows it: one that is to come, or infinite. */
  readonly height: number;
}

export class VatRows implements RowStore {
  readonly #crank: Crank;
  readonly #cache: RowCache;
  readonly #overlay = new RowOverlay();
  #retained = new Map<BinaryKey, Retained>();
  /** No retained row is of a block up to this height. */
  #shownHeight = -1;
  #base: RowBase | undefined;
  #startBase: RowBase | undefined;
  #scan: KeyScan | undefined;
  /** By table, of those that were scanned: the keys in overlay and retained, perhaps more. */
  #written = new Map<number, SortedKeys>();

  constructor(crank: Crank, cache = new RowCache()) {
    this.#crank = crank;
    this.#cache = cache;
  }

  get retainedCount(): number {
    return this.#retained.size;
  }

  /** Rows that another worker of the vat wrote and the store does not show yet (rules.md#t4). */
  adopt(rows: ReadonlyMap<BinaryKey, Retained>): void {
    for (const [key, row] of rows) this.#retained.set(key, row);
    this.#written.clear();
    this.#shownHeight = -1;
  }

  readonly start: StartRows = {
    get: key => this.#readStart(base => base.get(key)),
    keysAfter: (after, end, limit) => this.#readStart(base => base.keysAfter(after, end, limit)),
  };

  /**
   * Reads go to `base` from now on, which shows every block up to `height`. `start` shows the rows
   * as they were when the incarnation began.
   */
  open(base: RowBase, height: Height, start = base): void {
    check(this.#base === undefined, 'rows: already open');
    this.#base = base;
    this.#startBase = start;
    this.#scan = new KeyScan(base);
    if (height <= this.#shownHeight) return;
    this.#shownHeight = height;
    // A block has been committed: otherwise what is retained, and its index, stay as they are.
    this.#written.clear();
    for (const [key, row] of this.#retained) {
      if (row.height > height) continue;
      this.#retained.delete(key);
      this.#cache.set(key, row.value);
    }
  }

  /** Reads are over until the next `open`. */
  close(): void {
    check(this.#overlay.size === 0, 'rows: a crank is in progress');
    this.#base = undefined;
    this.#startBase = undefined;
    this.#scan = undefined;
  }

  /** Forgets everything: what is read next comes from the base. */
  forget(): void {
    this.#retained.clear();
    this.#cache.clear();
    this.#written.clear();
    this.#shownHeight = -1;
  }

  get(key: BinaryKey): Uint8Array | undefined {
    let known = this.#known(key);
    if (known === undefined) known = this.#cache.get(key);
    if (known !== undefined) return known ?? undefined; // null: known to be absent
    const value = this.#read(base => base.get(key));
    this.#cache.set(key, value ?? null);
    return value;
  }

  set(key: BinaryKey, value: Uint8Array): void {
    if (value.length > ROW_BYTES_MAX) {
      this.#crank.raise('LIMIT', `a row is at most ${ROW_BYTES_MAX} bytes`);
    }
    this.#write(key, value);
  }

  delete(key: BinaryKey): void {
    this.#write(key, null);
  }

  nextKey(after: BinaryKey, end: BinaryKey): BinaryKey | undefined {
    const scan = this.#scan;
    check(scan !== undefined, 'rows: read outside a crank');
    const written = this.#writtenKeys(after, end);
    let from = after;
    for (;;) {
      const stored = this.#read(() => scan.next(from, end));
      const own = written.next(from);
      const isOwnFirst = own !== undefined && own < end && (stored === undefined || own <= stored);
      if (!isOwnFirst) return stored;
      const value = this.#known(own);
      // A key that is no longer retained counts only if the base has it.
      if (value === undefined ? own === stored : value !== null) return own;
      from = own;
    }
  }

  /** What the writes of the crank in progress weigh. */
  get writtenBytes(): number {
    return this.#overlay.bytes;
  }

  /** The writes of the crank in progress, by key. */
  writes(): readonly KeyedRow[] {
    return this.#overlay.sorted();
  }

  /** The crank ended well; the block of this height will commit what it wrote. */
  keepCrank(height: number): void {
    this.#overlay.forEach((key, value) => this.#retained.set(key, { value, height }));
    this.#overlay.clear();
  }

  dropCrank(): void {
    this.#overlay.clear();
  }

  /** What the vat's cranks wrote, as far as it is not left to the base; `null`: deleted. */
  #known(key: BinaryKey): Uint8Array | null | undefined {
    const value = this.#overlay.size === 0 ? undefined : this.#overlay.get(key);
    return value === undefined ? this.#retained.get(key)?.value : value;
  }

  #write(key: BinaryKey, value: Uint8Array | null): void {
    check(this.#base !== undefined && this.#crank.isOpen, 'rows: write outside a crank');
    if (key.length > ROW_KEY_BYTES_MAX || key.length === 0) {
      this.#crank.raise('LIMIT', `a row key is at most ${ROW_KEY_BYTES_MAX} bytes`);
    }
    this.#overlay.set(key, value);
    if (this.#overlay.size > ROWS_PER_CRANK_MAX) {
      this.#crank.raise('LIMIT', `a crank writes at most ${ROWS_PER_CRANK_MAX} rows`);
    }
    if (this.#overlay.bytes > WRITTEN_BYTES_PER_CRANK_MAX) {
      const rule = `at most ${WRITTEN_BYTES_PER_CRANK_MAX} bytes`;
      this.#crank.raise('LIMIT', `the row writes of a crank weigh ${rule}`);
    }
    this.#crank.hasWritten(this.#overlay);
    if (this.#written.size > 0) this.#written.get(key.charCodeAt(0))?.add(key);
  }

  /** An index of one table: no scan goes past the end of its table. */
  #writtenKeys(after: BinaryKey, end: BinaryKey): SortedKeys {
    const table = after.charCodeAt(0);
    check(end <= String.fromCharCode(table + 1), 'rows: a scan of more than one table');
    const known = this.#written.get(table);
    if (known !== undefined) return known;
    const keys = new SortedKeys();
    for (const key of this.#retained.keys()) if (key.charCodeAt(0) === table) keys.add(key);
    this.#overlay.forEach(key => {
      if (key.charCodeAt(0) === table) keys.add(key);
    });
    this.#written.set(table, keys);
    return keys;
  }

  /** No failure of the store is ever observable: it ends the thread at the crank boundary. */
  #read<T>(read: (base: RowBase) => T): T {
    check(this.#base !== undefined, 'rows: read outside a crank');
    return this.#readFrom(this.#base, read);
  }

  #readStart<T>(read: (base: RowBase) => T): T {
    check(this.#startBase !== undefined, 'rows: read outside a crank');
    return this.#readFrom(this.#startBase, read);
  }

  #readFrom<T>(base: RowBase, read: (base: RowBase) => T): T {
    try {
      return read(base);
    } catch (error) {
      this.#crank.failHost(error);
      throw new Error('the store failed');
    }
  }
}
