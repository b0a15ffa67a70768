/**
 * Stores that are damaged while they are closed, for pieces of careless or unlucky hosts: a small
 * store is made once, each piece damages a copy of it, and tells what became of that when it was
 * opened, and what `verifyStore` says.
 */
import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError, openKernel, verifyStore } from '@heirloom/kernel';
import { openReader, Store, TABLE_END } from '@heirloom/store';

const TOTAL = 60n;
const PAGE_BYTES = 4096;
/** Before every value in the file: a mark and a CRC-32. */
const SUM_BYTES = 5;
const MARK = 0xc1;
const ROWS_BYTES_MAX = 10_000_000;
const READERS_MAX = 2_048;
/** A value of so many bytes has pages of its own. */
const LARGE_BYTES = 1_500;

const settled = async (kernel, input) => {
  const work = input();
  await kernel.commit();
  await kernel.run();
  await kernel.commit();
  return work;
};

/** Something in every table, and an item on the run queue. */
const makeSample = async (directory, bundles) => {
  const options = { directory, blocks: 'host', spareThreads: 0, log: () => undefined };
  const kernel = await openKernel({ ...options, parameters: { stateRootInterval: 3 } });
  const settle = input => settled(kernel, input);
  const ids = {};
  for (const name of ['till', 'innocent']) {
    ids[name] = await settle(() => kernel.installBundle(bundles[name], { name }));
  }
  const made = { name: 'till', bundleId: ids.till };
  const { vatId, root } = await settle(() => kernel.createVat(made));
  await settle(() => kernel.createVat({ name: 'innocent', bundleId: ids.innocent }));
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await settle(() => kernel.call(root, 'open', [name, 10n]));
  }
  await settle(() => kernel.upgradeVat(vatId, { bundleId: ids.till }));
  await settle(() => kernel.call(root, 'move', ['a', 'b', 5n]));
  await settle(() => kernel.forkVat(vatId, { name: 'branch' }));
  await settle(() => kernel.bind('till', root));
  kernel.send(root, 'move', ['b', 'a', 5n]);
  await kernel.commit();
  await kernel.close();
};

/** What is told of an error: its code, and the table that it names. */
const toldOf = error => {
  if (!(error instanceof HostError)) return `${error.name}: ${error.message}`;
  return `${error.code}${error.table === undefined ? '' : ` of ${error.table}`}`;
};

/** Opens it and lives on. Gives whether the host was told of anything, or what has stopped it. */
const openingOf = async (directory, isolation) => {
  const warnings = [];
  const listen = warning => warnings.push(warning.message);
  process.on('warning', listen);
  const log = ({ level, text }) => (level === 'warn' ? warnings.push(text) : undefined);
  let kernel;
  try {
    kernel = await openKernel({ directory, isolation, spareThreads: 0, log });
    await kernel.idle();
    const { root, vatId, bundleId } = kernel.vat('till');
    const total = await kernel.call(root, 'total');
    const branch = await kernel.call(kernel.vat('branch').root, 'total');
    await kernel.upgradeVat(vatId, { bundleId });
    const upgraded = await kernel.call(root, 'total');
    if (total !== TOTAL || branch !== TOTAL || upgraded !== TOTAL) return 'other money';
    const answer = await kernel.call(kernel.vat('innocent').root, 'answer');
    if (answer !== 42) return 'another answer';
    // Warnings of the process come with the next turn.
    await new Promise(resolve => setImmediate(resolve));
    return warnings.length === 0 ? 'opens' : 'opens, warned';
  } catch (error) {
    return toldOf(error);
  } finally {
    process.off('warning', listen);
    await kernel?.close();
  }
};

const verdictOf = async directory => {
  try {
    const { ok, damage } = await verifyStore({ directory });
    if (ok) return 'sound';
    if (damage.length === 0) return 'bad';
    return damage[0].table === null ? 'damaged' : `damage of ${damage[0].table}`;
  } catch (error) {
    return toldOf(error);
  }
};

/** The places in the file where the row's value stands, with its checksum before it. */
const placesOf = (bytes, { key, value }) => {
  const keyBytes = Buffer.from(key, 'latin1');
  const places = [];
  for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) {
    const start = at - SUM_BYTES;
    const before = bytes.subarray(start - keyBytes.length, start);
    const isIts = value.length > LARGE_BYTES || keyBytes.equals(before);
    if (bytes[start] === MARK && isIts) places.push(start);
  }
  if (places.length === 0) throw Error('the row is not in the file');
  return places;
};

/** A store's files, before it is opened. */
class ClosedStore {
  constructor(directory) {
    this.directory = directory;
    this.dataFile = join(directory, 'data.mdb');
  }

  path(name) {
    return join(this.directory, name);
  }

  /** Changes the data file. */
  async data(change) {
    const bytes = await readFile(this.dataFile);
    const changed = change(bytes);
    await writeFile(this.dataFile, changed instanceof Uint8Array ? changed : bytes);
  }

  /** Writes another file; `change` is given what it has. */
  async file(name, change) {
    const bytes = await readFile(this.path(name)).catch(() => Buffer.alloc(0));
    await writeFile(this.path(name), change(bytes));
  }

  remove(name) {
    return rm(this.path(name));
  }

  makeDirectory(name) {
    return mkdir(this.path(name));
  }

  async rows(table) {
    const reader = openReader({ directory: this.directory, readersMax: READERS_MAX });
    const snapshot = reader.begin();
    const rows = snapshot.rowsAfter(table, '', TABLE_END, ROWS_BYTES_MAX);
    snapshot.done();
    await reader.close();
    return rows;
  }

  /** Changes the bytes of a row as it is stored: mark, checksum, value. */
  async row(table, isMeant, change) {
    const row = (await this.rows(table)).find(isMeant);
    if (row === undefined) throw Error(`no such row in ${table}`);
    await this.data(bytes => {
      for (const at of placesOf(bytes, row)) {
        change(bytes.subarray(at, at + SUM_BYTES + row.value.length));
      }
    });
  }

  /** A block of whoever can write the store: with right checksums. Of `local` no hash tells. */
  async commit(changes, unhashed = []) {
    const { directory } = this;
    const store = await Store.open({ directory, readersMax: READERS_MAX });
    const height = store.head.height + 1;
    await store.commit({ height, changes, unhashed });
    await store.close();
  }

  local(key, value) {
    return this.commit([], [{ table: 'local', key, value }]);
  }

  /** Numbers of the pages of a kind: `1` inner pages, `2` leaves, `8` heads. */
  async pages(flag) {
    const bytes = await readFile(this.dataFile);
    const numbers = [];
    for (let page = 0; page * PAGE_BYTES < bytes.length; page += 1) {
      const at = page * PAGE_BYTES;
      const flags = bytes.readUInt16LE(at + 18);
      const isItself = bytes.readUInt32LE(at) === page;
      // A page within a large value may look like one.
      if (isItself && (flags & 0xf) === flag) numbers.push(page);
    }
    return numbers;
  }

  /** The page of the last transaction that has the first row of a table. */
  async leafOf(table) {
    const [row] = await this.rows(table);
    const bytes = await readFile(this.dataFile);
    const pages = placesOf(bytes, row).map(at => Math.floor(at / PAGE_BYTES));
    const written = page => bytes.readUInt32LE(page * PAGE_BYTES + 8);
    return pages.reduce((newest, page) => (written(page) > written(newest) ? page : newest));
  }

  page(bytes, number) {
    return bytes.subarray(number * PAGE_BYTES, (number + 1) * PAGE_BYTES);
  }
}

export class DamageBench {
  #bundles;
  #isolation;
  #sample;

  constructor({ bundles, isolation }) {
    this.#bundles = bundles;
    this.#isolation = isolation;
  }

  async #copy() {
    this.#sample ??= mkdtemp(join(tmpdir(), 'heirloom-sample-')).then(async directory => {
      await makeSample(directory, this.#bundles);
      return directory;
    });
    const sample = await this.#sample;
    const directory = await mkdtemp(join(tmpdir(), 'heirloom-damaged-'));
    for (const name of await readdir(sample)) {
      await copyFile(join(sample, name), join(directory, name), constants.COPYFILE_FICLONE);
    }
    return directory;
  }

  /** Damages a copy of the sample. Gives what became of it: `verify: ...; opening: ...`. */
  async try(damage) {
    const directory = await this.#copy();
    try {
      await damage(new ClosedStore(directory));
      const verdict = await verdictOf(directory);
      return `verify: ${verdict}; opening: ${await openingOf(directory, this.#isolation)}`;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}
