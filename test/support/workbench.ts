/**
 * A vat that runs snippets of code: facts about what vat code sees, one line each.
 *
 * One kernel per test file and a fresh vat per test. Each call of `run` is one delivery, so what a
 * snippet does and what the next one sees lie in different cranks.
 */
import { openKernel } from '@heirloom/kernel';
import type { Kernel, KernelLogEntry, KernelOptions, VatReference } from '@heirloom/kernel';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fixture, freshDirectory, isolation } from './kernels.js';

const FIXTURE = 'workbench.js';

class Shop {
  readonly #options: Partial<KernelOptions>;
  #directory = '';
  #bundleId = '';
  #kernel: Kernel | undefined;
  #nextName = 1;
  readonly log: KernelLogEntry[] = [];

  constructor(options: Partial<KernelOptions>) {
    this.#options = options;
  }

  get kernel(): Kernel {
    if (this.#kernel === undefined) throw Error('the kernel is not open');
    return this.#kernel;
  }

  get bundleId(): string {
    return this.#bundleId;
  }

  async open(): Promise<void> {
    this.#directory = await freshDirectory();
    await this.reopen();
    this.#bundleId = await this.kernel.installBundle(await fixture(FIXTURE));
  }

  async reopen(): Promise<void> {
    await this.close();
    const options = { spareThreads: 1, isolation, ...this.#options, directory: this.#directory };
    this.#kernel = await openKernel({ ...options, log: entry => this.log.push(entry) });
  }

  async close(): Promise<void> {
    await this.#kernel?.close();
    this.#kernel = undefined;
  }

  takeName(): string {
    const name = `bench${this.#nextName}`;
    this.#nextName += 1;
    return name;
  }
}

export class Workbench {
  readonly #shop: Shop;
  readonly #name: string;

  constructor(shop: Shop, name: string) {
    this.#shop = shop;
    this.#name = name;
  }

  /** Begins the vat, with `setup` run in its first crank. Rejects with what that throws. */
  static async create(shop: Shop, setup?: string): Promise<Workbench> {
    const name = shop.takeName();
    const { bundleId } = shop;
    const vatParameters = setup === undefined ? undefined : { setup };
    await shop.kernel.createVat({ name, bundleId, vatParameters });
    return new Workbench(shop, name);
  }

  /** The root as the present kernel names it: after a restart, another reference. */
  get root(): VatReference {
    return this.#shop.kernel.vat(this.#name).root;
  }

  get incarnation(): number {
    return this.#shop.kernel.vat(this.#name).incarnation;
  }

  /** The completion value of `code`, or of the promise that it is; `args` is global to it. */
  run(code: string, args: readonly unknown[] = []): Promise<unknown> {
    return this.#shop.kernel.call(this.root, 'run', [code, args]);
  }

  /** Replaces the incarnation by one that runs `setup` before its root is made. */
  async upgrade(setup = '', args: readonly unknown[] = []): Promise<void> {
    const { kernel, bundleId } = this.#shop;
    const { vatId } = kernel.vat(this.#name);
    await kernel.upgradeVat(vatId, { bundleId, vatParameters: { setup, args } });
  }

  /** Name and message of the reason for which an upgrade fails. The vat goes on as it was. */
  async failedUpgrade(setup: string): Promise<string> {
    const before = this.incarnation;
    const reason = await this.upgrade(setup).then(
      () => 'the upgrade succeeded',
      (error: unknown) => String(error),
    );
    return this.incarnation === before ? reason : 'the upgrade succeeded';
  }

  async terminate(): Promise<void> {
    const { kernel } = this.#shop;
    const vat = kernel.vats().find(({ name }) => name === this.#name);
    if (vat !== undefined) await kernel.terminateVat(vat.vatId);
  }
}

export interface Workbenches {
  readonly kernel: Kernel;
  /** What vats of this file have written to their consoles, and faults. */
  readonly log: readonly KernelLogEntry[];
  /** A fresh vat that lives until the test ends. */
  make(setup?: string): Promise<Workbench>;
  /** Closes the kernel and opens its store again: every vat is rebuilt from what is stored. */
  restart(): Promise<void>;
}

/** A title, a snippet, and what it gives: compared as `toEqual` compares. */
export type Fact = readonly [title: string, code: string, expected: unknown];

/** One test for each fact, in a fresh vat. `prelude` is run in a crank of its own before. */
export const testFacts = (
  benches: Workbenches,
  facts: readonly Fact[],
  prelude?: string,
): void => {
  for (const [title, code, expected] of facts) {
    test(title, async () => {
      const bench = await benches.make(prelude);
      expect(await bench.run(code)).toEqual(expected);
    });
  }
};

/** To be called at the top of a test file. */
export const useWorkbenches = (options: Partial<KernelOptions> = {}): Workbenches => {
  const shop = new Shop(options);
  const benches: Workbench[] = [];
  beforeAll(() => shop.open());
  afterEach(async () => {
    await Promise.all(benches.splice(0).map(bench => bench.terminate()));
  });
  afterAll(() => shop.close());
  return {
    get kernel() {
      return shop.kernel;
    },
    log: shop.log,
    async make(setup) {
      const bench = await Workbench.create(shop, setup);
      benches.push(bench);
      return bench;
    },
    restart: () => shop.reopen(),
  };
};
