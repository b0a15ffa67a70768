/**
 * A directory as the place of a store, and what it looks like before LMDB touches it.
 *
 *   heirloom-store          the directory holds a whole store
 *   heirloom-store.new      a store is being created; nothing in it was ever acknowledged
 *   data.mdb, lock.mdb      LMDB
 *   heirloom-running        the kernel's note of what runs
 *   heirloom.lock, and what begins so      who has it open (files/lock.ts)
 *
 * Invariants: inspection changes nothing. The marker is renamed to its final name only after the
 * first block is durable, so a crash during creation is told from a lost data file.
 */
import fs from 'node:fs';
import path from 'node:path';
import { assertDataFile } from './files/data-file.js';
import { LmdbEnvironment } from './environment.js';
import { HostError, systemErrorCode } from './host-error.js';
import { ioError, withIoErrors } from './files/io-errors.js';
import { DATA_FILE, READERS_FILE } from './files/lmdb-files.js';
import { acquireLock, isLockFile } from './files/lock.js';
import type { StorePlace } from './store-place.js';

const MARKER_FILE = 'heirloom-store';
const CREATING_FILE = 'heirloom-store.new';
const MARKER_TEXT = 'A store of Heirloom. data.mdb is its state; keep both files together.\n';

export type DirectoryState = 'absent' | 'empty' | 'creating' | 'store';

function notAStore(directory: string, why: string): HostError {
  return new HostError(
    'NOT_A_STORE',
    `${directory} ${why}. Name a directory that is empty, does not exist yet, or holds a store.`,
  );
}

/**
 * Errors: HostError NOT_A_STORE for a file or foreign content, STORE_CORRUPT when the data file is
 * gone, STORE_IO when the system refuses to look.
 */
export function inspectDirectory(directory: string): DirectoryState {
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return 'absent';
    if (code === 'ENOTDIR') throw notAStore(directory, 'is not a directory');
    throw ioError(directory, error);
  }
  if (names.includes(MARKER_FILE)) {
    if (names.includes(DATA_FILE)) return 'store';
    throw new HostError(
      'STORE_CORRUPT',
      `${directory} is a store without its data file ${DATA_FILE}. Restore it from a backup, or ` +
        `delete the directory to begin anew.`,
    );
  }
  if (names.includes(CREATING_FILE)) return 'creating';
  if (names.every(isLockFile)) return 'empty';
  throw notAStore(directory, 'is not empty and holds no store');
}

/** Begins a creation, under the lock: what an earlier, unfinished creation left goes. */
export function beginCreation(directory: string): void {
  fs.writeFileSync(path.join(directory, CREATING_FILE), MARKER_TEXT);
  fs.rmSync(path.join(directory, DATA_FILE), { force: true });
  fs.rmSync(path.join(directory, READERS_FILE), { force: true });
}

/** Ends a creation, after the first block is durable. */
export function endCreation(directory: string): void {
  fs.renameSync(path.join(directory, CREATING_FILE), path.join(directory, MARKER_FILE));
  sync(directory);
  sync(path.dirname(path.resolve(directory)));
}

/**
 * Makes `to`, a directory that is empty, a store with the same data file. The caller holds the lock
 * of `from`, and nothing is being written there. Errors: HostError STORE_IO.
 */
export async function copyDataFile(from: string, to: string): Promise<void> {
  const copy = path.join(to, DATA_FILE);
  try {
    beginCreation(to);
    await fs.promises.copyFile(path.join(from, DATA_FILE), copy);
    sync(copy);
    endCreation(to);
  } catch (error) {
    throw systemErrorCode(error) === undefined ? error : ioError(to, error);
  }
}

function sync(file: string): void {
  const fd = fs.openSync(file, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Files, a lock file and LMDB. */
export function directoryPlace(given: string): StorePlace {
  const directory = path.resolve(given);
  const dataFile = path.join(directory, DATA_FILE);
  return {
    name: directory,
    lock: () => withIoErrors(directory, () => {
      const state = inspectDirectory(directory);
      if (state === 'absent') fs.mkdirSync(directory, { recursive: true });
      return acquireLock(directory);
    }),
    prepare: () => withIoErrors(directory, () => {
      const isStore = inspectDirectory(directory) === 'store';
      if (isStore) assertDataFile(dataFile);
      else beginCreation(directory);
      return isStore;
    }),
    endCreation: () => endCreation(directory),
    openEnvironment: (readersMax) =>
      new LmdbEnvironment({ directory, readersMax, readOnly: false }),
    sizeBytes: () => fs.statSync(dataFile).size,
  };
}
