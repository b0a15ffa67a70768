/**
 * Rows that are written once, never read by the kernel, and removed by ranges: transcripts and
 * pre-images.
 *
 * Invariant: a row that the block both adds and removes leaves no trace.
 */
import assert from 'node:assert/strict';
import {
  atOnce, sorting, type BinaryKey, type ReadView, type RowChange, type Steps, type TableName,
} from '@heirloom/store';
import type { Journal, Restorable } from './journal.js';
import type { KeyRange } from './kernel-keys.js';
import { compareKeys, ROW_WEIGHT } from './kernel-table.js';
import { firstOf, keysLeft, keysOf, rowAt } from './scan.js';

type AddedRow = readonly [key: BinaryKey, value: Uint8Array];

/** Rows that are looked at in one step. */
const ROWS_AT_ONCE = 8_192;

export class AppendRows implements Restorable {
  readonly #view: ReadView;
  readonly #table: TableName;
  readonly #journal: Journal;
  readonly #added = new Map<BinaryKey, Uint8Array>();
  readonly #removed = new Set<BinaryKey>();
  #addedBytes = 0;

  constructor(view: ReadView, table: TableName, journal: Journal) {
    this.#view = view;
    this.#table = table;
    this.#journal = journal;
  }

  add(key: BinaryKey, value: Uint8Array): void {
    assert(!this.#added.has(key), 'a row is written once');
    this.#added.set(key, value);
    this.#addedBytes += value.length;
    this.#journal.recordRow(this, key, undefined);
  }

  /** Called by the journal only. */
  restore(key: BinaryKey): void {
    this.#unadd(key);
  }

  /** Takes back a row that this block has added. False: it has added none. */
  #unadd(key: BinaryKey): boolean {
    this.#addedBytes -= this.#added.get(key)?.length ?? 0;
    return this.#added.delete(key);
  }

  /** Removes up to `limit` rows of a range; returns how many. Never part of an undone crank. */
  remove({ prefix, end }: KeyRange, limit: number): number {
    if (limit <= 0) return 0;
    const added: BinaryKey[] = [];
    for (const key of this.#added.keys()) if (key.startsWith(prefix)) added.push(key);
    const first = firstOf(added, limit);
    const range = { table: this.#table, after: prefix, end };
    const isLeft = (key: BinaryKey): boolean => !this.#removed.has(key);
    const stored = keysLeft(this.#view, range, limit - first.length, isLeft);
    const chosen = [...first, ...stored];
    for (const key of chosen) {
      if (!this.#unadd(key)) this.#removed.add(key);
    }
    return chosen.length;
  }

  /** The rows of a range that were added since the last commit, in key order. */
  added(range: KeyRange): AddedRow[] {
    return atOnce(this.findingAdded(range));
  }

  /** The same in steps. */
  *findingAdded({ prefix }: KeyRange): Steps<AddedRow[]> {
    const found: AddedRow[] = [];
    let seen = 0;
    for (const row of this.#added) {
      if (row[0].startsWith(prefix)) found.push(row);
      seen += 1;
      if (seen % ROWS_AT_ONCE === 0) yield;
    }
    return yield* sorting(found, ([a], [b]) => compareKeys(a, b));
  }

  /** Every row of a range, in key order. The rows must not change meanwhile. */
  *all({ prefix, end }: KeyRange): Generator<AddedRow, void> {
    const added = this.added({ prefix, end });
    let next = 0;
    for (const key of keysOf(this.#view, this.#table, prefix)) {
      for (let row = added[next]; row !== undefined && row[0] < key; row = added[next]) {
        yield row;
        next += 1;
      }
      if (!this.#removed.has(key)) yield [key, rowAt(this.#view, this.#table, key)];
    }
    yield* added.slice(next);
  }

  get dirtyCount(): number {
    return this.#added.size + this.#removed.size;
  }

  /** About how many bytes the rows that this block changed take. */
  get dirtyBytes(): number {
    return this.dirtyCount * ROW_WEIGHT + this.#addedBytes;
  }

  changes(into: RowChange[]): void {
    const table = this.#table;
    for (const [key, value] of this.#added) into.push({ table, key, value });
    for (const key of this.#removed) into.push({ table, key, value: undefined });
  }

  committed(): void {
    this.#added.clear();
    this.#addedBytes = 0;
    this.#removed.clear();
  }
}
