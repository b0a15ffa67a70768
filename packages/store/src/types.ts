/**
 * The shapes that the store hands out and takes in, and how shapes are told apart.
 *
 * Keys travel as binary strings: one UTF-16 unit per byte, 0..255 (latin1). A binary string is a
 * `Map` key, compares like the bytes it stands for, and becomes bytes only at the LMDB boundary.
 */
import assert from 'node:assert/strict';

/** What must be there. Errors: AssertionError says what is not. */
export function required<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) assert.fail(`${what} is required`);
  return value;
}

/** An integer from 0 on, which JavaScript keeps exactly. */
export const isNatural = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

declare const brand: unique symbol;
/**
 * A value that the type checker tells apart from all others of its type. Each brand is declared in
 * one file, together with the functions that make its values: docs/internals/brands.md.
 */
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };

/** The height of a block: 0 when the store has been created, then one more with each commit. */
export type Height = Brand<number, 'Height'>;

export const isHeight = (n: unknown): n is Height => isNatural(n);

/** Errors: RangeError for what is no height. */
export const heightFrom = (n: unknown): Height => {
  if (isHeight(n)) return n;
  throw new RangeError(`a height expected, got ${String(n)}`);
};

export const FIRST_HEIGHT = heightFrom(0);

export const heightAfter = (height: Height): Height => (height + 1) as Height;

/** The LMDB tables, in the order in which a block hash visits them. */
export const TABLE_NAMES = [
  'meta',
  'kernel',
  'vatstore',
  'preimage',
  'transcript',
  'bundles',
  'images',
  'blocks',
  'local',
] as const;
export type TableName = (typeof TABLE_NAMES)[number];

/** Tables outside the block hash: they may differ between replicas. */
export const UNHASHED_TABLES: readonly TableName[] = ['blocks', 'local'];

/** A key as a latin1 string, one character per byte. */
export type BinaryKey = string;

/** One row that a block writes (`value`) or deletes (`value === undefined`). */
export interface RowChange {
  readonly table: TableName;
  readonly key: BinaryKey;
  readonly value: Uint8Array | undefined;
}

/** A read view of the store: the kernel's (latest commit) or one fixed snapshot of a worker. */
export interface ReadView {
  /** The stored bytes, a copy that stays valid; `undefined` when there is no such row. */
  get(table: TableName, key: BinaryKey): Uint8Array | undefined;
  /** The keys after `after` (exclusive) and before `end` (exclusive), at most `limit`, in order. */
  keysAfter(table: TableName, after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[];
}

export interface StoredRow {
  readonly key: BinaryKey;
  readonly value: Uint8Array;
}

/** Rows that are read one after the other. */
export interface RowScan {
  /**
   * The rows after `after` and before `end` (both exclusive), in order: as many as make up `bytes`
   * of keys and values, at least one where there is one.
   */
  rowsAfter(table: TableName, after: BinaryKey, end: BinaryKey, bytes: number): StoredRow[];
}

/** A read view that is read whole: exports, statistics. */
export interface ScanView extends ReadView, RowScan {}

/** One fixed snapshot, held by a worker for the length of one wave message (rules.md#s4). */
export interface ReadSnapshot extends ReadView {
  /** The height of the last block that this snapshot shows. */
  readonly height: Height;
  /** Ends the read transaction. No method may be called afterwards. */
  done(): void;
}

/** A snapshot that can be read whole. */
export interface ScanSnapshot extends ReadSnapshot, ScanView {
  /** How many rows a table has in the newest block, which may not be the snapshot's. */
  rowCountAbout(table: TableName): number;
}

/** A read-only opening of the store in a worker thread or process (rules.md#s3). */
export interface StoreReader {
  /** Begins a snapshot of the newest committed block. At most one at a time. */
  begin(): ReadSnapshot;
  close(): Promise<void>;
}
