/**
 * A store's place in memory, and its environment: no file, no thread, nothing that outlives the
 * process. For whole kernels in one thread, such as those of simulations.
 *
 * The place outlives its kernels: a kernel that is opened over it again finds the last block.
 *
 * Theory of operation. A table is a map and its keys in order. A write changes tables in place and
 * keeps what it needs to undo itself; a snapshot that is open when a write begins gets the tables
 * as they were, as copies of the changed ones. Snapshots are short, so copies are few.
 */
import assert from 'node:assert/strict';
import { HostError } from './host-error.js';
import { assertBinary, KEY_BYTES_MAX, TABLE_END } from './keys.js';
import {
  KEYS_AFTER_MAX, type Environment, type EnvironmentSnapshot, type PlaceLock, type StorePlace,
} from './store-place.js';
import {
  isNatural,
  required,
  TABLE_NAMES,
  type BinaryKey,
  type RowChange,
  type StoredRow,
  type TableName,
} from './types.js';

/** The index of the first key that is at least `key`. */
function placeOf(keys: readonly BinaryKey[], key: BinaryKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (required(keys[middle], 'a key') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

class MemoryTable {
  readonly #values: Map<BinaryKey, Uint8Array>;
  /** In order. */
  readonly #keys: BinaryKey[];

  constructor(values = new Map<BinaryKey, Uint8Array>(), keys: BinaryKey[] = []) {
    this.#values = values;
    this.#keys = keys;
  }

  get size(): number {
    return this.#keys.length;
  }

  /** Values are never changed once they are here, so a copy shares them. */
  copy(): MemoryTable {
    return new MemoryTable(new Map(this.#values), [...this.#keys]);
  }

  get(key: BinaryKey): Uint8Array | undefined {
    return this.#values.get(key);
  }

  set(key: BinaryKey, value: Uint8Array | undefined): void {
    const isThere = this.#values.has(key);
    if (value !== undefined) {
      if (!isThere) this.#keys.splice(placeOf(this.#keys, key), 0, key);
      this.#values.set(key, value);
    } else if (isThere) {
      this.#keys.splice(placeOf(this.#keys, key), 1);
      this.#values.delete(key);
    }
  }

  /** The keys after `after` and before `end`. The empty key is none: after it come all. */
  *keysAfter(after: BinaryKey, end: BinaryKey): Generator<BinaryKey> {
    const keys = this.#keys;
    for (let at = placeOf(keys, after); at < keys.length; at += 1) {
      const key = required(keys[at], 'a key');
      if (key >= end) return;
      if (key !== after) yield key;
    }
  }
}

type Tables = Map<TableName, MemoryTable>;

/** The tables of a place, and the snapshots that show them as they are. */
class Rows {
  readonly tables: Tables = new Map();
  readonly open = new Set<MemorySnapshot>();

  tableOf(name: TableName, snapshot: EnvironmentSnapshot | undefined): MemoryTable {
    if (snapshot === undefined) return this.#tableNow(name);
    assert(snapshot instanceof MemorySnapshot && this.open.has(snapshot), 'an open snapshot');
    return snapshot.kept.get(name) ?? this.#tableNow(name);
  }

  /** A table is about to change: snapshots that are open keep it as it is. */
  keep(name: TableName): void {
    let copy: MemoryTable | undefined;
    for (const { kept } of this.open) {
      if (kept.has(name)) continue;
      copy ??= this.#tableNow(name).copy();
      kept.set(name, copy);
    }
  }

  #tableNow(name: TableName): MemoryTable {
    return required(this.tables.get(name), `table ${name}`);
  }

  sizeBytes(): number {
    let bytes = 0;
    for (const table of this.tables.values()) {
      for (const key of table.keysAfter('', TABLE_END)) {
        bytes += key.length + required(table.get(key), 'a row').length;
      }
    }
    return bytes;
  }
}

class MemorySnapshot implements EnvironmentSnapshot {
  /** Tables that have changed since, as they were. */
  readonly kept: Tables = new Map();
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
    rows.open.add(this);
  }

  done(): void {
    assert(this.#rows.open.delete(this), 'a snapshot is done with once');
  }
}

class MemoryEnvironment implements Environment {
  readonly #rows: Rows;
  readonly #isReadOnly: boolean;
  readonly #tables = new Set<TableName>();

  constructor(rows: Rows, isReadOnly: boolean) {
    this.#rows = rows;
    this.#isReadOnly = isReadOnly;
  }

  openTable(table: TableName, { create }: { readonly create: boolean }): boolean {
    const { tables } = this.#rows;
    if (!tables.has(table)) {
      if (!create || this.#isReadOnly) return false;
      tables.set(table, new MemoryTable());
    }
    this.#tables.add(table);
    return true;
  }

  openTables(options: { readonly create: boolean }): TableName[] {
    return TABLE_NAMES.filter((table) => !this.openTable(table, options));
  }

  get(table: TableName, key: BinaryKey, snapshot?: EnvironmentSnapshot): Uint8Array | undefined {
    assertBinary(key);
    const value = this.#table(table, snapshot).get(key);
    return value && new Uint8Array(value);
  }

  keysAfter(
    table: TableName,
    { after, end, limit }: { after: BinaryKey; end: BinaryKey; limit: number },
    snapshot?: EnvironmentSnapshot,
  ): BinaryKey[] {
    assert(isNatural(limit) && limit <= KEYS_AFTER_MAX, 'limit');
    assertRange(after, end);
    const keys: BinaryKey[] = [];
    if (limit === 0) return keys;
    for (const key of this.#table(table, snapshot).keysAfter(after, end)) {
      if (keys.push(key) === limit) break;
    }
    return keys;
  }

  rowsAfter(
    table: TableName,
    { after, end, bytes }: { after: BinaryKey; end: BinaryKey; bytes: number },
    snapshot?: EnvironmentSnapshot,
  ): StoredRow[] {
    assertRange(after, end);
    const from = this.#table(table, snapshot);
    const rows: StoredRow[] = [];
    let left = bytes;
    for (const key of from.keysAfter(after, end)) {
      const value = new Uint8Array(required(from.get(key), 'a row'));
      rows.push({ key, value });
      left -= key.length + value.length;
      if (left <= 0) break;
    }
    return rows;
  }

  rowCount(table: TableName): number {
    return this.#table(table, undefined).size;
  }

  async write(rows: readonly RowChange[]): Promise<void> {
    if (this.#isReadOnly) throw new HostError('STORE_IO', 'this environment is read only');
    await undefined; // as on a disk, it is not yet written when the call returns
    const undone: RowChange[] = [];
    try {
      for (const row of rows) this.#writeRow(row, undone);
    } catch (error) {
      for (const { table, key, value } of undone.reverse()) {
        this.#table(table, undefined).set(key, value);
      }
      throw error;
    }
  }

  #writeRow({ table, key, value }: RowChange, undone: RowChange[]): void {
    const rows = this.#table(table, undefined);
    this.#rows.keep(table);
    undone.push({ table, key, value: rows.get(key) });
    rows.set(key, value && new Uint8Array(value));
  }

  beginSnapshot(): EnvironmentSnapshot {
    return new MemorySnapshot(this.#rows);
  }

  readerCheck(): number {
    return 0;
  }

  /** A late write of whoever had it fails. */
  async close(): Promise<void> {
    this.#tables.clear();
  }

  #table(table: TableName, snapshot: EnvironmentSnapshot | undefined): MemoryTable {
    assert(this.#tables.has(table), `table ${table} is not open`);
    return this.#rows.tableOf(table, snapshot);
  }
}

function assertRange(after: BinaryKey, end: BinaryKey): void {
  assert(after.length <= KEY_BYTES_MAX && end.length <= KEY_BYTES_MAX, 'key too long');
  assertBinary(after);
  assertBinary(end);
}

export class MemoryPlace implements StorePlace {
  readonly name: string;
  #rows = new Rows();
  #isLocked = false;
  #isStore = false;

  constructor(name = 'a store in memory') {
    this.name = name;
  }

  lock(): PlaceLock {
    if (this.#isLocked) {
      throw new HostError('STORE_LOCKED', `${this.name} is open. Close it, and open again.`);
    }
    this.#isLocked = true;
    let isHeld = true;
    return {
      assertHeld: () => undefined,
      release: () => {
        if (isHeld) this.#isLocked = false;
        isHeld = false;
      },
    };
  }

  prepare(): boolean {
    if (!this.#isStore) this.#rows = new Rows();
    return this.#isStore;
  }

  endCreation(): void {
    this.#isStore = true;
  }

  openEnvironment(): Environment {
    return new MemoryEnvironment(this.#rows, false);
  }

  /** For readers (reader.ts). Errors: HostError NOT_A_STORE. */
  openForReading(): Environment {
    if (!this.#isStore) throw new HostError('NOT_A_STORE', `${this.name} holds no store.`);
    return new MemoryEnvironment(this.#rows, true);
  }

  /** Of keys and values. */
  sizeBytes(): number {
    return this.#rows.sizeBytes();
  }
}
