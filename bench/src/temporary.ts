/** Directories for the stores of a bench, removed when it ends, also by Ctrl-C. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * What `use` gives. The directory that it is called with is fresh, and removed when `use` has
 * ended, or when a signal (Ctrl-C) ends the process before.
 */
export const inTemporaryDirectory = async <T>(
  name: string,
  use: (directory: string) => Promise<T>,
): Promise<T> => {
  const directory = await mkdtemp(path.join(tmpdir(), `heirloom-${name}-`));
  const onSignal = (signal: NodeJS.Signals): void => {
    rmSync(directory, { recursive: true, force: true });
    for (const other of SIGNALS) process.off(other, onSignal);
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await use(directory);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    await rm(directory, { recursive: true, force: true });
  }
};
