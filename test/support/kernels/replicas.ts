/** The same inputs to kernels that differ in what may not matter: every block hash is the same. */
import type { Kernel, KernelOptions } from '@heirloom/kernel';
import { expect } from 'vitest';
import { isThorough } from '../suite/amounts.js';
import { freshDirectory, kernelOver } from './fresh-kernels.js';

/** A kernel that the host commits, and what a script does with it. */
export class Replica {
  readonly #options: Partial<KernelOptions>;
  readonly #restarts: boolean;
  readonly hashes: string[] = [];
  readonly directory: string;
  kernel: Kernel;

  private constructor(
    options: Partial<KernelOptions> & { readonly directory: string },
    restarts: boolean,
    kernel: Kernel,
  ) {
    this.#options = options;
    this.directory = options.directory;
    this.#restarts = restarts;
    this.kernel = kernel;
  }

  static async open(given: Partial<KernelOptions>, restarts: boolean): Promise<Replica> {
    const options = { ...given, blocks: 'host' as const, directory: await freshDirectory() };
    return new Replica(options, restarts, await kernelOver(options));
  }

  /** A block of at most `waves` waves; then, in some replicas, a restart. */
  async block(waves = Infinity): Promise<void> {
    await this.kernel.run({ waves });
    this.hashes.push(await this.kernel.commit());
    await this.restart();
  }

  /** In some replicas. */
  async restart(): Promise<void> {
    if (!this.#restarts) return;
    await this.kernel.close();
    this.kernel = await kernelOver(this.#options);
  }

  /** What an input gives, with a block of its own. */
  async settle<T>(work: Promise<T>): Promise<T> {
    await this.kernel.run();
    this.hashes.push(await this.kernel.commit());
    return work;
  }
}

type Variant = readonly [options: Partial<KernelOptions>, restarts: boolean];

const PLAIN: Variant = [{}, false];
const ONE_THREAD: Partial<KernelOptions> = { threads: 1, spareThreads: 1 };
const PAGING: Partial<KernelOptions> = { maxVatsOnline: 1 };

const VARIANTS: readonly Variant[] = isThorough
  ? [PLAIN, [ONE_THREAD, false], [PAGING, false], [{}, true]]
  : [PLAIN, [{ ...ONE_THREAD, ...PAGING }, true]];

/**
 * Runs `script` in every variant, in `npm test` in one that has all differences at once; what it
 * gives must be the same too. Returns that. For tests with the tag `sized` or `thorough`.
 */
export const inReplicas = async <T>(script: (replica: Replica) => Promise<T>): Promise<T> => {
  const outcomes: { readonly result: T; readonly hashes: readonly string[] }[] = [];
  for (const [options, restarts] of VARIANTS) {
    const replica = await Replica.open(options, restarts);
    const result = await script(replica);
    outcomes.push({ result, hashes: replica.hashes });
  }
  const [first] = outcomes;
  for (const outcome of outcomes) expect(outcome).toEqual(first);
  return first!.result;
};
