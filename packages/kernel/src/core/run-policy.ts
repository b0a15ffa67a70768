/**
 * How far a run goes: its limits are counts that are the same on every replica, and they are looked
 * at between waves (rules.md#w6).
 *
 * A limit that is reached ends the run after the wave that reached it; nothing shortens a wave.
 */
import { checkFields } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import type { WaveStats } from '../wave/run.js';

export interface RunStats {
  readonly waves: number;
  /** Items taken off the run queue. */
  readonly deliveries: number;
  /** Cranks of vats that were merged. */
  readonly cranks: number;
  /** Vats that were to be made. */
  readonly creations: number;
  /** Rows removed of ended incarnations and vats. */
  readonly cleanups: number;
}

/** Each count is a limit; `until` ends the run when it says true of what has been done. */
export interface RunLimits extends Partial<RunStats> {
  /** A function of the counts only, or replicas part. */
  readonly until?: (done: RunStats) => boolean;
}

export const NO_RUN: RunStats = { waves: 0, deliveries: 0, cranks: 0, creations: 0, cleanups: 0 };

const COUNTS = ['waves', 'deliveries', 'cranks', 'creations', 'cleanups'] as const;

/** Errors: KernelError BAD_OPTION for a limit that there is not, or that is none. */
export const checkRunLimits = (limits: RunLimits): void => {
  checkFields('run', limits, [...COUNTS, 'until']);
  for (const name of COUNTS) {
    const limit = limits[name];
    if (limit === undefined || limit === Infinity || Number.isSafeInteger(limit)) continue;
    throw new KernelError('BAD_OPTION', `run: ${name} must be an integer: ${limit}`);
  }
};

export const isReached = (limits: RunLimits, done: RunStats): boolean =>
  COUNTS.some(name => done[name] >= (limits[name] ?? Infinity)) || limits.until?.(done) === true;

export const addWave = (done: RunStats, wave: WaveStats): RunStats => ({
  waves: done.waves + 1,
  deliveries: done.deliveries + wave.items,
  cranks: done.cranks + wave.cranks,
  creations: done.creations + wave.creations,
  cleanups: done.cleanups + wave.cleanups,
});
