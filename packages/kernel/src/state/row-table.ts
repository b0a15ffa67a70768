/**
 * The rows of vats, with the header that makes replay exact (rule T2).
 *
 * Invariants:
 * - `born` and `written` are set here and nowhere else;
 * - the first time that an incarnation overwrites or deletes a row that an earlier one wrote, the
 *   old row becomes a pre-image of (vat, incarnation);
 * - a row that this block both creates and deletes leaves no trace.
 */
import assert from 'node:assert/strict';
import {
  preimageKey,
  vatstoreKey,
  type BinaryKey,
  type ReadView,
  type RowChange,
} from '@heirloom/store';
import type { HandOverRow } from '@heirloom/worker';
import { keysOf } from '../audit/scan.js';
import { AppendRows } from './append-rows.js';
import type { Journal, Restorable } from './journal.js';
import { ranges } from './keys.js';

export const HEADER_BYTES = 8;

interface Row {
  /** `undefined`: deleted. */
  readonly bytes: Uint8Array | undefined;
  readonly born: number;
  readonly written: number;
  /** The store shows no such row as of the last commit. */
  readonly fresh: boolean;
}

export interface RowWriter {
  readonly vat: number;
  readonly incarnation: number;
  readonly space: number;
}

const withHeader = (row: Row): Uint8Array => {
  assert(row.bytes !== undefined);
  const out = Buffer.allocUnsafe(HEADER_BYTES + row.bytes.length);
  out.writeUInt32BE(row.born, 0);
  out.writeUInt32BE(row.written, 4);
  out.set(row.bytes, HEADER_BYTES);
  return out;
};

/** What this block changed in one space. */
class SpaceRows implements Restorable {
  readonly rows = new Map<BinaryKey, Row>();

  /** Called by the journal only. */
  restore(key: BinaryKey, before: Row | undefined): void {
    if (before === undefined) this.rows.delete(key);
    else this.rows.set(key, before);
  }
}

export class RowTable {
  readonly #view: ReadView;
  readonly #journal: Journal;
  /** By space, so that a hand-over finds a vat's rows without a scan. */
  readonly #dirty = new Map<number, SpaceRows>();
  readonly preImages: AppendRows;

  constructor(view: ReadView, journal: Journal) {
    this.#view = view;
    this.#journal = journal;
    this.preImages = new AppendRows(view, 'preimage', journal);
  }

  get dirtyCount(): number {
    let count = 0;
    for (const { rows } of this.#dirty.values()) count += rows.size;
    return count;
  }

  /** One row write of a merged crank: `bytes` without header, `null` deletes. */
  write(writer: RowWriter, key: BinaryKey, bytes: Uint8Array | null): void {
    const { incarnation, space } = writer;
    const before = this.#lookup(space, key);
    const exists = before?.bytes !== undefined;
    if (exists && before.written < incarnation) this.#keepPreImage(writer, key, before);
    if (bytes === null) {
      if (!exists) return;
      // Who deleted it is what a replay must know that is handed the tombstone (rule T4).
      this.#put(space, key, { ...before, bytes: undefined, written: incarnation });
      return;
    }
    this.#put(space, key, {
      bytes,
      born: exists ? before.born : incarnation,
      written: incarnation,
      fresh: before === undefined || before.fresh,
    });
  }

  /** Is there such a row now? */
  has(space: number, key: BinaryKey): boolean {
    return this.#lookup(space, key)?.bytes !== undefined;
  }

  /** The row, which must exist. */
  need(space: number, key: BinaryKey): Uint8Array {
    const bytes = this.#lookup(space, key)?.bytes;
    assert(bytes !== undefined, 'no such row');
    return bytes;
  }

  /** The keys of the rows of a space that begin with `prefix`, in order. For few rows. */
  keysWith(space: number, prefix: BinaryKey): BinaryKey[] {
    const start = vatstoreKey(space, prefix);
    const keys = new Set<BinaryKey>();
    for (const key of keysOf(this.#view, 'vatstore', start)) {
      keys.add(key.slice(start.length - prefix.length));
    }
    for (const key of this.#dirty.get(space)?.rows.keys() ?? []) {
      if (key.startsWith(prefix)) keys.add(key);
    }
    return [...keys].filter(key => this.has(space, key)).sort();
  }

  /** The vat's rows and tombstones since the last commit (rule T4), in key order. */
  handOver(space: number): HandOverRow[] {
    const rows = [...(this.#dirty.get(space)?.rows ?? [])];
    return rows
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, row]) => [Buffer.from(key, 'latin1'), row.bytes ?? null, row.born, row.written]);
  }

  /** Removes up to `limit` rows of a dead vat's space; returns how many. */
  forgetSpace(space: number, limit: number): number {
    const { prefix, end } = ranges.space(space);
    const dirty = this.#dirty.get(space)?.rows ?? new Map<BinaryKey, Row>();
    const gone = [...dirty.values()].filter(row => row.bytes === undefined).length;
    const made = [...dirty.keys()].filter(key => dirty.get(key)?.bytes !== undefined).sort();
    const stored = this.#view
      .keysAfter('vatstore', prefix, end, limit + made.length + gone)
      .map(key => key.slice(prefix.length))
      .filter(key => !dirty.has(key));
    const chosen = [...made, ...stored].slice(0, Math.max(0, limit));
    for (const key of chosen) {
      const row = this.#lookup(space, key);
      assert(row !== undefined);
      this.#put(space, key, { ...row, bytes: undefined });
    }
    return chosen.length;
  }

  changes(into: RowChange[]): void {
    for (const [space, { rows }] of this.#dirty) {
      for (const [key, row] of rows) {
        const gone = row.bytes === undefined;
        if (gone && row.fresh) continue;
        const value = gone ? undefined : withHeader(row);
        into.push({ table: 'vatstore', key: vatstoreKey(space, key), value });
      }
    }
  }

  committed(): void {
    this.#dirty.clear();
  }

  /** The logical row; a deleted one has no bytes. */
  #lookup(space: number, key: BinaryKey): Row | undefined {
    const dirty = this.#dirty.get(space)?.rows.get(key);
    if (dirty !== undefined) return dirty;
    const stored = this.#view.get('vatstore', vatstoreKey(space, key));
    if (stored === undefined) return undefined;
    const header = Buffer.from(stored.buffer, stored.byteOffset, HEADER_BYTES);
    return {
      bytes: stored.subarray(HEADER_BYTES),
      born: header.readUInt32BE(0),
      written: header.readUInt32BE(4),
      fresh: false,
    };
  }

  #keepPreImage(writer: RowWriter, key: BinaryKey, row: Row): void {
    assert(row.born < writer.incarnation, 'a row written earlier was born earlier');
    const { vat, incarnation, space } = writer;
    this.preImages.add(preimageKey(vat, incarnation, space, key), withHeader(row));
  }

  #put(space: number, key: BinaryKey, row: Row): void {
    let dirty = this.#dirty.get(space);
    if (dirty === undefined) {
      dirty = new SpaceRows();
      this.#dirty.set(space, dirty);
    }
    this.#journal.recordRow(dirty, key, dirty.rows.get(key));
    dirty.rows.set(key, row);
  }
}
