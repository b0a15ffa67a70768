/**
 * Directories that appear whole or not at all: made under another name beside the target, synced,
 * renamed when done, removed when given up.
 */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HostError } from '@heirloom/store';

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Errors: HostError NOT_EMPTY when there is something in the way. */
const assertFree = async (target: string): Promise<void> => {
  let names: string[];
  try {
    names = await readdir(target);
  } catch (error) {
    if (isMissing(error)) return;
    throw new HostError('NOT_EMPTY', `${target} cannot be made: ${String(error)}`, {
      cause: error,
    });
  }
  if (names.length === 0) return;
  throw new HostError(
    'NOT_EMPTY',
    `${target} is not empty. Name a directory that is empty or does not exist yet.`,
  );
};

const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Tells apart what one process makes at a time. */
let made = 0;

/** Has `fill` fill a directory that becomes `target` when it is done. */
export const makeDirectory = async <T>(
  target: string,
  fill: (temporary: string) => Promise<T>,
): Promise<T> => {
  const path = resolve(target);
  await assertFree(path);
  made += 1;
  const temporary = `${path}.partial-${process.pid}-${made}`;
  await rm(temporary, { recursive: true, force: true }); // a process of this number that was killed
  await mkdir(temporary, { recursive: true });
  try {
    const filled = await fill(temporary);
    await syncDirectory(temporary);
    await rename(temporary, path); // over an empty directory as well
    await syncDirectory(dirname(path));
    return filled;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
};
