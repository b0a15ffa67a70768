/**
 * The copy of a store that a migration makes before it changes anything.
 *
 * Invariants: it appears whole or not at all, and only after its rows have been compared with the
 * store's; one that is there already, of a migration that was cut short, serves if it compares.
 */
import {
  copyDataFile,
  HostError,
  inspectDirectory,
  openReader,
  stateRoot,
  Store,
} from '@heirloom/store';
import { READERS_MAX } from '../core/kernel-core.js';
import { makeDirectory } from '../state-sync/directories.js';

/** What two stores of the same content have in common: the last block, every row of the state. */
const contentOf = async (directory: string, { head }: Store): Promise<string> => {
  const reader = openReader({ directory, readersMax: READERS_MAX, olderSchemas: true });
  const snapshot = reader.begin();
  try {
    const hashes = [head.hash, stateRoot(snapshot)].map(hash => Buffer.from(hash).toString('hex'));
    return [head.height, ...hashes].join(' ');
  } finally {
    snapshot.done();
    await reader.close();
  }
};

const contentAt = async (directory: string): Promise<string> => {
  const copy = await Store.open({ directory, readersMax: READERS_MAX, olderSchemas: true });
  try {
    return await contentOf(directory, copy);
  } finally {
    await copy.close();
  }
};

const isStore = (directory: string): boolean => {
  try {
    return inspectDirectory(directory) === 'store';
  } catch (error) {
    if (error instanceof HostError) return false;
    throw error;
  }
};

interface BackupPlan {
  /** An open store in which nothing is being written, and its directory. */
  readonly store: Store;
  readonly directory: string;
  readonly to: string;
}

/**
 * Copies a store, and compares the copy. False: the copy was there already.
 *
 * Errors: HostError NOT_EMPTY when something else is in the way, STORE_IO, BACKUP_FAILED.
 */
export const backUp = async ({ store, directory, to }: BackupPlan): Promise<boolean> => {
  const content = await contentOf(directory, store);
  if (isStore(to) && (await contentAt(to)) === content) return false;
  await makeDirectory(to, async temporary => {
    await copyDataFile(directory, temporary);
    if ((await contentAt(temporary)) === content) return;
    throw new HostError('BACKUP_FAILED', `${to}: the copy is not what was copied. Try again.`);
  });
  return true;
};
