/**
 * The vatstore rows that kinds and collections read and write, as typed tuples: docs/tables.md.
 *
 * A row's bytes are a frame: safe integers, booleans, null, byte arrays, ASCII strings and such
 * tuples. Data and text of vat code stand inside as canonical bytes. What is read was written by
 * this file: shapes are asserted, not repaired.
 */
import type { BinaryKey } from '@heirloom/store';
import type { FrameValue } from '@heirloom/store/frame';
import { packFrame } from '@heirloom/store/frame-writer';
import { check } from '../../check.js';
import type { RowStore } from '../../contracts/row-store.js';
import { unpackTuple } from '../../protocol/frame-reader.js';
import type { Body, Slots } from '../../protocol/passables.js';
import type { VRef } from '../../protocol/refs.js';

type VatRow = readonly [nextKind: number, nextCid: number];

/**
 * `shape` null: the handle was made and never defined. `facets` null: a single-facet kind.
 * `schema`: the version of its states that the last definition has.
 */
export type KindRow = readonly [
  tag: Body,
  facets: Body | null,
  shape: Body | null,
  shapeSlots: Slots,
  schema: number,
  layouts: Body,
];

/** What garbage goes by: see docs/gc.md. */
type HeaderFields = readonly [count: number, es: string, zero: number, released: number];

export type ObjectRow = readonly [
  /** The version of the kind under which the state was written. */
  schema: number,
  layout: number,
  ...HeaderFields,
  /** Null: the body stands in a row of its own. */
  body: Body | null,
  slots: Slots,
];

/** `keyShape` null: any scalar. `valueShape` null: anything. */
export type CollectionRow = readonly [
  storeKind: number,
  label: Body,
  keyShape: Body | null,
  valueShape: Body | null,
  /** Of the key shape, then of the value shape. */
  slots: readonly [Slots, Slots],
  ...HeaderFields,
];

type CollectionCountsRow = readonly [entryCount: number, nextOrdinal: number];

/** `body` null: a member of a set. */
type EntryRow = readonly [body: Body | null, slots: Slots];
type RefEntryRow = readonly [ordinal: number, body: Body | null, slots: Slots];

/**
 * `isDropped`: the kernel has been told that the vat no longer reaches the import. `spelled`: its
 * interface (protocol/interfaces.ts), left out where it has none.
 */
type ImportRefRow = readonly [
  count: number,
  zero: number,
  released: number,
  isDropped: boolean,
  ...spelled: readonly [] | readonly [string],
];

/**
 * Each watch is the canonical array `[watcher, ...args]`. `handlers`: what the watcher could be
 * told when the watch was made, a bit each (promises/watched-promises.ts); older images left that
 * out.
 */
export type WatchRow = readonly [
  watches: readonly (readonly [body: Body, slots: Slots, ...handlers: [] | [number]])[],
];

/** The tag of a kind that was dismissed. */
type DismissedRow = readonly [tag: Body];

/** `isUnswept`: what only those outside held, before the fork, may be there still. */
export type ForkRow = readonly [generation: number, isUnswept: boolean];

type Getter = Pick<RowStore, 'get'>;

interface Rows {
  vat: VatRow;
  fork: ForkRow;
  kind: KindRow;
  dismissed: DismissedRow;
  object: ObjectRow;
  collection: CollectionRow;
  collectionCounts: CollectionCountsRow;
  entry: EntryRow;
  refEntry: RefEntryRow;
  importRef: ImportRefRow;
  watch: WatchRow;
  watcher: readonly [watcher: VRef];
  durablePromise: readonly [resolver: VRef];
}

/** Of rows that have one. */
const LENGTHS: Readonly<Record<Exclude<keyof Rows, 'importRef'>, number>> = {
  vat: 2,
  fork: 2,
  kind: 6,
  dismissed: 1,
  object: 8,
  collection: 9,
  collectionCounts: 2,
  entry: 2,
  refEntry: 3,
  watch: 1,
  watcher: 1,
  durablePromise: 1,
};

const hasLength = (kind: keyof Rows, { length }: readonly unknown[]): boolean =>
  kind === 'importRef' ? length === 4 || length === 5 : length === LENGTHS[kind];

export const packRow = <K extends keyof Rows>(kind: K, row: Rows[K]): Uint8Array => {
  check(hasLength(kind, row), 'a row of another length');
  return packFrame(row);
};

/** The length tells what was written under another schema; the members `packRow` took as typed. */
const isRow = <K extends keyof Rows>(kind: K, row: readonly FrameValue[]): row is Rows[K] =>
  hasLength(kind, row);

export const unpackRow = <K extends keyof Rows>(kind: K, bytes: Uint8Array): Rows[K] => {
  const row = unpackTuple(bytes);
  check(isRow(kind, row), 'a row of another length');
  return row;
};

/** The row of a key that has just been found, or that another row says is there. */
export const rowAt = <K extends keyof Rows>(kind: K, rows: Getter, key: BinaryKey): Rows[K] =>
  unpackRow(kind, bytesAt(rows, key));

/** As `rowAt`, of a row that is no tuple. */
export const bytesAt = (rows: Getter, key: BinaryKey): Uint8Array => {
  const bytes = rows.get(key);
  check(bytes !== undefined, 'a row that is there');
  return bytes;
};

/** A row that holds one number: the next instance of a kind, a zero entry, a virtual count. */
export const packNumber = (n: number): Uint8Array => packFrame([n]);
export const unpackNumber = (bytes: Uint8Array): number => {
  const [n, ...rest] = unpackTuple(bytes);
  check(typeof n === 'number' && rest.length === 0, 'a row of one number');
  return n;
};
