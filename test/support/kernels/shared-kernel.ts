/**
 * A kernel that the tests of a file or a describe share: opened once, with every bundle installed
 * once. Each test makes the vats that it drives, under names of its own; they end with the test.
 *
 * After each test the tables and the rows of all vats are audited. A test that stops the kernel (as
 * a HostError does) leaves the last block: the kernel is opened again over that. When all tests are
 * through, so it is once more: the last block must be there, and every vat that outlives the tests
 * must be replayed.
 */
import { basename } from 'node:path';
import { HostError, KernelError, openKernel } from '@heirloom/kernel';
import type {
  CreatedVat,
  Kernel,
  KernelLogEntry,
  KernelOptions,
  VatInfo,
} from '@heirloom/kernel';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { auditStore } from '../stores/store-audit.js';
import { fixture, freshDirectory, isolation } from './fresh-kernels.js';

type VatOptions = Omit<Parameters<Kernel['createVat']>[0], 'name' | 'bundleId'>;

interface Sharing extends Partial<KernelOptions> {
  /** Where the store is made; default: a fresh directory. */
  readonly place?: () => Promise<string>;
  /** Fills the store, before the first test. What runs then, runs for all tests. */
  readonly begin?: (shared: SharedKernel) => Promise<void>;
  /** The vats, by name, that a test may leave for the next one. */
  readonly keeps?: (name: string) => boolean;
  /** What must hold at last, beside the rest: the kernel has been closed and opened again. */
  readonly end?: (shared: SharedKernel) => Promise<void>;
}

export class SharedKernel {
  readonly #options: Partial<KernelOptions>;
  readonly #keeps: (name: string) => boolean;
  readonly #bundleIds = new Map<string, Promise<string>>();
  /** Of the present test. */
  readonly log: KernelLogEntry[] = [];
  #directory = '';
  #kernel: Kernel | undefined;
  /** What the kernel was opened with in place of its own options. */
  #changes: Partial<KernelOptions> = {};
  #lastName = 0;
  /** The vats that the running test found. */
  #vatsBefore: ReadonlySet<string> = new Set();

  constructor({ log, ...options }: Partial<KernelOptions>, keeps: (name: string) => boolean) {
    const keepLog: KernelOptions['log'] = entry => {
      this.log.push(entry);
      log?.(entry);
    };
    this.#options = { spareThreads: 0, isolation, ...options, log: keepLog };
    this.#keeps = keeps;
  }

  get directory(): string {
    return this.#directory;
  }

  get kernel(): Kernel {
    if (this.#kernel === undefined) throw Error('the kernel is not open');
    return this.#kernel;
  }

  /** `CODE: text` of each fault of the present test. */
  get faults(): readonly string[] {
    return this.log.filter(({ level }) => level === 'fault').map(({ text }) => text);
  }

  async open(directory: string): Promise<void> {
    this.#directory = directory;
    this.#kernel = await openKernel({ ...this.#options, directory });
  }

  /** Closes the kernel and opens its store again; with `changes`, until the test ends. */
  async reopen(changes: Partial<KernelOptions> = {}): Promise<Kernel> {
    await this.close();
    const { parameters: _, ...options } = this.#options;
    const directory = this.#directory;
    this.#kernel = await openKernel({ ...options, ...changes, directory });
    this.#changes = changes;
    return this.#kernel;
  }

  /** Closes the kernel, lets `look` see the store, and opens it again. */
  async closedFor<T>(look: (directory: string) => Promise<T>): Promise<T> {
    await this.close();
    const seen = await look(this.#directory);
    await this.reopen();
    return seen;
  }

  async close(): Promise<void> {
    await this.#kernel?.close();
    this.#kernel = undefined;
  }

  /** A name that no other vat or thing of the file has. */
  takeName(prefix: string): string {
    this.#lastName += 1;
    return `${prefix}-${this.#lastName}`;
  }

  find(name: string): VatInfo | undefined {
    return this.kernel.vats().find(vat => vat.name === name);
  }

  /** The id of the bundle of `test/vats/NAME`, which is installed when it is first asked for. */
  install(name: string): Promise<string> {
    const known = this.#bundleIds.get(name);
    const bundleId = known ?? fixture(name).then(it => this.settle(this.kernel.installBundle(it)));
    this.#bundleIds.set(name, bundleId);
    return bundleId;
  }

  /** A vat of `test/vats/FILE`, under a name of its own. */
  async create(
    file: string,
    options: VatOptions = {},
  ): Promise<CreatedVat & { readonly name: string; readonly bundleId: string }> {
    const bundleId = await this.install(file);
    const name = this.takeName(basename(file, '.js'));
    const made = await this.settle(this.kernel.createVat({ ...options, name, bundleId }));
    return { ...made, name, bundleId };
  }

  /** What an input gives; where the host makes the blocks, with a block of its own. */
  async settle<T>(work: Promise<T>): Promise<T> {
    if (!this.#isOfHost) return work;
    await this.kernel.run();
    await this.kernel.commit();
    return work;
  }

  /** Before a test. */
  ready(): void {
    this.log.length = 0;
    this.#vatsBefore = new Set(this.kernel.vats().map(({ vatId }) => vatId));
  }

  /** After a test: tables and rows of all vats agree; then what the test has made is ended. */
  async tidy(): Promise<void> {
    const isChanged = Object.keys(this.#changes).length > 0;
    if (isChanged || !(await this.#couldGoOn())) {
      await this.reopen();
      await this.#quiet();
    }
    expect(this.kernel.audit({ rows: true }).findings).toEqual([]);
    const own = this.kernel
      .vats()
      .filter(({ name, vatId }) => !this.#vatsBefore.has(vatId) && !this.#keeps(name));
    if (own.length === 0) return;
    await this.settle(Promise.all(own.map(({ vatId }) => this.kernel.terminateVat(vatId))));
  }

  /** After the last test: the closed store agrees with itself, and all of it can be opened. */
  async expectWhole(): Promise<void> {
    await this.#quiet();
    const { blockHash } = this.kernel;
    await this.close();
    expect(await auditStore(this.#directory)).toEqual([]);
    const again = await this.reopen();
    expect(again.blockHash).toBe(blockHash);
    const broken = again.vats().filter(({ replayable }) => !replayable);
    expect(broken.map(({ name }) => name)).toEqual([]);
  }

  /** Nothing is queued, and all that was done is in a block. */
  async #quiet(): Promise<void> {
    await (this.#isOfHost ? this.settle(Promise.resolve()) : this.kernel.idle());
  }

  /** False: it is closed, or was stopped. */
  async #couldGoOn(): Promise<boolean> {
    if (this.#kernel === undefined) return false;
    try {
      await this.#quiet();
      return true;
    } catch (error) {
      if (error instanceof HostError || error instanceof KernelError) return false;
      throw error;
    }
  }

  get #isOfHost(): boolean {
    return { ...this.#options, ...this.#changes }.blocks === 'host';
  }
}

/** To be called at the top of a test file or of a describe. */
export const useSharedKernel = (given: Sharing = {}): SharedKernel => {
  const { place = freshDirectory, begin, keeps = () => false, end, ...options } = given;
  const shared = new SharedKernel(options, keeps);
  beforeAll(async () => {
    await shared.open(await place());
    await begin?.(shared);
  });
  beforeEach(() => shared.ready());
  afterEach(() => shared.tidy());
  afterAll(async () => {
    await shared.expectWhole();
    await end?.(shared);
    await shared.close();
  });
  return shared;
};
