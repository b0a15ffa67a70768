/**
 * How glibc's `malloc` is set for a process that lives long. It reads its settings when the process
 * starts, so a command that wants others runs itself once more.
 *
 * Theory of operation. Whatever is larger than a threshold has pages of its own, which go back when
 * it is freed. But when such a piece is freed that is larger than the threshold, `malloc` raises it
 * to that size, up to 32 MiB, and from then on keeps such pieces in its heaps, of which it has
 * eight for each core. lmdb's addon has 16 MiB in every thread that loads it: the first worker of a
 * vat that ends frees them. Setting both thresholds to the values they begin with holds them there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Documented in docs/isolation.md. */
const HELD = {
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_ARENA_MAX: '4',
} as const;

export const MALLOCS = ['held', 'default'] as const;
export type Malloc = (typeof MALLOCS)[number];

const SETTINGS = Object.entries(HELD);

/** As in a shell. */
export const settingsText = SETTINGS.map(([name, value]) => `${name}=${value}`).join(' ');

const isSet = (): boolean => SETTINGS.every(([name, value]) => process.env[name] === value);

/** Which settings are in force here: those of the environment at the start of the process. */
export const mallocHere = (): Malloc => (isSet() ? 'held' : 'default');

/** Runs this command once more, with settings. Gives its exit status: 1 if a signal ended it. */
export const runHeld = async (): Promise<number> => {
  const [node, ...args] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, ...HELD };
  const child = spawn(node, args, { env, stdio: 'inherit' });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
};
