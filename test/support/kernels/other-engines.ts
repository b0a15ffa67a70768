/**
 * Kernels under engines that are called otherwise and show vat code something else than the one of
 * this process, as far as a store can tell.
 */
import type { Kernel, KernelOptions } from '@heirloom/kernel';
import { hostWays, openKernelOver, type WaysOut } from '@heirloom/kernel/over';
import { isolation } from './fresh-kernels.js';

/** What an engine of this name shows: one observation differs from what this one shows. */
export const engineNamed = (name: string, shows: string): WaysOut['engine'] => {
  const { engine } = hostWays('unused');
  const digest = Buffer.from(shows.padEnd(8)).toString('hex').slice(0, 16);
  return {
    name,
    build: name,
    observe: async image => {
      const observed = await engine.observe(image);
      return observed?.map(([what, seen], i) => [what, i === 0 ? digest : seen] as const);
    },
  };
};

/** A kernel of which the caller takes care. */
export const kernelUnder = (
  engine: WaysOut['engine'],
  { directory, ...options }: KernelOptions,
): Promise<Kernel> => {
  const usual = { spareThreads: 0, isolation, log: () => undefined };
  return openKernelOver({ ...hostWays(directory), engine }, { ...usual, ...options });
};
