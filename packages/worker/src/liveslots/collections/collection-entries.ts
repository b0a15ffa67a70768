/**
 * The rows of one collection's entries.
 *
 * A primitive key has one row, `entry`, that holds the value. A remotable key has two: `entry`,
 * empty, at its place in the order, and `refEntry`, found by its vref, with ordinal and value.
 * Invariants: both rows of a remotable key come and go together; every change of references is told
 * to the ledger; a strong collection holds its remotable keys, a weak one recognises them only, and
 * a row for each says so.
 */
import type { BinaryKey } from '@heirloom/store';
import { prefixEnd } from '@heirloom/store/keys';
import type { RowStore } from '../../contracts/row-store.js';
import type { Body, Slots } from '../../protocol/passables.js';
import type { VRef } from '../../protocol/refs.js';
import { Fail } from '../contract/fail.js';
import type { Core } from '../objects/core.js';
import { packRow, unpackRow } from '../rows/frames.js';
import {
  NO_ORDINAL,
  fromCesu8,
  isRemotableKeyText,
  primitiveKey,
  primitiveOf,
  remotableKeyText,
  vrefOfKeyText,
} from './collection-keys.js';
import type { CollectionTables } from './collection-tables.js';

/** The value of an entry, as stored. `body` null: a member of a set. */
export interface Stored {
  readonly body: Body | null;
  readonly slots: Slots;
  readonly ordinal: number;
}

/** Where a key stands: by its text, or by its vref. */
export type Place =
  | { readonly vref: undefined; readonly row: BinaryKey }
  | { readonly vref: VRef; readonly row: BinaryKey };

const ORDINAL_MAX = 9_999_999_999;
const EMPTY = new Uint8Array(0);
const NOTHING_HELD: Slots = [];

export class CollectionEntries {
  readonly #core: Core;
  readonly #tables: CollectionTables;
  readonly #cid: number;
  readonly isWeak: boolean;
  #prefix: BinaryKey | undefined;

  constructor(core: Core, tables: CollectionTables, cid: number, isWeak: boolean) {
    this.#core = core;
    this.#tables = tables;
    this.#cid = cid;
    this.isWeak = isWeak;
  }

  /** What the row keys of all entries begin with. */
  get prefix(): BinaryKey {
    this.#prefix ??= this.#tables.scope.keys.entries(this.#cid);
    return this.#prefix;
  }

  get end(): BinaryKey {
    return prefixEnd(this.prefix);
  }

  /** Where a scalar key stands; undefined for a remotable that the vat has no name for. */
  place(key: unknown): Place | undefined {
    const isRemotable = (typeof key === 'object' && key !== null) || typeof key === 'function';
    if (!isRemotable) return { vref: undefined, row: this.prefix + primitiveKey(key) };
    const vref = this.#core.context.references.vrefOf(key);
    return vref === undefined ? undefined : this.placeOf(vref);
  }

  placeOf(vref: VRef): Place {
    return { vref, row: this.#tables.scope.keys.refEntry(this.#cid, vref) };
  }

  has(place: Place): boolean {
    return this.#rows.get(place.row) !== undefined;
  }

  read(place: Place): Stored | undefined {
    const bytes = this.#rows.get(place.row);
    if (bytes === undefined) return undefined;
    if (place.vref === undefined) {
      const [body, slots] = unpackRow('entry', bytes);
      return { body, slots, ordinal: NO_ORDINAL };
    }
    const [ordinal, body, slots] = unpackRow('refEntry', bytes);
    return { body, slots, ordinal };
  }

  /** Adds an entry. The caller has checked that there is none at `place`. */
  add(place: Place, body: Body | null, slots: Slots): void {
    const ordinal = place.vref === undefined ? NO_ORDINAL : this.#takeOrdinal();
    this.#put(place, NOTHING_HELD, { body, slots, ordinal });
    if (place.vref !== undefined) {
      this.#rows.set(this.prefix + remotableKeyText(ordinal, place.vref), EMPTY);
      this.#recognize(place.vref, true);
    }
    if (!this.isWeak) this.#tables.changeCounts(this.#cid).entryCount += 1;
    this.#tables.noteAddition(this.#cid);
  }

  /** Gives the entry at `place`, which held `before`, another value. */
  replace(place: Place, before: Stored, body: Body, slots: Slots): void {
    this.#put(place, this.#held(place, before.slots), { ...before, body, slots });
  }

  remove(place: Place, before: Stored): void {
    this.#rows.delete(place.row);
    if (place.vref !== undefined) {
      this.#rows.delete(this.prefix + remotableKeyText(before.ordinal, place.vref));
      this.#recognize(place.vref, false);
    }
    const { isDurable } = this.#tables.scope;
    this.#core.ledger.rowChanged(isDurable, this.#held(place, before.slots), NOTHING_HELD);
    if (!this.isWeak) this.#tables.changeCounts(this.#cid).entryCount -= 1;
  }

  /** Removes the entry whose `entry` row is `row`, decoding neither key nor value. */
  removeRow(row: BinaryKey): void {
    const place = this.placeOfRow(row);
    const before = this.read(place);
    if (before !== undefined) this.remove(place, before);
  }

  /** Removes the entry keyed by `vref`, if there is one. */
  removeRef(vref: VRef): void {
    const place = this.placeOf(vref);
    const before = this.read(place);
    if (before !== undefined) this.remove(place, before);
  }

  /** Where the entry whose `entry` row is `row` keeps its value. */
  placeOfRow(row: BinaryKey): Place {
    const text = row.slice(this.prefix.length);
    if (!isRemotableKeyText(text)) return { vref: undefined, row };
    return this.placeOf(vrefOfKeyText(text));
  }

  /** The key of the entry whose `entry` row is `row`. */
  keyOfRow(row: BinaryKey): unknown {
    const text = fromCesu8(row.slice(this.prefix.length));
    return isRemotableKeyText(text)
      ? this.#core.values.valueOf(vrefOfKeyText(text))
      : primitiveOf(text);
  }

  /** The first `entry` row behind `after` and before `end`. */
  nextRow(after: BinaryKey, end: BinaryKey): BinaryKey | undefined {
    return this.#rows.nextKey(after, end);
  }

  /** The first `entry` row from `start` on. */
  firstRow(start: BinaryKey, end: BinaryKey): BinaryKey | undefined {
    // No entry has an empty text, so a start at the prefix itself need not be looked up.
    const isRow = start !== this.prefix && start < end && this.#rows.get(start) !== undefined;
    return isRow ? start : this.#rows.nextKey(start, end);
  }

  get #rows(): RowStore {
    return this.#core.context.rows;
  }

  #put(place: Place, before: Slots, { body, slots, ordinal }: Stored): void {
    const { isDurable } = this.#tables.scope;
    this.#core.ledger.rowChanged(isDurable, before, this.#held(place, slots));
    const bytes =
      place.vref === undefined
        ? packRow('entry', [body, slots])
        : packRow('refEntry', [ordinal, body, slots]);
    this.#rows.set(place.row, bytes);
  }

  /** What the entry at `place` holds. */
  #held(place: Place, slots: Slots): Slots {
    return this.isWeak || place.vref === undefined ? slots : [...slots, place.vref];
  }

  #takeOrdinal(): number {
    const counts = this.#tables.changeCounts(this.#cid);
    const ordinal = counts.nextOrdinal;
    if (ordinal > ORDINAL_MAX) Fail`too many remotable keys in one collection`;
    counts.nextOrdinal = ordinal + 1;
    return ordinal;
  }

  #recognize(vref: VRef, isRecognized: boolean): void {
    if (!this.isWeak) return;
    const key = this.#tables.scope.keys.recognizer(vref, this.#cid);
    if (!isRecognized) {
      this.#rows.delete(key);
      this.#core.ledger.unrecognized(vref);
      return;
    }
    this.#rows.set(key, EMPTY);
    this.#core.context.references.noteWeakKey(vref);
  }
}
