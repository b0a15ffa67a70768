/**
 * A kernel that all tests of a file or a `describe` share, and what each of them makes in it.
 *
 * `kernelOver` closes its kernels when a test ends; this one stays open. A test that stops it (as a
 * HostError does) leaves the last block: whoever needs the kernel next opens that.
 */
import { HostError, KernelError, openKernel } from '@heirloom/kernel';
import type { Kernel, KernelLogEntry, KernelOptions, VatId, VatInfo } from '@heirloom/kernel';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { auditStore } from '../stores/store-audit.js';
import { fixture, freshDirectory, isolation } from './fresh-kernels.js';

export class StandingKernel {
  readonly #options: Partial<KernelOptions>;
  readonly #bundleIds = new Map<string, string>();
  /** Of the present test. */
  readonly log: KernelLogEntry[] = [];
  #directory = '';
  #kernel: Kernel | undefined;
  #nextName = 1;

  constructor(options: Partial<KernelOptions>) {
    this.#options = { spareThreads: 0, isolation, ...options };
  }

  get kernel(): Kernel {
    if (this.#kernel === undefined) throw Error('the kernel is not open');
    return this.#kernel;
  }

  get directory(): string {
    return this.#directory;
  }

  /** Opens a store, or closes what is open and opens that again. */
  async open(directory = this.#directory): Promise<Kernel> {
    await this.#kernel?.close();
    this.#kernel = undefined;
    this.#directory = directory;
    const log = (entry: KernelLogEntry): void => void this.log.push(entry);
    this.#kernel = await openKernel({ ...this.#options, log, directory });
    return this.#kernel;
  }

  async close(): Promise<void> {
    await this.#kernel?.close();
    this.#kernel = undefined;
  }

  /** Whatever the test before has done: an open kernel in which only these vats run. */
  async ready(keeps: StandingOptions['keeps']): Promise<void> {
    this.log.length = 0;
    if (this.#isStopped()) await this.open();
    for (const { name, vatId } of this.kernel.vats()) {
      if (!keeps(name, vatId)) await this.kernel.terminateVat(vatId);
    }
  }

  /** The id of the bundle of `test/vats/NAME`, which is installed when it is first asked for. */
  async install(name: string): Promise<string> {
    const known = this.#bundleIds.get(name);
    if (known !== undefined) return known;
    const bundleId = await this.kernel.installBundle(await fixture(name));
    this.#bundleIds.set(name, bundleId);
    return bundleId;
  }

  /** A name that no other vat or thing has. */
  takeName(what: string): string {
    const name = `${what}${this.#nextName}`;
    this.#nextName += 1;
    return name;
  }

  find(name: string): VatInfo | undefined {
    return this.kernel.vats().find(vat => vat.name === name);
  }

  /** `CODE: text` of each fault of the present test. */
  faults(): string[] {
    return this.log.filter(({ level }) => level === 'fault').map(({ text }) => text);
  }

  #isStopped(): boolean {
    if (this.#kernel === undefined) return true;
    try {
      this.#kernel.audit();
      return false;
    } catch (error) {
      if (error instanceof HostError || error instanceof KernelError) return true;
      throw error;
    }
  }
}

interface StandingOptions extends Partial<KernelOptions> {
  /** The vats that tests find; all others end before a test begins. */
  readonly keeps: (name: string, vatId: VatId) => boolean;
  /** Where the store is made; default: a fresh directory. */
  readonly place?: () => Promise<string>;
  /** Fills the store, before the first test. */
  readonly begin: (standing: StandingKernel) => Promise<void>;
  /** What must hold at last, beside the rest: the kernel has been closed and opened again. */
  readonly end?: (standing: StandingKernel) => Promise<void>;
}

/**
 * To be called in a `describe`, or at the top of a test file. When its tests are through, the
 * kernel is closed and opened again: the tables of the store must agree with each other, the last
 * block must be there, and every vat must be replayed.
 */
export const useStandingKernel = (given: StandingOptions): StandingKernel => {
  const { keeps, place = freshDirectory, begin, end, ...options } = given;
  const standing = new StandingKernel(options);
  beforeAll(async () => {
    await standing.open(await place());
    await begin(standing);
  });
  beforeEach(() => standing.ready(keeps));
  afterAll(async () => {
    const { blockHash } = standing.kernel;
    await standing.close();
    expect(await auditStore(standing.directory)).toEqual([]);
    const kernel = await standing.open();
    expect(kernel.blockHash).toBe(blockHash);
    const broken = kernel.vats().filter(({ replayable }) => !replayable);
    expect(broken.map(({ name }) => name)).toEqual([]);
    await end?.(standing);
    await standing.close();
  });
  return standing;
};
