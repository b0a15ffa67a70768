/**
 * How long the kernel's thread is busy at a stretch: what a host's own timers are late by. Watched
 * from the first time that somebody asks for figures until the kernel closes.
 */
import type { PauseMeter } from '../base/kernel-host-powers.js';
import type { KernelCore } from '../core/kernel-core.js';

const meters = new WeakMap<KernelCore, PauseMeter>();

/** The longest pause since it was last asked for, ms; 0 the first time. */
export const longestPauseMs = (core: KernelCore): number => {
  const known = meters.get(core);
  if (known !== undefined) return known.takeLongestMs();
  if (core.isAlive) meters.set(core, core.ways.watchPauses());
  return 0;
};

export const endPauses = (core: KernelCore): void => {
  meters.get(core)?.stop();
  meters.delete(core);
};
