/**
 * The one module that talks to lmdb.
 *
 * Invariants: `overlappingSync` is off, so that a resolved transaction is durable (rules.md#s1);
 * all tables are open before anything is read (rules.md#s3); no iterator outlives the call that
 * opened it (rules.md#s4); bytes that leave this module are copies. Every row is written with a
 * checksum (files/row-sums.ts), which is compared whenever it is read (rules.md#s6).
 *
 * A block of many rows is written with turns for others, through an opening of its own: what that
 * one has written shows in it alone until the block is durable (decision 091).
 *
 * Keys go to LMDB as latin1 straight into its key buffer: the bytes of `keyEncoding: 'binary'`
 * without a buffer per key.
 */
import assert from 'node:assert/strict';
import { open, type Database, type RootDatabase, type Transaction } from 'lmdb';
import { partOf } from './codec/native-bytes.js';
import { DamageError, describeError, HostError, systemErrorCode } from './host-error.js';
import { assertBinary, KEY_BYTES_MAX, SUMS_KEY } from './keys.js';
import { innermostError } from './files/commit-error.js';
import { withIoErrors } from './files/io-errors.js';
import { acquireOpeningLock } from './files/lock.js';
import { assertMappable, assertWritable, makeReadersFile } from './files/mapping.js';
import { hasSum, putSum, SUM_BYTES, summedValue } from './files/row-sums.js';
import { KEYS_AFTER_MAX, type Environment, type EnvironmentSnapshot } from './store-place.js';
import {
  isNatural,
  TABLE_NAMES,
  type BinaryKey,
  type RowChange,
  type StoredRow,
  type TableName,
} from './types.js';
import { atOnce, type DriveSteps, type Steps } from './steps/stepwise.js';

/** Address space, not disk: the file grows as rows are written. */
const MAP_BYTES = 2 ** 40;

const TABLES_MAX = 16;
/** Values up to this size are written from one reused buffer, whose address lmdb knows. */
const SCRATCH_BYTES = 64 * 1024;
/** Larger ones from another, which is made when it is needed: as large as a row may be. */
const LARGE_SCRATCH_BYTES = 2 ** 24;
/** Of a medium that is read only. */
const READ_ONLY_CODE = 'EROFS';
/** Of a system that lets nobody create a file now, or has no such directory any more. */
const UNLOCKABLE_CODES: readonly string[] = [READ_ONLY_CODE, 'EACCES', 'EPERM', 'ENOENT'];
/** Blocks with more rows, or more bytes of values, are written with turns for others. */
const SHORT_ROWS = 8_192;
const SHORT_BYTES = 16 * 1024 * 1024;
/** A step of such a block; a row takes as long as so many bytes of a value. */
const STEP_BYTES = 1024 * 1024;
const ROW_COST_BYTES = 1_024;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
let largeScratch: Buffer | undefined;

/** Room for a row that is written before the next one is. */
const roomFor = (bytes: number): Buffer => {
  if (bytes <= SCRATCH_BYTES) return scratch;
  if (bytes > LARGE_SCRATCH_BYTES) return Buffer.allocUnsafeSlow(bytes);
  largeScratch ??= Buffer.allocUnsafeSlow(LARGE_SCRATCH_BYTES);
  return largeScratch;
};

const ALL_SUMMED = Uint8Array.of(1);
/** Tables of which an older row may look as if it had a checksum. */
const MAY_BEGIN_ALIKE: readonly TableName[] = ['blocks', 'local'];

type Rows = Database<Uint8Array, BinaryKey>;
type Root = RootDatabase<Uint8Array, BinaryKey>;
type Tables = ReadonlyMap<TableName, Rows>;

/** A stored row, as a check of all rows sees it. */
interface CheckedRow {
  readonly key: BinaryKey;
  /** Undefined: it is damaged. */
  readonly value: Uint8Array | undefined;
  readonly hasSum: boolean;
}

const keyEncoder = {
  writeKey(key: BinaryKey, target: Buffer, start: number): number {
    return start + target.write(key, start, 'latin1');
  },
  readKey(source: Buffer, start: number, end: number): BinaryKey {
    return source.toString('latin1', start, end);
  },
};

const openRoot = ({ directory, readersMax, readOnly }: EnvironmentOptions): Root =>
  open<Uint8Array, BinaryKey>({
    path: directory,
    noSubdir: false, // else lmdb takes `my.store` for a file name
    overlappingSync: false,
    // A batch of its own per event turn has a promise that nobody can handle: when it was tried
    // on a full disk, that ended the process. A block is one transaction anyway.
    eventTurnBatching: false,
    readOnly,
    mapSize: MAP_BYTES,
    maxReaders: readersMax,
    maxDbs: TABLES_MAX,
    encoding: 'binary',
    keyEncoding: 'binary',
  });

function openRows(root: Root, table: TableName, create: boolean): Rows | undefined {
  const options = { encoding: 'binary', keyEncoder, create } as const;
  return root.openDB<Uint8Array, BinaryKey>(table, options);
}

interface EnvironmentOptions {
  readonly directory: string;
  readonly readersMax: number;
  readonly readOnly: boolean;
  /**
   * True in a worker of the kernel that has the store open: nobody can be the last to close it, so
   * it opens without the opening lock, which a terminated thread would never release.
   */
  readonly withinKernel?: boolean;
}

export class LmdbEnvironment implements Environment {
  readonly #options: EnvironmentOptions;
  readonly #root: Root;
  readonly #tables = new Map<TableName, Rows>();
  /** Another opening, for blocks that are written in turns; made when it is needed. */
  #long: { readonly root: Root; readonly tables: Tables } | undefined;
  readonly #directory: string;
  readonly #withinKernel: boolean;
  /** Every row has a checksum. */
  #isSummed = false;
  /** It was made just now: the next write says that every row has a checksum. */
  #isNew = false;

  /** Opens the environment, and no table yet. */
  constructor(options: EnvironmentOptions) {
    const { directory, readersMax, withinKernel = false } = options;
    assert(Number.isSafeInteger(readersMax) && readersMax > 0, 'readersMax: positive integer');
    this.#options = options;
    this.#directory = directory;
    this.#withinKernel = withinKernel;
    // A worker maps what its kernel has mapped, or as much, in a process of its own.
    if (!withinKernel) assertMappable(directory, MAP_BYTES);
    const release = withIoErrors(directory, () => this.#lockToOpen());
    try {
      this.#root = openRoot(options);
    } catch (error) {
      throw this.#corrupt('cannot be opened', error);
    } finally {
      release();
    }
  }

  /**
   * Takes the opening lock, and sees to it under this that LMDB can open its files. A reader goes
   * without on a medium that is read only: there is no kernel, and LMDB locks nothing. Where files
   * are another user's there may be a kernel, and who has no place among its readers would read
   * pages that it writes to. Errors: HostError STORE_IO; those of the system.
   */
  #lockToOpen(): () => void {
    const { readOnly, readersMax } = this.#options;
    const codes = readOnly ? [READ_ONLY_CODE] : [];
    const release = this.#takeOpeningLock(codes);
    try {
      if (!this.#withinKernel) makeReadersFile(this.#directory, readersMax);
      if (!readOnly) assertWritable(this.#directory);
      return release;
    } catch (error) {
      release();
      if (codes.includes(systemErrorCode(error) ?? '')) return () => undefined;
      throw error;
    }
  }

  /** `passed`: errors of the system with which one goes on without it. */
  #takeOpeningLock(passed: readonly string[]): () => void {
    if (this.#withinKernel) return () => undefined;
    try {
      return acquireOpeningLock(this.#directory).release;
    } catch (error) {
      if (passed.includes(systemErrorCode(error) ?? '')) return () => undefined;
      throw error;
    }
  }

  /** Opens one table. False when it does not exist (and, if writable, `create` was not asked). */
  openTable(table: TableName, { create }: { create: boolean }): boolean {
    if (this.#tables.has(table)) return true;
    let rows: Rows | undefined;
    try {
      rows = openRows(this.#root, table, create);
    } catch (error) {
      throw this.#corrupt(`cannot open table ${table}`, error);
    }
    if (rows !== undefined) this.#tables.set(table, rows);
    return rows !== undefined;
  }

  /** Opens what is not open yet. Returns the tables that do not exist. */
  openTables(options: { create: boolean }): TableName[] {
    const missing = TABLE_NAMES.filter((table) => !this.openTable(table, options));
    this.#isNew = options.create && this.rowCount('meta') === 0;
    this.#isSummed = this.#tables.get('local')?.get(SUMS_KEY) !== undefined;
    return missing;
  }

  get(table: TableName, key: BinaryKey, snapshot?: EnvironmentSnapshot): Uint8Array | undefined {
    assertBinary(key);
    const rows = this.#rows(table);
    const transaction = snapshot && transactionOf(snapshot);
    let bytes: Uint8Array | undefined;
    try {
      bytes = transaction === undefined ? rows.get(key) : rows.get(key, { transaction });
    } catch (error) {
      throw this.#unreadable(table, key, error);
    }
    return bytes && this.#valueOf(table, key, bytes);
  }

  /**
   * What a row holds. lmdb has copied it into a Buffer of its own; a Buffer's `slice` shares
   * memory, so what is handed out is a plain array. Errors: HostError STORE_CORRUPT.
   */
  #valueOf(table: TableName, key: BinaryKey, stored: Uint8Array): Uint8Array {
    const value = this.#soundValue(table, key, stored);
    if (value !== undefined) return value;
    const why = 'the checksum of the row does not fit';
    throw new DamageError({ where: this.#directory, table, key, why });
  }

  #soundValue(table: TableName, key: BinaryKey, stored: Uint8Array): Uint8Array | undefined {
    if (hasSum(stored)) {
      const value = summedValue(table, key, stored);
      if (value !== undefined || this.#isSummed || !MAY_BEGIN_ALIKE.includes(table)) return value;
    }
    if (this.#isSummed) return undefined;
    return partOf(stored, 0);
  }

  keysAfter(
    table: TableName,
    range: { after: BinaryKey; end: BinaryKey; limit: number },
    snapshot?: EnvironmentSnapshot,
  ): BinaryKey[] {
    const { after, end, limit } = range;
    assert(isNatural(limit) && limit <= KEYS_AFTER_MAX, 'limit');
    assert(after.length <= KEY_BYTES_MAX && end.length <= KEY_BYTES_MAX, 'key too long');
    assertBinary(after);
    assertBinary(end);
    if (limit === 0 || after >= end) return [];
    const options = {
      start: after, // without one, lmdb skips keys that begin with bytes below 5
      end,
      limit,
      exclusiveStart: after !== '',
      ...inTransaction(snapshot),
    };
    try {
      return [...this.#rows(table).getKeys(options)];
    } catch (error) {
      throw this.#unreadable(table, after, error);
    }
  }

  /**
   * The rows after `after` and before `end`, in order: as many as make up `bytes`, at least one
   * where there is one. Values are copies.
   */
  rowsAfter(
    table: TableName,
    { after, end, bytes }: { after: BinaryKey; end: BinaryKey; bytes: number },
    snapshot?: EnvironmentSnapshot,
  ): StoredRow[] {
    assert(after.length <= KEY_BYTES_MAX && end.length <= KEY_BYTES_MAX, 'key too long');
    assertBinary(after);
    assertBinary(end);
    if (after >= end) return [];
    const rows: StoredRow[] = [];
    let left = bytes;
    try {
      const range = this.#rows(table).getRange({
        start: after,
        end,
        exclusiveStart: after !== '',
        ...inTransaction(snapshot),
      });
      for (const { key, value: stored } of range) {
        const value = this.#valueOf(table, key, stored);
        rows.push({ key, value });
        left -= key.length + value.length;
        if (left <= 0) break;
      }
    } catch (error) {
      throw this.#unreadable(table, after, error);
    }
    return rows;
  }

  /** The next rows after `after`, also those that are damaged: as many as make up `bytes`. */
  checkedRowsAfter(table: TableName, after: BinaryKey, bytes: number): CheckedRow[] {
    const rows: CheckedRow[] = [];
    let left = bytes;
    try {
      const range = this.#rows(table).getRange({ start: after, exclusiveStart: after !== '' });
      for (const { key, value } of range) {
        rows.push({ key, value: this.#soundValue(table, key, value), hasSum: hasSum(value) });
        left -= ROW_COST_BYTES + value.length;
        if (left <= 0) break;
      }
      return rows;
    } catch (error) {
      throw this.#unreadable(table, after, error);
    }
  }

  /** Does the store say that every row has a checksum? */
  get isSummed(): boolean {
    return this.#isSummed;
  }

  /** How many rows a table has in the newest block. */
  rowCount(table: TableName): number {
    const stats = this.#rows(table).getStats();
    const entryCount = 'entryCount' in stats ? stats.entryCount : undefined;
    assert(typeof entryCount === 'number', 'lmdb counts entries');
    return entryCount;
  }

  /**
   * Writes all rows, or none, and resolves when they are durable. With `drive`, many rows are
   * written in steps.
   *
   * `childTransaction`, because `transaction` commits what a callback wrote before it threw.
   */
  async write(rows: readonly RowChange[], drive?: DriveSteps): Promise<void> {
    try {
      if (drive === undefined || isShort(rows)) {
        await this.#root.childTransaction(() => atOnce(this.#writing(rows, this.#tables)));
      } else {
        await this.#writeInTurns(rows, drive);
      }
    } catch (error) {
      throw await innermostError(error);
    }
    this.#isSummed ||= this.#isNew;
    this.#isNew = false;
    this.#root.resetReadTxn();
  }

  /**
   * lmdb waits for a callback that is asynchronous. Whatever is read through the same opening
   * meanwhile shows what the callback has written, so it has an opening of its own.
   */
  async #writeInTurns(rows: readonly RowChange[], drive: DriveSteps): Promise<void> {
    this.#long ??= await this.#openAgain();
    const { root, tables } = this.#long;
    const abandon = abandonmentOf(root);
    process.once('exit', abandon);
    try {
      await root.childTransaction(() => drive(this.#writing(rows, tables)));
    } finally {
      process.removeListener('exit', abandon);
    }
  }

  async #openAgain(): Promise<{ root: Root; tables: Tables }> {
    const root = openRoot(this.#options);
    try {
      const tables = new Map<TableName, Rows>();
      for (const table of this.#tables.keys()) {
        tables.set(table, openRows(root, table, false) ?? assert.fail(`table ${table} is gone`));
      }
      return { root, tables };
    } catch (error) {
      await root.close();
      throw error;
    }
  }

  *#writing(rows: readonly RowChange[], tables: Tables): Steps<void> {
    let left = STEP_BYTES;
    for (const row of rows) {
      writeRow(tables, row);
      left -= ROW_COST_BYTES + (row.value?.length ?? 0);
      if (left > 0) continue;
      left = STEP_BYTES;
      yield;
    }
    if (this.#isNew) writeRow(tables, { table: 'local', key: SUMS_KEY, value: ALL_SUMMED });
  }

  /** The newest committed block, fixed until `done()` of the transaction. */
  beginSnapshot(): Transaction {
    this.#root.resetReadTxn();
    return this.#root.useReadTransaction();
  }

  /** Frees the places of readers that died. Returns their count. */
  readerCheck(): number {
    return this.#root.readerCheck();
  }

  async close(): Promise<void> {
    const release = this.#takeOpeningLock(UNLOCKABLE_CODES);
    try {
      await this.#long?.root.close();
      await this.#root.close();
    } finally {
      release();
    }
  }

  #rows(table: TableName): Rows {
    return rowsOf(this.#tables, table);
  }

  /** Of reads: what lmdb cannot read is the row, or what comes after it. */
  #unreadable(table: TableName, key: BinaryKey, error: unknown): unknown {
    if (!isOfLmdb(error)) return error;
    const why = `from here on it cannot be read: ${describeError(error)}`;
    return new DamageError({ where: this.#directory, table, key, why }, { cause: error });
  }

  /** Errors of lmdb carry a numeric code; anything else is a mistake of the caller. */
  #corrupt(what: string, error: unknown): unknown {
    if (!isOfLmdb(error)) return error;
    return new HostError(
      'STORE_CORRUPT',
      `${this.#directory} ${what}: ${describeError(error)}. If the data file is damaged, restore ` +
        `it from a backup; nothing was changed.`,
      { cause: error },
    );
  }
}

const rowsOf = (tables: Tables, table: TableName): Rows =>
  tables.get(table) ?? assert.fail(`table ${table} is not open`);

function writeRow(tables: Tables, { table, key, value }: RowChange): void {
  const rows = rowsOf(tables, table);
  if (value === undefined) {
    rows.removeSync(key);
    return;
  }
  const bytes = SUM_BYTES + value.length;
  const stored = roomFor(bytes);
  putSum(table, key, value, stored);
  stored.set(value, SUM_BYTES);
  rows.putSync(key, stored.subarray(0, bytes));
}

function isShort(rows: readonly RowChange[]): boolean {
  if (rows.length > SHORT_ROWS) return false;
  let bytes = 0;
  for (const { value } of rows) bytes += value?.length ?? 0;
  return bytes <= SHORT_BYTES;
}

/**
 * What a process that exits amid a block is to do. A thread of lmdb's waits for the callback to be
 * over, and the process for that thread: without this neither ends. Nothing of the block is kept.
 */
function abandonmentOf(root: Root): () => void {
  const env: unknown = Reflect.get(root, 'env');
  assert(env instanceof Object, 'lmdb: a root has its environment');
  const [abortTxn, resumeWriting]: unknown[] =
    ['abortTxn', 'resumeWriting'].map((name) => Reflect.get(env, name));
  assert(typeof abortTxn === 'function' && typeof resumeWriting === 'function', 'lmdb 3.5');
  return () => {
    const isWriting = Boolean(Reflect.get(env, 'writeTxn'));
    if (!isWriting) return;
    abortTxn.call(env);
    resumeWriting.call(env);
  };
}

const isOfLmdb = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'number';

/** A snapshot of this module is a transaction of lmdb's. */
function transactionOf(snapshot: EnvironmentSnapshot): Transaction {
  return snapshot as Transaction;
}

function inTransaction(snapshot: EnvironmentSnapshot | undefined): { transaction?: Transaction } {
  return snapshot === undefined ? {} : { transaction: transactionOf(snapshot) };
}
