/**
 * One collection: a durable or merely-virtual map from scalar keys to values, strong or weak. Sets
 * are maps without values.
 *
 * Invariants: an object of this class knows only which collection it stands for; schema, counts and
 * entries are read when a method needs them (rules.md#o1). Every check comes before the first
 * effect.
 */
import { M, getRankCover, matches, mustMatch } from '@endo/patterns';
import type { Pattern } from '@endo/patterns';
import type { BinaryKey } from '@heirloom/store';
import { check } from '../../check.js';
import { importRef, type VRef } from '../../protocol/refs.js';
import { isObject } from '../../values.js';
import { failNotInBaggage } from '../contract/author-advice.js';
import type { Encoded } from '../contract/context.js';
import { Fail, b, q } from '../contract/fail.js';
import { assertPattern, tagOf } from '../contract/patterns.js';
import type { Core } from '../objects/core.js';
import { assertDurable } from '../objects/stored-values.js';
import type { CollectionEntries, Place, Stored } from './collection-entries.js';
import { NO_ORDINAL, makeCoverEncoder, toCesu8 } from './collection-keys.js';
import type { CollectionTables, Generation, Schema } from './collection-tables.js';
import { BAGGAGE_CID } from './describe-row.js';

/** Which entries vat code says that a method is about. Undefined: all. */
export interface Selection {
  readonly keyPattern?: unknown;
  readonly valuePattern?: unknown;
}

/** A selection by what has been checked to be patterns. */
export interface CheckedSelection {
  readonly keyPattern: Pattern | undefined;
  readonly valuePattern: Pattern | undefined;
}

const SCALAR: Pattern = M.scalar();
/** It names no entry, since no collection gives it an ordinal. */
const NO_VREF = importRef(0);
const NOTHING: Encoded = { body: new Uint8Array(0), slots: [] };

/** Scalars to endo, for which it has no place in the order of keys. */
const isByteArray = (key: unknown): boolean =>
  isObject(key) && Object.getPrototypeOf(key) === ArrayBuffer.prototype;

/** True for primitives that are scalar keys whatever their value. */
const isPlainScalar = (key: unknown): boolean => !isObject(key) && typeof key !== 'symbol';

const matchesAll = (pattern: unknown): boolean =>
  pattern === undefined || (isObject(pattern) && tagOf(pattern) === 'match:any');

export class Collection {
  readonly entries: CollectionEntries;
  readonly core: Core;
  readonly #tables: CollectionTables;
  readonly #storeKind: number;
  readonly #cid: number;
  #store: object | undefined;

  constructor(
    core: Core,
    tables: CollectionTables,
    identity: {
      readonly storeKind: number;
      readonly cid: number;
      readonly entries: CollectionEntries;
    },
  ) {
    this.core = core;
    this.#tables = tables;
    this.#storeKind = identity.storeKind;
    this.#cid = identity.cid;
    this.entries = identity.entries;
  }

  /**
   * Methods and iterators, which vat code may keep without their store, hold this, and so the
   * store: the collection is alive for as long as anything that reads it.
   */
  holdStore(store: object): void {
    this.#store = store;
  }

  get store(): object | undefined {
    return this.#store;
  }

  get generation(): Generation {
    return this.#tables.generationOf(this.#cid);
  }

  has(key: unknown): boolean {
    const { keyShape } = this.#schema;
    const isLegal =
      (isPlainScalar(key) || (matches(key, SCALAR) && !isByteArray(key))) &&
      (keyShape === undefined || matches(key, keyShape));
    if (!isLegal) return false;
    const place = this.entries.place(key);
    return place !== undefined && this.entries.has(place);
  }

  get(key: unknown): unknown {
    this.#checkKey(key);
    return this.#valueOf(this.#found(key).stored);
  }

  init(key: unknown, value: unknown): void {
    this.#checkKey(key);
    const place = this.entries.place(key);
    if (place !== undefined && this.entries.has(place)) {
      Fail`key ${key} already registered in collection ${q(this.#schema.label)}`;
    }
    const { body, slots } = this.#encodeValue(value);
    this.entries.add(this.#newPlace(key, place, value), body, slots);
  }

  set(key: unknown, value: unknown): void {
    this.#checkKey(key);
    const { body, slots } = this.#encodeValue(value);
    const { place, stored } = this.#found(key);
    this.entries.replace(place, stored, body, slots);
  }

  /** Adds a member to a set; nothing happens if it is one. */
  add(key: unknown): void {
    this.#checkKey(key);
    const place = this.entries.place(key);
    if (place !== undefined && this.entries.has(place)) return;
    this.entries.add(this.#newPlace(key, place, null), null, NOTHING.slots);
  }

  delete(key: unknown): void {
    this.#checkKey(key);
    const { place, stored } = this.#found(key);
    this.entries.remove(place, stored);
  }

  getSize(selection: CheckedSelection): number {
    if (matchesAll(selection.keyPattern) && matchesAll(selection.valuePattern)) {
      this.#schema; // The collection must exist.
      return this.#tables.readCounts(this.#cid).entryCount;
    }
    let size = 0;
    for (const _ of this.rowsOf(selection)) size += 1;
    return size;
  }

  clear(selection: CheckedSelection): void {
    for (const row of this.rowsOf(selection)) this.entries.removeRow(row);
  }

  /**
   * Steps through the `entry` rows that match, in key order, holding nothing but the last one.
   * `beforeStep` runs before each step.
   */
  *rowsOf(selection: CheckedSelection, beforeStep?: () => void): Generator<BinaryKey, void> {
    const { keyPattern, valuePattern } = selection;
    const isAnyKey = matchesAll(keyPattern);
    const isAnyValue = matchesAll(valuePattern);
    const [start, end] = this.#rangeOf(keyPattern);
    beforeStep?.();
    let row = this.entries.firstRow(start, end);
    while (row !== undefined) {
      const isMatch =
        (isAnyKey || matches(this.entries.keyOfRow(row), keyPattern)) &&
        (isAnyValue || matches(this.valueOfRow(row), valuePattern));
      if (isMatch) yield row;
      beforeStep?.();
      row = this.entries.nextRow(row, end);
    }
  }

  /** Throws unless both are patterns. */
  checkSelection({ keyPattern, valuePattern }: Selection): CheckedSelection {
    this.#schema; // The collection must exist.
    if (keyPattern !== undefined) assertPattern(keyPattern);
    if (valuePattern !== undefined) assertPattern(valuePattern);
    return { keyPattern, valuePattern };
  }

  valueOfRow(row: BinaryKey): unknown {
    const stored = this.entries.read(this.entries.placeOfRow(row));
    return stored === undefined ? undefined : this.#valueOf(stored);
  }

  get #schema(): Schema {
    this.core.purity.assertOff('a collection');
    return this.#tables.schemaOf(this.#storeKind, this.#cid);
  }

  #valueOf({ body, slots }: Stored): unknown {
    return body === null ? null : this.core.values.decode(body, slots);
  }

  #found(key: unknown): { readonly place: Place; readonly stored: Stored } {
    const place = this.entries.place(key);
    const stored = place === undefined ? undefined : this.entries.read(place);
    if (place === undefined || stored === undefined) {
      const { label } = this.#schema;
      const fail = (): never => Fail`key ${key} not found in collection ${q(label)}`;
      return this.#cid === BAGGAGE_CID ? failNotInBaggage(key, fail) : fail();
    }
    return { place, stored };
  }

  #checkKey(key: unknown): void {
    const { label, keyShape } = this.#schema;
    if (isPlainScalar(key) && keyShape === undefined) return;
    const message = `invalid key type for collection ${String(q(label))}`;
    if (!isPlainScalar(key)) mustMatch(key, SCALAR, message);
    if (isByteArray(key)) throw Error(`${message}: A "byteArray" cannot be a key`);
    if (keyShape !== undefined) mustMatch(key, keyShape, message);
  }

  #encodeValue(value: unknown): Encoded {
    const { label, valueShape } = this.#schema;
    this.core.context.hardening.harden(value);
    if (valueShape !== undefined) {
      const message = `invalid value type for collection ${String(q(label))}`;
      mustMatch(value, valueShape, message);
    }
    const encoded = this.core.context.codec.encode(value);
    if (this.#tables.scope.isDurable) assertDurableValue(this.core, value, encoded);
    return encoded;
  }

  /** The place of a new key; a remotable that has no vref is given one. */
  #newPlace(key: unknown, place: Place | undefined, value: unknown): Place {
    if (place !== undefined && place.vref === undefined) return place;
    const vref = place?.vref ?? this.#refOf(key);
    // Entries keyed by a revoked object go with its rows: nobody would remove a later one.
    const revocation = this.entries.isWeak ? this.core.dismissals.revocationOf(vref) : undefined;
    if (revocation !== undefined) throw Error(revocation);
    if (this.#tables.scope.isDurable) {
      assertDurable(this.core.context, [vref], () => {
        throw Fail`key (${key}) is not durable in ${value}`;
      });
    }
    return place ?? this.entries.placeOf(vref);
  }

  #refOf(remotable: unknown): VRef {
    const [vref] = this.core.context.codec.encode(remotable).slots;
    check(vref !== undefined, 'a key that is no primitive is a remotable');
    return vref;
  }

  #rangeOf(keyPattern: Pattern | undefined): [start: BinaryKey, end: BinaryKey] {
    const { prefix, end } = this.entries;
    if (matchesAll(keyPattern)) return [prefix, end];
    const encoder = makeCoverEncoder(remotable => {
      const vref = this.core.context.references.vrefOf(remotable) ?? NO_VREF;
      const stored = this.entries.read(this.entries.placeOf(vref));
      return { ordinal: stored?.ordinal ?? NO_ORDINAL, vref };
    });
    const [first, behind] = getRankCover(keyPattern, encoder);
    return [prefix + toCesu8(first), prefix + toCesu8(behind)];
  }
}

/** Throws unless everything that a value (or a schema) mentions is durable. */
export const assertDurableValue = (core: Core, value: unknown, { body, slots }: Encoded): void => {
  assertDurable(core.context, slots, slot => {
    const where = `${body.length} bytes`;
    throw Fail`value is not durable: ${value} at slot ${b(slot)} of ${where}`;
  });
};
