/** How a kernel is closed, and for how long it may take. */
import { checkCount, checkFields } from '../base/arguments.js';
import { KernelError, type CrankPlace } from '../base/kernel-errors.js';
import type { Repeat } from '../base/kernel-host-powers.js';
import type { BlockDriver } from '../core/block-driver.js';
import type { KernelCore } from '../core/kernel-core.js';
import { endPauses } from './pauses.js';

const TIMEOUT_MS = 1_000;

export interface CloseOptions {
  /**
   * How long what is in progress may still take; default 1,000, Infinity: for ever. After half of
   * it no further wave is begun; after all of it the workers are killed.
   */
  readonly timeoutMs?: number;
}

/** The time. Errors: KernelError BAD_OPTION. */
export const readCloseOptions = (options: CloseOptions): number => {
  checkFields('close', options, ['timeoutMs']);
  const { timeoutMs = TIMEOUT_MS } = options;
  checkCount('close: timeoutMs', timeoutMs, 0);
  return timeoutMs;
};

/** Has the first step taken after half of the time, the second after all. Returns a stop. */
const inTwoSteps = (
  repeat: Repeat,
  timeoutMs: number,
  steps: readonly [first: () => void, second: () => void],
): (() => void) => {
  if (timeoutMs === Infinity) return () => undefined;
  const left = [...steps];
  const stop = repeat(timeoutMs / steps.length, () => {
    left.shift()?.();
    if (left.length === 0) stop();
  });
  return stop;
};

/** Whatever runs, this ends: without a bound it waits only for a block that is being written. */
export const closeKernel = async (
  core: KernelCore,
  blocks: BlockDriver,
  timeoutMs: number,
  onCut: (places: readonly CrankPlace[]) => void,
): Promise<void> => {
  endPauses(core);
  const reason = new KernelError('KERNEL_CLOSED', 'the kernel was closed');
  const stopWaiting = inTwoSteps(core.ways.clock.repeat, timeoutMs, [
    () => blocks.hurry(),
    () => onCut(core.cutShort(reason)),
  ]);
  await blocks.end(reason).finally(stopWaiting);
  await core.close(reason);
};
