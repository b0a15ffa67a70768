/**
 * Writes a whole store from rows that come from elsewhere.
 *
 * Invariants: the directory counts as *being created* until `finish` has returned, so nothing can
 * open half of it as a store; every `put` is durable before the next. Whether the rows are right is
 * the caller's business: read them back before `finish`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { beginCreation, endCreation, inspectDirectory } from '../directory.js';
import { LmdbEnvironment } from '../environment.js';
import { withIoErrors } from '../files/io-errors.js';
import { describeError, HostError } from '../host-error.js';
import { blockKey } from '../keys.js';
import { packBlockRecord, type BlockRecord } from '../state-root.js';
import { STATE_TABLES } from '../state-chunks.js';
import type { BinaryKey, Height, ReadView, StoredRow, TableName } from '../types.js';

const READERS_MAX = 8;

export class StoreImport implements ReadView {
  readonly #directory: string;
  readonly #environment: LmdbEnvironment;

  /** Begins in a directory that is empty or not there. Errors: HostError NOT_A_STORE, STORE_IO. */
  constructor(directory: string) {
    this.#directory = path.resolve(directory);
    withIoErrors(this.#directory, () => {
      const state = inspectDirectory(this.#directory);
      if (state !== 'absent' && state !== 'empty') {
        throw new HostError('NOT_A_STORE', `${this.#directory} is not empty.`);
      }
      fs.mkdirSync(this.#directory, { recursive: true });
      beginCreation(this.#directory);
    });
    const options = { directory: this.#directory, readersMax: READERS_MAX, readOnly: false };
    this.#environment = new LmdbEnvironment(options);
    this.#environment.openTables({ create: true });
  }

  get(table: TableName, key: BinaryKey): Uint8Array | undefined {
    return this.#environment.get(table, key);
  }

  keysAfter(table: TableName, after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    return this.#environment.keysAfter(table, { after, end, limit });
  }

  async put(table: TableName, rows: readonly StoredRow[]): Promise<void> {
    if (!STATE_TABLES.includes(table)) {
      throw new HostError('STORE_CORRUPT', `${table} is no table of the state.`);
    }
    await this.#write(rows.map(({ key, value }) => ({ table, key, value })));
  }

  /** Rows that are this host's alone: no part of the state. */
  async putLocal(rows: readonly StoredRow[]): Promise<void> {
    await this.#write(rows.map(({ key, value }) => ({ table: 'local', key, value })));
  }

  /** Makes it a store whose newest block is this one. The import is over. */
  async finish(height: Height, record: BlockRecord): Promise<void> {
    const value = packBlockRecord(record);
    await this.#write([{ table: 'blocks', key: blockKey(height), value }]);
    await this.#environment.close();
    withIoErrors(this.#directory, () => endCreation(this.#directory));
  }

  /** Gives up. What was written stays, and is no store. */
  async abandon(): Promise<void> {
    await this.#environment.close();
  }

  async #write(rows: Parameters<LmdbEnvironment['write']>[0]): Promise<void> {
    try {
      await this.#environment.write(rows);
    } catch (error) {
      const why = `${this.#directory} cannot be written: ${describeError(error)}. Make room.`;
      throw new HostError('STORE_IO', why, { cause: error });
    }
  }
}
