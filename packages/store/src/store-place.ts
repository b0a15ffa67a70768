/**
 * What a store takes from the outside: a place, which one kernel at a time may have, and in it an
 * environment of ordered tables.
 *
 * Production has a directory and LMDB (directory.ts); memory-place.ts has the same in memory.
 * The contract is tested against both (environment.contract.test.ts).
 */
import type { BinaryKey, RowChange, StoredRow, TableName } from './types.js';
import type { DriveSteps } from './steps/stepwise.js';

/** Keys that one read gives at most. */
export const KEYS_AFTER_MAX = 1_000_000;

/** One fixed block, for reads. */
export interface EnvironmentSnapshot {
  /** Ends it. It may not be used afterwards. */
  done(): void;
}

/** The tables of a store, with one writer. Bytes that leave it are copies. */
export interface Environment {
  /** Opens one table. False when it does not exist (and, if writable, `create` was not asked). */
  openTable(table: TableName, options: { readonly create: boolean }): boolean;
  /** Opens what is not open yet. Returns the tables that do not exist. */
  openTables(options: { readonly create: boolean }): TableName[];
  /** Without a snapshot a read shows the newest block that is durable. */
  get(table: TableName, key: BinaryKey, snapshot?: EnvironmentSnapshot): Uint8Array | undefined;
  /** The keys after `after` (exclusive) and before `end` (exclusive), at most `limit`, in order. */
  keysAfter(
    table: TableName,
    range: { readonly after: BinaryKey; readonly end: BinaryKey; readonly limit: number },
    snapshot?: EnvironmentSnapshot,
  ): BinaryKey[];
  /** Their rows, as many as make up `bytes`, at least one where there is one. */
  rowsAfter(
    table: TableName,
    range: { readonly after: BinaryKey; readonly end: BinaryKey; readonly bytes: number },
    snapshot?: EnvironmentSnapshot,
  ): StoredRow[];
  /** How many rows a table has in the newest block. */
  rowCount(table: TableName): number;
  /**
   * Writes all rows, or none, and resolves when they are durable; until then no read shows them.
   * What takes long may be driven in steps; one write at a time.
   */
  write(rows: readonly RowChange[], drive?: DriveSteps): Promise<void>;
  /** The newest block, whatever is committed until `done()`. */
  beginSnapshot(): EnvironmentSnapshot;
  /** Frees the places of readers that died. Returns their count. */
  readerCheck(): number;
  close(): Promise<void>;
}

export interface PlaceLock {
  /** Errors: HostError STORE_GONE when the place is not there any more, so nobody is kept out. */
  assertHeld(): void;
  /** Idempotent. */
  release(): void;
}

/** Where a store is, or is to be made. Its errors are those of `Store.open`. */
export interface StorePlace {
  /** For messages. */
  readonly name: string;
  /** Keeps every other kernel out. Errors: HostError STORE_LOCKED, and why it can be no store. */
  lock(): PlaceLock;
  /** Under the lock: is a whole store there? If not, a creation has begun, and all else is gone. */
  prepare(): boolean;
  /** The first block is durable: from now on a whole store is there. */
  endCreation(): void;
  /** Opens it for the one writer. `readersMax`: read transactions at a time, of all readers. */
  openEnvironment(readersMax: number): Environment;
  /** How much room the store takes. */
  sizeBytes(): number;
}
