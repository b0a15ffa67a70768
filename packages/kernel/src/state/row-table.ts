/**
 * The rows of vats, with the header that makes replay exact (rules.md#t2).
 *
 * Theory of operation. A vat lists its spaces, top first (rules.md#u5). A row is what the first
 * space that has it says. What is written goes to the lowest of those that the vat alone lists, and
 * is taken out of those above: they empty (lifecycle/shared-spaces.ts). Those below are listed by
 * other vats too, and what they say together never changes: a row of theirs that is deleted is
 * hidden by a *tombstone* above.
 * Invariants:
 * - `born` and `written` are set here and nowhere else;
 * - the first time that an incarnation overwrites or deletes a row that an earlier one wrote, the
 *   old row becomes a pre-image of (vat, incarnation), under the space that the vat lists last;
 * - a row that this block both creates and deletes leaves no trace.
 */
import assert from 'node:assert/strict';
import {
  atOnce,
  preimageKey,
  required,
  sorting,
  vatstoreKey,
  type BinaryKey,
  type ReadView,
  type RowChange,
  type Steps,
} from '@heirloom/store';
import {
  FIRST_INCARNATION,
  lowestOf,
  storedIncarnation,
  type HandOverRow,
  type Incarnation,
  type Space,
  type Spaces,
  type VatNumber,
} from '@heirloom/worker';
import { AppendRows } from './append-rows.js';
import type { Journal, Restorable } from './journal.js';
import { ranges } from './kernel-keys.js';
import { compareKeys, ROW_WEIGHT } from './kernel-table.js';
import { firstOf, keysLeft, keysOf } from './scan.js';

export const HEADER_BYTES = 8;

/** Rows that are handed over in one step. */
const HANDED_AT_ONCE = 1_024;

/** What one space says of a row. */
interface Row {
  /** `undefined`: deleted. */
  readonly bytes: Uint8Array | undefined;
  readonly born: Incarnation;
  readonly written: Incarnation;
  /** The store shows no such row of this space as of the last commit. */
  readonly fresh: boolean;
  /** Deleted, and a space below has the row: a tombstone is stored. */
  readonly hides: boolean;
}

export interface RowWriter {
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
  readonly spaces: Spaces;
  /** How many of them, from the top, no other vat lists; at least one. */
  readonly own: number;
}

const NO_SPACES: readonly Space[] = [];
const TOMBSTONE = new Uint8Array(1);
const isTombstone = (stored: Uint8Array): boolean => stored.length < HEADER_BYTES;

/** A stored row without its header; undefined for a tombstone. */
export const bodyOf = (stored: Uint8Array): Uint8Array | undefined =>
  isTombstone(stored) ? undefined : stored.subarray(HEADER_BYTES);

/** Does the space itself say anything of the row? */
const isStored = (row: Row | undefined): boolean => row?.bytes !== undefined || row?.hides === true;

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
  bytes = 0;

  put(key: BinaryKey, row: Row): void {
    this.bytes += weightOf(key, row) - weightOf(key, this.rows.get(key));
    this.rows.set(key, row);
  }

  /** Called by the journal only. */
  restore(key: BinaryKey, before: Row | undefined): void {
    this.bytes += weightOf(key, before) - weightOf(key, this.rows.get(key));
    if (before === undefined) this.rows.delete(key);
    else this.rows.set(key, before);
  }
}

/** About how many bytes it takes. */
const weightOf = (key: BinaryKey, row: Row | undefined): number =>
  row === undefined ? 0 : ROW_WEIGHT + key.length + (row.bytes?.length ?? 0);

export class RowTable {
  readonly #view: ReadView;
  readonly #journal: Journal;
  /** By space, so that a hand-over finds a vat's rows without a scan. */
  readonly #dirty = new Map<Space, SpaceRows>();
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

  /** About how many bytes the rows that this block changed take. */
  get dirtyBytes(): number {
    let bytes = 0;
    for (const space of this.#dirty.values()) bytes += space.bytes;
    return bytes;
  }

  /** One row write of a merged crank: `bytes` without header, `null` deletes. */
  write(writer: RowWriter, key: BinaryKey, bytes: Uint8Array | null): void {
    const { incarnation, spaces, own } = writer;
    const target = required(spaces[own - 1], 'a space of the vat');
    const stored = this.#lookupIn(target, key);
    const before = spaces.length === 1 ? stored : this.#lookup(spaces, key);
    const exists = before?.bytes !== undefined;
    if (bytes === null && !exists) return;
    if (exists && before.written < incarnation) this.#keepPreImage(writer, key, before);
    for (const upper of own === 1 ? NO_SPACES : spaces.slice(0, own - 1)) {
      this.#takeOut(upper, key, this.#lookupIn(upper, key));
    }
    const born = exists ? before.born : incarnation;
    const fresh = stored === undefined || stored.fresh;
    // A replay that is handed the tombstone must know who deleted the row (rules.md#t4).
    const hides = bytes === null && this.#isUnder(spaces, own, key);
    const row = { bytes: bytes ?? undefined, born, written: incarnation, fresh, hides };
    this.#put(target, key, row);
  }

  /** Is there such a row now? */
  has(spaces: Spaces, key: BinaryKey): boolean {
    return this.#lookup(spaces, key)?.bytes !== undefined;
  }

  /** The row, which must exist. */
  need(spaces: Spaces, key: BinaryKey): Uint8Array {
    const bytes = this.#lookup(spaces, key)?.bytes;
    assert(bytes !== undefined, 'no such row');
    return bytes;
  }

  /** The keys of a vat's rows that begin with `prefix`, in order. For few rows. */
  keysWith(spaces: Spaces, prefix: BinaryKey): BinaryKey[] {
    const keys = new Set<BinaryKey>();
    for (const space of spaces) {
      const start = vatstoreKey(space, prefix);
      for (const key of keysOf(this.#view, 'vatstore', start)) {
        keys.add(key.slice(start.length - prefix.length));
      }
      for (const key of this.#dirty.get(space)?.rows.keys() ?? []) {
        if (key.startsWith(prefix)) keys.add(key);
      }
    }
    return [...keys].filter(key => this.has(spaces, key)).sort();
  }

  /** Has nothing been written to a space, or everything been taken out again? */
  isEmpty(space: Space): boolean {
    for (const row of this.#dirty.get(space)?.rows.values() ?? []) {
      if (isStored(row)) return false;
    }
    return this.#untouched(space, '', 1).length === 0;
  }

  /** The vat's rows and tombstones since the last commit (rules.md#t4), in key order. */
  *handingOver(spaces: Spaces): Steps<HandOverRow[]> {
    const keys = new Set<BinaryKey>();
    for (const space of spaces) {
      for (const key of this.#dirty.get(space)?.rows.keys() ?? []) {
        keys.add(key);
        if (keys.size % HANDED_AT_ONCE === 0) yield;
      }
    }
    const rows: HandOverRow[] = [];
    for (const key of yield* sorting([...keys], compareKeys)) {
      const row = required(this.#lookup(spaces, key), 'what this block says of a row');
      rows.push([Buffer.from(key, 'latin1'), row.bytes ?? null, row.born, row.written]);
      if (rows.length % HANDED_AT_ONCE === 0) yield;
    }
    return rows;
  }

  /** Removes up to `limit` rows of a space that no vat lists any more; returns how many. */
  forgetSpace(space: Space, limit: number): number {
    const chosen = this.#some(space, limit);
    for (const key of chosen) this.#takeOut(space, key, this.#lookupIn(space, key));
    return chosen.length;
  }

  /**
   * Moves up to `limit` rows of a space down to the next one, which nobody lists without it: no row
   * of a vat changes. Returns how many.
   */
  sink(spaces: Spaces, at: number, limit: number): number {
    const [upper, lower] = spaces.slice(at);
    assert(upper !== undefined && lower !== undefined, 'the lowest space sinks no further');
    const chosen = this.#some(upper, limit);
    for (const key of chosen) {
      const row = required(this.#lookupIn(upper, key), 'a row of the space');
      const under = this.#lookupIn(lower, key);
      this.#takeOut(upper, key, row);
      const hides = row.hides && this.#isUnder(spaces, at + 2, key);
      this.#put(lower, key, { ...row, fresh: under === undefined || under.fresh, hides });
    }
    return chosen.length;
  }

  /**
   * Copies up to `limit` rows of a space, those behind a key first, to one that has none of them.
   * Returns their keys, in order.
   */
  copy(from: Space, to: Space, after: BinaryKey, limit: number): BinaryKey[] {
    const made = this.#made(from, after, limit);
    const chosen = firstOf([...made, ...this.#untouched(from, after, limit)], limit);
    for (const key of chosen) {
      const row = required(this.#lookupIn(from, key), 'a row of the space');
      this.#put(to, key, { ...row, fresh: true });
    }
    return chosen;
  }

  /** How many rows and tombstones a space has, if they are fewer than `most`; else `most`. */
  countUpTo(space: Space, most: number): number {
    return this.#some(space, most).length;
  }

  changes(into: RowChange[]): void {
    atOnce(this.changing(into));
  }

  /** The same in steps. The table must not change meanwhile. */
  *changing(into: RowChange[]): Steps<void> {
    for (const [space, { rows }] of this.#dirty) {
      for (const [key, row] of rows) {
        const gone = !isStored(row);
        if (gone && row.fresh) continue;
        const value = gone ? undefined : row.hides ? TOMBSTONE : withHeader(row);
        into.push({ table: 'vatstore', key: vatstoreKey(space, key), value });
        yield;
      }
    }
  }

  committed(): void {
    this.#dirty.clear();
  }

  /** The logical row; a deleted one has no bytes. */
  #lookup(spaces: readonly Space[], key: BinaryKey): Row | undefined {
    let gone: Row | undefined;
    for (const space of spaces) {
      const row = this.#lookupIn(space, key);
      if (isStored(row)) return row;
      gone ??= row;
    }
    return gone;
  }

  /** Up to `limit` keys of rows that are stored in a space: those that this block wrote first. */
  #some(space: Space, limit: number): BinaryKey[] {
    if (limit <= 0) return [];
    const made = this.#made(space, '', limit);
    return [...made, ...this.#untouched(space, '', limit - made.length)];
  }

  /** Up to `limit` keys behind `after` of rows that this block wrote to a space, in order. */
  #made(space: Space, after: BinaryKey, limit: number): BinaryKey[] {
    const made: BinaryKey[] = [];
    for (const [key, row] of this.#dirty.get(space)?.rows ?? []) {
      if (key > after && isStored(row)) made.push(key);
    }
    return firstOf(made, limit);
  }

  /** Likewise of rows that are stored in a space, and that this block has not changed. */
  #untouched(space: Space, after: BinaryKey, limit: number): BinaryKey[] {
    const { prefix, end } = ranges.space(space);
    const dirty = this.#dirty.get(space)?.rows;
    const isLeft = (key: BinaryKey): boolean => dirty?.has(key.slice(prefix.length)) !== true;
    const range = { table: 'vatstore', after: prefix + after, end } as const;
    return keysLeft(this.#view, range, limit, isLeft).map(key => key.slice(prefix.length));
  }

  /** The space itself says nothing of the row any more. */
  #takeOut(space: Space, key: BinaryKey, row: Row | undefined): void {
    if (row !== undefined && isStored(row)) {
      this.#put(space, key, { ...row, bytes: undefined, hides: false });
    }
  }

  /** Has the vat the row by what its spaces from a place on say? */
  #isUnder(spaces: Spaces, from: number, key: BinaryKey): boolean {
    return from < spaces.length && this.#lookup(spaces.slice(from), key)?.bytes !== undefined;
  }

  /** What one space says of it. */
  #lookupIn(space: Space, key: BinaryKey): Row | undefined {
    const dirty = this.#dirty.get(space)?.rows.get(key);
    if (dirty !== undefined) return dirty;
    const stored = this.#view.get('vatstore', vatstoreKey(space, key));
    if (stored === undefined) return undefined;
    const fresh = false;
    if (isTombstone(stored)) {
      const never = FIRST_INCARNATION;
      return { bytes: undefined, born: never, written: never, fresh, hides: true };
    }
    const header = Buffer.from(stored.buffer, stored.byteOffset, HEADER_BYTES);
    const born = storedIncarnation(header.readUInt32BE(0));
    const written = storedIncarnation(header.readUInt32BE(4));
    return { bytes: bodyOf(stored), born, written, fresh, hides: false };
  }

  #keepPreImage(writer: RowWriter, key: BinaryKey, row: Row): void {
    assert(row.born < writer.incarnation, 'a row written earlier was born earlier');
    const { vat, incarnation, spaces } = writer;
    this.preImages.add(preimageKey(vat, incarnation, lowestOf(spaces), key), withHeader(row));
  }

  #put(space: Space, key: BinaryKey, row: Row): void {
    let dirty = this.#dirty.get(space);
    if (dirty === undefined) {
      dirty = new SpaceRows();
      this.#dirty.set(space, dirty);
    }
    this.#journal.recordRow(dirty, key, dirty.rows.get(key));
    dirty.put(key, row);
  }
}
