/**
 * The store as a worker thread or process sees it: read only, one fixed snapshot at a time.
 *
 * Invariants: a reader is opened after the kernel has opened the store, never before (rules.md#s3);
 * every read of a snapshot goes through its own transaction, so nothing that commits meanwhile
 * shows (rules.md#s4); a reader between snapshots holds no transaction, so it pins no pages.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { inspectDirectory } from './directory.js';
import { LmdbEnvironment } from './environment.js';
import { HostError } from './host-error.js';
import { readMetaInteger } from './meta.js';
import { assertSchema, type SchemaChoice } from './schema-version.js';
import type { Environment, EnvironmentSnapshot } from './store-place.js';
import {
  heightFrom,
  type BinaryKey,
  type Height,
  type ScanSnapshot,
  type StoredRow,
  type StoreReader,
  type TableName,
} from './types.js';

export interface ReaderOptions extends SchemaChoice {
  readonly directory: string;
  /** As the kernel opened the store. */
  readonly readersMax: number;
  /** True in a worker of the kernel that has the store open. */
  readonly withinKernel?: boolean;
}

/** A reader whose snapshots can be read whole. */
export interface ScanReader extends StoreReader {
  begin(): ScanSnapshot;
}

class Snapshot implements ScanSnapshot {
  readonly height: Height;
  readonly #environment: Environment;
  readonly #onDone: () => void;
  #transaction: EnvironmentSnapshot | undefined;

  constructor(environment: Environment, onDone: () => void) {
    this.#environment = environment;
    this.#onDone = onDone;
    const transaction = environment.beginSnapshot();
    this.#transaction = transaction;
    try {
      const height = readMetaInteger(environment, 'height', transaction);
      assert(height !== undefined, 'snapshot: no height');
      this.height = heightFrom(height);
    } catch (error) {
      transaction.done();
      throw error;
    }
  }

  get(table: TableName, key: BinaryKey): Uint8Array | undefined {
    return this.#environment.get(table, key, this.#live());
  }

  keysAfter(table: TableName, after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    return this.#environment.keysAfter(table, { after, end, limit }, this.#live());
  }

  rowsAfter(table: TableName, after: BinaryKey, end: BinaryKey, bytes: number): StoredRow[] {
    return this.#environment.rowsAfter(table, { after, end, bytes }, this.#live());
  }

  rowCountAbout(table: TableName): number {
    return this.#environment.rowCount(table);
  }

  done(): void {
    this.#live().done();
    this.#transaction = undefined;
    this.#onDone();
  }

  #live(): EnvironmentSnapshot {
    assert(this.#transaction !== undefined, 'snapshot: used after done');
    return this.#transaction;
  }
}

class Reader implements ScanReader {
  readonly #environment: Environment;
  #open = false;
  #closing: Promise<void> | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  begin(): ScanSnapshot {
    assert.equal(this.#closing, undefined, 'reader: closed');
    assert(!this.#open, 'reader: a snapshot is open');
    const snapshot = new Snapshot(this.#environment, () => {
      this.#open = false;
    });
    this.#open = true;
    return snapshot;
  }

  /** Idempotent. The snapshot must be done. */
  async close(): Promise<void> {
    assert(!this.#open, 'reader: a snapshot is open');
    this.#closing ??= this.#environment.close();
    return this.#closing;
  }
}

/**
 * Opens a store that a kernel has open.
 *
 * Errors: HostError NOT_A_STORE when there is none, STORE_SCHEMA, STORE_CORRUPT when a table is
 * missing.
 */
export function openReader(options: ReaderOptions): ScanReader {
  const { directory, readersMax, withinKernel = false } = options;
  const where = path.resolve(directory);
  if (inspectDirectory(where) !== 'store') {
    throw new HostError('NOT_A_STORE', `${where} holds no store. Create it with Store.open first.`);
  }
  const environment = new LmdbEnvironment({
    directory: where, readersMax, readOnly: true, withinKernel,
  });
  return readerOver(environment, where, options);
}

/**
 * A reader over an environment that was opened for reading; `where` names it in messages.
 *
 * Errors: HostError STORE_SCHEMA, STORE_CORRUPT when a table is missing. The environment is closed.
 */
export function readerOver(
  environment: Environment, where: string, choice: SchemaChoice = {},
): ScanReader {
  const missing = environment.openTables({ create: false });
  if (missing.length > 0) {
    void environment.close();
    throw new HostError('STORE_CORRUPT', `${where} lacks ${missing.join(', ')}. Restore a backup.`);
  }
  try {
    assertSchema(where, readMetaInteger(environment, 'schema'), choice);
  } catch (error) {
    void environment.close();
    throw error;
  }
  return new Reader(environment);
}
