/**
 * A vat that runs snippets of code: facts about what vat code sees, one line each.
 *
 * One kernel per test file and a fresh vat per test. Each call of `run` is one delivery, so what a
 * snippet does and what the next one sees lie in different cranks. When a file is through, all of
 * it is done again by a kernel in which V8 collects before every crank: every block hash must be
 * the same (rules.md#o1). That doubles a file's time, so `npm test` does it for one file only;
 * every file carries the tag `sized` for it.
 */
import type {
  Kernel,
  KernelLogEntry,
  KernelOptions,
  UpgradeResult,
  VatMigration,
  VatReference,
} from '@heirloom/kernel';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fixture, isolation } from '../kernels/fresh-kernels.js';
import { testLast } from '../suite/last-test.js';
import { ScriptedKernel } from '../kernels/scripted-kernel.js';

const FIXTURE = 'workbench.js';

class Shop {
  readonly #options: Partial<KernelOptions>;
  #script: ScriptedKernel | undefined;
  #bundleId = '';
  #nextName = 1;
  #isRepetitionKnown = false;
  readonly log: KernelLogEntry[] = [];

  constructor(options: Partial<KernelOptions>) {
    this.#options = { spareThreads: 0, isolation, ...options, log: entry => this.log.push(entry) };
  }

  get script(): ScriptedKernel {
    if (this.#script === undefined) throw Error('the kernel is not open');
    return this.#script;
  }

  get kernel(): Kernel {
    return this.script.kernel;
  }

  get bundleId(): string {
    return this.#bundleId;
  }

  async open(): Promise<void> {
    this.#script = await ScriptedKernel.open(this.#options);
    this.#bundleId = await this.script.install(await fixture(FIXTURE));
  }

  async close(): Promise<void> {
    await this.#script?.close();
    if (!this.#isRepetitionKnown) throw Error('the file must end with testRepetition()');
  }

  /** The last test of the file: everything again, with V8 collecting before every crank. */
  testRepetition(tags: readonly string[]): void {
    this.#isRepetitionKnown = true;
    testLast('everything again, with V8 collecting before every crank -> the same hashes', tags,
      () => this.script.repeatCollecting());
  }

  takeName(): string {
    const name = `bench${this.#nextName}`;
    this.#nextName += 1;
    return name;
  }
}

export class Workbench {
  readonly #shop: Shop;
  readonly name: string;

  constructor(shop: Shop, name: string) {
    this.#shop = shop;
    this.name = name;
  }

  /** Begins the vat, with `setup` run in its first crank. Rejects with what that throws. */
  static async create(shop: Shop, setup?: string): Promise<Workbench> {
    const name = shop.takeName();
    const { bundleId } = shop;
    const vatParameters = setup === undefined ? undefined : { setup };
    await shop.script.create({ name, bundleId, vatParameters });
    return new Workbench(shop, name);
  }

  /** The root as the present kernel names it: after a restart, another reference. */
  get root(): VatReference {
    return this.#shop.kernel.vat(this.name).root;
  }

  /** Rows that the vat has stored, as of the last block. */
  get rowCount(): number {
    const { vatId } = this.#shop.kernel.vat(this.name);
    const { vats } = this.#shop.kernel.audit().counts;
    return vats.find(counts => counts.vatId === vatId)!.rows;
  }

  get incarnation(): number {
    return this.#shop.kernel.vat(this.name).incarnation;
  }

  /** The completion value of `code`, or of the promise that it is; `args` is global to it. */
  run(code: string, args: readonly unknown[] = []): Promise<unknown> {
    return this.#shop.script.call(this.name, 'run', [code, args]);
  }

  /** Replaces the incarnation by one that runs `setup` before its root is made. */
  async upgrade(setup = '', args: readonly unknown[] = []): Promise<UpgradeResult> {
    const { script, bundleId } = this.#shop;
    return script.upgrade(this.name, { bundleId, vatParameters: { setup, args } });
  }

  /** Name and message of the reason for which an upgrade fails. The vat goes on as it was. */
  async failedUpgrade(setup: string): Promise<string> {
    return String(await this.whyUpgradeFails({ setup }));
  }

  /** The reason for which an upgrade fails, with whichever parameters and code. */
  async whyUpgradeFails(
    vatParameters: unknown,
    bundleId: string = this.#shop.bundleId,
  ): Promise<unknown> {
    const before = this.incarnation;
    const reason = await this.#shop.script.upgrade(this.name, { bundleId, vatParameters }).then(
      () => 'the upgrade succeeded',
      (error: unknown) => error,
    );
    return this.incarnation === before ? reason : 'the upgrade succeeded';
  }

  /** Has the host bring every stored state to the present version of its kind. */
  async migrate(): Promise<VatMigration> {
    const { vats } = await this.#shop.script.migrate(this.name);
    return vats[0]!;
  }

  async terminate(): Promise<void> {
    const isRunning = this.#shop.kernel.vats().some(({ name }) => name === this.name);
    if (isRunning) await this.#shop.script.terminate(this.name);
  }
}

interface Workbenches {
  readonly kernel: Kernel;
  /** What vats of this file have written to their consoles, and faults. */
  readonly log: readonly KernelLogEntry[];
  /** A fresh vat that lives until the test ends. */
  make(setup?: string): Promise<Workbench>;
  /** A fresh vat that lives until the file ends. */
  hold(setup?: string): Promise<Workbench>;
  /** Closes the kernel and opens its store again: every vat is rebuilt from what is stored. */
  restart(): Promise<void>;
  /** Installs the bundle of `test/vats/NAME`. */
  install(name: string): Promise<string>;
  /**
   * To be called at the end of the file: its last test does everything again, with V8 collecting
   * before every crank. `always` has `npm test` do it too.
   */
  testRepetition(when?: 'always'): void;
}

/** A title, a snippet, and what it gives: compared as `toEqual` compares. */
export type Fact = readonly [title: string, code: string, expected: unknown];

/**
 * One test for each fact, all in one vat. `prelude` is run in a crank of its own before each, and
 * is what makes them independent of each other.
 */
export const testFacts = (
  benches: Workbenches,
  facts: readonly Fact[],
  prelude = '0',
): void => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await benches.hold();
  });
  for (const [title, code, expected] of facts) {
    test(title, async () => {
      await bench.run(`${prelude}; 0`);
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
    hold: setup => Workbench.create(shop, setup),
    restart: () => shop.script.restart(),
    install: async name => shop.script.install(await fixture(name)),
    testRepetition: when => shop.testRepetition(when === 'always' ? [] : ['thorough']),
  };
};
