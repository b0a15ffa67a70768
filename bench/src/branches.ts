/**
 * A store with a bank of every size, whose purses have all been handed out to a teller vat: what
 * the benches of upgrades and of forks begin with.
 */
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel, type Kernel } from '@heirloom/kernel';
import { during, type BenchIo } from './bench.js';
import { PURSES_PER_MESSAGE_MAX } from './purse-kernel.js';
import type { Progress } from './progress.js';

/** The smallest bank; the others are ten times as large each. */
const PURSES_LEAST = 100;
/** Messages of so many purses are under way at a time while a bank is filled. */
const MESSAGES_AT_ONCE = 8;

interface Bundles {
  readonly bank: string;
  readonly teller: string;
}

/** Sizes of banks. */
export const sizesUpTo = (most: number): number[] => {
  const sizes: number[] = [];
  for (let size = PURSES_LEAST; size <= most; size *= 10) sizes.push(size);
  return sizes;
};

const install = async (kernel: Kernel, name: string): Promise<string> => {
  const file = fileURLToPath(new URL(`../vats/${name}`, import.meta.url));
  return kernel.installBundle(await bundleVat(file));
};

/** Makes a bank, and the teller that it hands its purses to. */
const openBranch = async (
  kernel: Kernel,
  bundles: Bundles,
  purses: number,
  progress: Progress,
): Promise<void> => {
  const vatParameters = { version: 1 };
  const { bank: bundleId } = bundles;
  const bank = await kernel.createVat({ name: `bank-${purses}`, bundleId, vatParameters });
  const teller = await kernel.createVat({ name: `teller-${purses}`, bundleId: bundles.teller });
  for (let done = 0; done < purses; ) {
    const collected: Promise<unknown>[] = [];
    for (let n = 0; n < MESSAGES_AT_ONCE && done < purses; n += 1) {
      const count = Math.min(PURSES_PER_MESSAGE_MAX, purses - done);
      collected.push(kernel.call(teller.root, 'collect', [bank.root, count]));
      done += count;
      progress.advance(count);
    }
    await Promise.all(collected);
  }
  // With the purses in its heap, V8's collector would be busy with the teller while others work.
  await kernel.upgradeVat(teller.vatId, { bundleId: bundles.teller });
};

/** Makes the store. Returns the id of the banks' bundle. */
export const fillBranches = async (
  directory: string,
  sizes: readonly number[],
  io: BenchIo,
): Promise<string> => {
  const kernel = await openKernel({ directory });
  try {
    const bundles = await during(io, 'bundling the vats', async () => {
      const bank = await install(kernel, 'vat-bank.js');
      return { bank, teller: await install(kernel, 'vat-teller.js') };
    });
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const progress = io.progress('purses made', total);
    try {
      for (const size of sizes) await openBranch(kernel, bundles, size, progress);
    } finally {
      progress.stop();
    }
    await during(io, 'waiting until nothing is queued', () => kernel.idle());
    return bundles.bank;
  } finally {
    await kernel.close();
  }
};
