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
import type { BinaryKey, ReadView, RowChange } from '@heirloom/store';
import type { HandOverRow } from '@heirloom/worker';
import type { Journal } from './journal.js';
import { keys, ranges } from './keys.js';

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

export class RowTable {
  readonly #view: ReadView;
  readonly #journal: Journal;
  /** By space, so that a hand-over finds a vat's rows without a scan. */
  readonly #dirty = new Map<number, Map<BinaryKey, Row>>();
  /** `undefined`: removed. */
  readonly #preImages = new Map<BinaryKey, Uint8Array | undefined>();
  #dirtyCount = 0;

  constructor(view: ReadView, journal: Journal) {
    this.#view = view;
    this.#journal = journal;
  }

  get dirtyCount(): number {
    return this.#dirtyCount + this.#preImages.size;
  }

  /** One row write of a merged crank: `bytes` without header, `null` deletes. */
  write(writer: RowWriter, key: BinaryKey, bytes: Uint8Array | null): void {
    const { incarnation, space } = writer;
    const before = this.#lookup(space, key);
    const exists = before?.bytes !== undefined;
    if (exists && before.written < incarnation) this.#keepPreImage(writer, key, before);
    if (bytes === null) {
      if (!exists) return;
      this.#put(space, key, { ...before, bytes: undefined });
      return;
    }
    this.#put(space, key, {
      bytes,
      born: exists ? before.born : incarnation,
      written: incarnation,
      fresh: before === undefined || before.fresh,
    });
  }

  /** The vat's rows and tombstones since the last commit (rule T4), in key order. */
  handOver(space: number): HandOverRow[] {
    const rows = [...(this.#dirty.get(space) ?? [])];
    return rows
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, row]) => [
        Buffer.from(key, 'latin1'),
        row.bytes ?? null,
        row.born,
        row.written,
      ]);
  }

  /** Removes up to `limit` pre-images of an ended incarnation; returns how many. */
  forgetPreImages(vat: number, incarnation: number, limit: number): number {
    const { prefix, end } = ranges.preImages(vat, incarnation);
    const made = [...this.#preImages.keys()].filter(
      key => key.startsWith(prefix) && this.#preImages.get(key) !== undefined,
    );
    const stored = this.#view
      .keysAfter('preimage', prefix, end, limit + this.#preImages.size)
      .filter(key => !this.#preImages.has(key));
    const chosen = [...made.sort(), ...stored].slice(0, Math.max(0, limit));
    for (const key of chosen) this.#preImages.set(key, undefined);
    return chosen.length;
  }

  /** Removes up to `limit` rows of a dead vat's space; returns how many. */
  forgetSpace(space: number, limit: number): number {
    const { prefix, end } = ranges.space(space);
    const dirty = this.#dirty.get(space) ?? new Map<BinaryKey, Row>();
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
    for (const [space, rows] of this.#dirty) {
      for (const [key, row] of rows) {
        const gone = row.bytes === undefined;
        if (gone && row.fresh) continue;
        const value = gone ? undefined : withHeader(row);
        into.push({ table: 'vatstore', key: keys.vatRow(space, key), value });
      }
    }
    for (const [key, value] of this.#preImages) into.push({ table: 'preimage', key, value });
  }

  committed(): void {
    this.#dirty.clear();
    this.#preImages.clear();
    this.#dirtyCount = 0;
  }

  /** The logical row; a deleted one has no bytes. */
  #lookup(space: number, key: BinaryKey): Row | undefined {
    const dirty = this.#dirty.get(space)?.get(key);
    if (dirty !== undefined) return dirty;
    const stored = this.#view.get('vatstore', keys.vatRow(space, key));
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
    const at = keys.preImage(vat, incarnation, space, key);
    assert(this.#preImages.get(at) === undefined, 'one pre-image per row and incarnation');
    this.#preImages.set(at, withHeader(row));
    this.#journal.record(() => this.#preImages.delete(at));
  }

  #put(space: number, key: BinaryKey, row: Row): void {
    let rows = this.#dirty.get(space);
    if (rows === undefined) {
      rows = new Map();
      this.#dirty.set(space, rows);
    }
    const before = rows.get(key);
    rows.set(key, row);
    if (before === undefined) this.#dirtyCount += 1;
    this.#journal.record(() => {
      if (before !== undefined) rows.set(key, before);
      else {
        rows.delete(key);
        this.#dirtyCount -= 1;
      }
    });
  }
}
