/**
 * Stores that several tests begin with: made once for the test files of a process, copied for
 * each test.
 *
 * A copy costs the replay of its vats, where making it costs a kernel, the weaving of its bundles
 * and the vats.
 */
import { cp } from 'node:fs/promises';
import { freshDirectory, lastingDirectory } from '../kernels/fresh-kernels.js';

/**
 * Gives the directory of a fresh copy each time. `make` fills a directory, when the first test asks
 * for a copy, and closes what it opens.
 */
export const preparedStore = (
  make: (directory: string) => Promise<unknown>,
): (() => Promise<string>) => {
  let original: Promise<string> | undefined;
  const prepare = async (): Promise<string> => {
    const directory = await lastingDirectory();
    await make(directory);
    return directory;
  };
  return async () => {
    original ??= prepare();
    const source = await original;
    const directory = await freshDirectory();
    await cp(source, directory, { recursive: true });
    return directory;
  };
};
