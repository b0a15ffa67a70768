/**
 * A kernel that the tests of a file or a describe share: opened once, with every bundle installed
 * once. Each test makes the vats that it drives, under names of its own; they end with the test.
 */
import { basename } from 'node:path';
import { openKernel } from '@heirloom/kernel';
import type { CreatedVat, Kernel, KernelConfig, KernelOptions } from '@heirloom/kernel';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { auditStore } from '../stores/store-audit.js';
import { fixture, freshDirectory, isolation } from './fresh-kernels.js';

type VatOptions = Omit<Parameters<Kernel['createVat']>[0], 'name' | 'bundleId'>;

export class SharedKernel {
  readonly #options: Partial<KernelOptions>;
  readonly #bundleIds = new Map<string, Promise<string>>();
  #directory = '';
  #kernel: Kernel | undefined;
  /** What the kernel was opened with in place of its own options. */
  #changes: Partial<KernelOptions> = {};
  #lastName = 0;
  /** The vats that the running test found. */
  #vatsBefore: ReadonlySet<string> = new Set();

  constructor(options: Partial<KernelOptions>) {
    this.#options = options;
  }

  get directory(): string {
    return this.#directory;
  }

  get kernel(): Kernel {
    if (this.#kernel === undefined) throw Error('the kernel is not open');
    return this.#kernel;
  }

  /** Over a fresh store, which begins with what `config` says. */
  async open(config?: KernelConfig): Promise<void> {
    this.#directory = await freshDirectory();
    const begun = config === undefined ? {} : { config };
    this.#kernel = await this.#openWith({ ...this.#options, ...begun });
  }

  /** Closes the kernel and opens its store again; with `changes`, until the test ends. */
  async reopen(changes: Partial<KernelOptions> = {}): Promise<Kernel> {
    await this.#kernel?.close();
    this.#kernel = undefined;
    const { parameters: _, ...options } = this.#options;
    this.#kernel = await this.#openWith({ ...options, ...changes });
    this.#changes = changes;
    return this.#kernel;
  }

  /** Closes the kernel, lets `look` see the store, and opens it again. */
  async closedFor<T>(look: (directory: string) => Promise<T>): Promise<T> {
    await this.kernel.close();
    const seen = await look(this.#directory);
    await this.reopen();
    return seen;
  }

  /** A name that no other vat of the file has. */
  takeName(prefix: string): string {
    this.#lastName += 1;
    return `${prefix}-${this.#lastName}`;
  }

  /** The id of the bundle of `test/vats/NAME`. */
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
  begin(): void {
    this.#vatsBefore = new Set(this.kernel.vats().map(({ vatId }) => vatId));
  }

  /** After a test: tables and rows of all vats agree; then what the test has made is ended. */
  async end(): Promise<void> {
    if (Object.keys(this.#changes).length > 0) await this.reopen();
    await (this.#isOfHost ? this.settle(Promise.resolve()) : this.kernel.idle());
    expect(this.kernel.audit({ rows: true }).findings).toEqual([]);
    const own = this.kernel.vats().filter(({ vatId }) => !this.#vatsBefore.has(vatId));
    await this.settle(Promise.all(own.map(({ vatId }) => this.kernel.terminateVat(vatId))));
  }

  /** After the last test. */
  async close(): Promise<void> {
    await this.#kernel?.close();
    expect(await auditStore(this.#directory)).toEqual([]);
  }

  get #isOfHost(): boolean {
    return { ...this.#options, ...this.#changes }.blocks === 'host';
  }

  #openWith(options: Partial<KernelOptions>): Promise<Kernel> {
    return openKernel({ spareThreads: 0, isolation, ...options, directory: this.#directory });
  }
}

/** To be called at the top of a test file or of a describe. */
export const useSharedKernel = (options: Partial<KernelOptions> = {}): SharedKernel => {
  const shared = new SharedKernel(options);
  beforeAll(() => shared.open());
  beforeEach(() => shared.begin());
  afterEach(() => shared.end());
  afterAll(() => shared.close());
  return shared;
};
