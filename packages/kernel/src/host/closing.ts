/** How a kernel is closed: for how long, and what the host is told. */
import { checkCount, checkFields } from '../base/arguments.js';
import type { CrankPlace, WorkerError } from '../base/kernel-errors.js';
import type { Repeat } from '../base/kernel-host-powers.js';

const TIMEOUT_MS = 1_000;

export interface CloseOptions {
  /**
   * How long what is in progress may still take; default 1,000, Infinity: for ever. After half of
   * it no further wave is begun; after all of it the workers are killed.
   */
  readonly timeoutMs?: number;
}

export interface CloseReport {
  /** Deliveries that were in progress when the workers were killed; empty if all ended by itself. */
  readonly cutShort: readonly CrankPlace[];
  /** Threads that could not be ended: `kernel.leftBehind`, as it was then. */
  readonly leftBehind: readonly WorkerError[];
}

/** The time. Errors: KernelError BAD_OPTION. */
export const readCloseOptions = (options: CloseOptions): number => {
  checkFields('close', options, ['timeoutMs']);
  const { timeoutMs = TIMEOUT_MS } = options;
  checkCount('close: timeoutMs', timeoutMs, 0);
  return timeoutMs;
};

interface Steps {
  hurry(): void;
  cut(): void;
}

/** Has the first step taken after half of the time, and the other after all. Returns a stop. */
export const inTwoSteps = (
  repeat: Repeat,
  timeoutMs: number,
  { hurry, cut }: Steps,
): (() => void) => {
  if (timeoutMs === Infinity) return () => undefined;
  let isHurried = false;
  const stop = repeat(timeoutMs / 2, () => {
    if (isHurried) {
      stop();
      cut();
    } else {
      isHurried = true;
      hurry();
    }
  });
  return stop;
};
