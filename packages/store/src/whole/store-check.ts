/**
 * Reads every page and every row of a store that nobody has open, and tells what is damaged.
 *
 * Invariants: nothing is written; while pages are damaged LMDB is not opened, for it trusts them;
 * the store's lock is held meanwhile.
 */
import fs from 'node:fs';
import path from 'node:path';
import { showPageDamage } from '../files/data-file.js';
import { directoryPlace, inspectDirectory } from '../directory.js';
import { LmdbEnvironment } from '../environment.js';
import { DamageError, HostError, systemErrorCode } from '../host-error.js';
import { ioError } from '../files/io-errors.js';
import { DATA_FILE } from '../files/lmdb-files.js';
import { SUMS_KEY } from '../keys.js';
import { walkPages, type PageReport } from '../files/page-walk.js';
import { TABLE_NAMES, type BinaryKey, type TableName } from '../types.js';

/** One thing that is wrong. */
export interface StoreDamage {
  /** Null: of no single table. */
  readonly table: TableName | null;
  /** In hex; null: of no single row. A damaged page has this key and those that follow. */
  readonly key: string | null;
  readonly why: string;
}

export interface TableCheck {
  readonly table: TableName;
  readonly rows: number;
  /** Of keys and values. */
  readonly bytes: number;
  /** Rows that a release before checksums has written. */
  readonly withoutSum: number;
}

export interface StoreCheck {
  readonly pages: number;
  /** Empty where pages are damaged. */
  readonly tables: readonly TableCheck[];
  readonly damage: readonly StoreDamage[];
  /** What may be a damage, and may be none. */
  readonly warnings: readonly string[];
}

interface StoreCheckOptions {
  readonly directory: string;
  /** Given every row, in order, without its value if that is damaged; tells what else is wrong. */
  readonly onRow: (
    table: TableName, key: BinaryKey, value: Uint8Array | undefined,
  ) => string | undefined;
  /** Told now and then; a promise holds the check up. */
  readonly progress: (what: 'pages' | 'rows', done: number, total: number) => Promise<void>;
}

const READERS_MAX = 8;
/** Of rows that are in memory at a time, and of one more. */
const CHUNK_BYTES = 2 ** 20;
const NO_PAGES: PageReport = { pages: 0, isWhole: true, damages: [] };

const isTable = (name: string | null): name is TableName =>
  TABLE_NAMES.some((table) => table === name);

const checkPages = async (
  file: string, progress: StoreCheckOptions['progress'],
): Promise<PageReport> => {
  const fd = fs.openSync(file, 'r');
  try {
    const walk = walkPages(fd);
    for (;;) {
      const step = walk.next();
      if (step.done === true) return step.value;
      const [done, total] = step.value;
      await progress('pages', done, total);
    }
  } finally {
    fs.closeSync(fd);
  }
};

class RowCheck {
  readonly #options: StoreCheckOptions;
  readonly #environment: LmdbEnvironment;
  readonly damage: StoreDamage[] = [];
  #done = 0;
  #total = 0;

  constructor(environment: LmdbEnvironment, options: StoreCheckOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  async tables(): Promise<TableCheck[]> {
    const missing = this.#environment.openTables({ create: false });
    for (const table of missing) {
      this.damage.push({ table, key: null, why: 'the table is missing' });
    }
    const there = TABLE_NAMES.filter((table) => !missing.includes(table));
    this.#total = there.reduce((sum, table) => sum + this.#environment.rowCount(table), 0);
    const checks: TableCheck[] = [];
    for (const table of there) checks.push(await this.#table(table));
    this.#checkSums(checks);
    return checks;
  }

  /** A store of an older release keeps rows without checksums: its blocks, for one. */
  #checkSums(checks: readonly TableCheck[]): void {
    if (this.#environment.isSummed || checks.some(({ withoutSum }) => withoutSum > 0)) return;
    const key = Buffer.from(SUMS_KEY, 'latin1').toString('hex');
    const why = 'the row is missing, and every other has a checksum';
    this.damage.push({ table: 'local', key, why });
  }

  async #table(table: TableName): Promise<TableCheck> {
    const check = { table, rows: 0, bytes: 0, withoutSum: 0 };
    for (let after: BinaryKey = ''; ;) {
      const rows = this.#environment.checkedRowsAfter(table, after, CHUNK_BYTES);
      for (const { key, value, hasSum } of rows) {
        check.rows += 1;
        check.bytes += key.length + (value?.length ?? 0);
        if (!hasSum) check.withoutSum += 1;
        const wrong = this.#options.onRow(table, key, value);
        const why = value === undefined ? 'the checksum of the row does not fit' : wrong;
        if (why === undefined) continue;
        this.damage.push({ table, key: Buffer.from(key, 'latin1').toString('hex'), why });
      }
      this.#done += rows.length;
      await this.#options.progress('rows', this.#done, this.#total);
      const last = rows.at(-1);
      if (last === undefined) return check;
      after = last.key;
    }
  }
}

/** The row that an error names. */
const damagedRow = (error: HostError): Partial<StoreDamage> => {
  if (!(error instanceof DamageError)) return {};
  const { table, key, why } = error;
  return isTable(table) ? { table, key, why } : {};
};

const checkRows = async (directory: string, options: StoreCheckOptions) => {
  const environment = new LmdbEnvironment({ directory, readersMax: READERS_MAX, readOnly: true });
  const check = new RowCheck(environment, options);
  try {
    const tables = await check.tables();
    return { tables, damage: check.damage };
  } finally {
    await environment.close();
  }
};

/**
 * Checks the store of a directory.
 *
 * Errors: HostError NOT_A_STORE, STORE_LOCKED, STORE_IO. What is damaged is in the report.
 */
export const checkStore = async (options: StoreCheckOptions): Promise<StoreCheck> => {
  const directory = path.resolve(options.directory);
  if (inspectDirectory(directory) !== 'store') {
    throw new HostError('NOT_A_STORE', `${directory} holds no store.`);
  }
  const lock = directoryPlace(directory).lock();
  let walked = NO_PAGES;
  const reportOf = (found: Pick<StoreCheck, 'tables' | 'damage'>): StoreCheck => {
    const { pages, warning } = walked;
    return { pages, ...found, warnings: warning === undefined ? [] : [warning] };
  };
  try {
    walked = await checkPages(path.join(directory, DATA_FILE), options.progress);
    if (walked.damages.length === 0) return reportOf(await checkRows(directory, options));
    const damage = walked.damages.map((it): StoreDamage => ({
      table: isTable(it.table) ? it.table : null,
      key: it.key,
      why: it.table === null ? showPageDamage(it) : `page ${it.page}: ${it.why}`,
    }));
    return reportOf({ tables: [], damage });
  } catch (error) {
    if (!(error instanceof HostError)) {
      throw systemErrorCode(error) === undefined ? error : ioError(directory, error);
    }
    if (error.code !== 'STORE_CORRUPT') throw error;
    const { table = null, key = null, why = error.message } = damagedRow(error);
    return reportOf({ tables: [], damage: [{ table, key, why }] });
  } finally {
    lock.release();
  }
};
