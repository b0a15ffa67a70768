/** The one file of the kernel that touches a clock. No measurement from here enters a hash. */
import { existsSync } from 'node:fs';
import { url as inspectorUrl } from 'node:inspector';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { engineNames } from '@heirloom/worker';

/** What a kernel asks of clocks and timers. */
export interface Clock {
  /** Milliseconds of a monotonic clock, for statistics that the host sees. */
  nowMs(): number;
  /** The time of day, for logs that the host sees. */
  wallTime(): string;
  /** Lets everything else that waits have its turn: long scans of a store are cut by these. */
  nextTurn(): Promise<void>;
  /** A timer that keeps no process alive. For what only this host decides. */
  readonly repeat: Repeat;
}

/** Of functions beside a kernel; a kernel has a `Clock`. */
export const nowMs = (): number => performance.now();

/** The engine and its data, on which outcomes depend beyond our own code (rules.md#h4). */
export const engineName = (): string => engineNames().name;

/** The same with the release of Node. */
export const engineBuild = (): string => engineNames().build;

/** Whose code caches fit. */
export const v8Version = (): string => process.versions.v8;

/** As of `Clock`. */
export const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Calls `job` every so many milliseconds until the function that it gives is called. */
export type Repeat = (milliseconds: number, job: () => void) => () => void;

/** As of `Clock`. */
export const repeat: Repeat = (milliseconds, job) => {
  const timer = setInterval(job, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
};

/** How long a thread does not get to its timers. */
export interface PauseMeter {
  /** The longest since this was last asked, ms, to about as much as the meter's step. */
  takeLongestMs(): number;
  stop(): void;
}

const PAUSE_STEP_MS = 10;
const NS_PER_MS = 1e6;

/**
 * Of this thread. libuv's own timer is late by as long as the thread is busy; it runs no code of
 * ours, keeps no process alive, and costs a hundred wake-ups a second.
 */
export const watchPauses = (): PauseMeter => {
  const lateness = monitorEventLoopDelay({ resolution: PAUSE_STEP_MS });
  lateness.enable();
  return {
    takeLongestMs: () => {
      const longest = lateness.max / NS_PER_MS - PAUSE_STEP_MS;
      const { count } = lateness;
      lateness.reset();
      return count === 0 ? 0 : Math.max(0, longest);
    },
    stop: () => void lateness.disable(),
  };
};

export const hostClock: Clock = {
  nowMs,
  wallTime: () => new Date().toISOString(),
  nextTurn,
  repeat,
};

/**
 * A URL of the directory that a debugger finds sources in, if one can attach to this process:
 * files of authors are named from it. The one that is known, if it is still there; else the
 * directory that the process works in.
 */
export const debugRoot = (known: string | undefined): string | undefined => {
  if (inspectorUrl() === undefined) return undefined;
  if (known !== undefined && existsSync(new URL(known))) return known;
  return pathToFileURL(`${process.cwd()}/`).href;
};

/** A warning of this process. */
export const warnHost = (text: string): void => process.emitWarning(text);

export const writeError = (text: string): void => void process.stderr.write(text);
