/** A hostile vat beside a bank and another vat; what must be whole when it has done its worst. */
import type { Kernel, KernelLogEntry, VatReference } from '@heirloom/kernel';
import { expect } from 'vitest';
import { auditStore } from './audit.js';
import { install, kernelOver } from './kernels.js';
import { preparedStore } from './prepared-stores.js';
import { useStandingKernel, type StandingKernel } from './standing-kernel.js';

export interface Scene {
  readonly kernel: Kernel;
  /** Of this test. */
  readonly log: readonly KernelLogEntry[];
  /** Of the hostile vat. */
  readonly name: string;
  readonly hostile: VatReference;
  /** Runs a snippet in the hostile vat; it knows `$.bank`, `$.purse`, `$.other`. */
  run(code: string): Promise<unknown>;
}

/** A scene in a store of its own. */
export interface OwnScene extends Scene {
  readonly directory: string;
}

const runner =
  (kernel: Kernel, root: VatReference) =>
  (code: string, args: readonly unknown[] = []): Promise<unknown> =>
    kernel.call(root, 'run', [code, args]);

const START = '[$.bank, $.purse, $.other] = args; 1';

const setStage = preparedStore(async directory => {
  const kernel = await kernelOver({ directory });
  const bank = await kernel.createVat({ name: 'bank', bundleId: await install(kernel, 'bank.js') });
  const purse = await kernel.call(bank.root, 'makePurse', ['a', 1n]);
  const bundleId = await install(kernel, 'workbench.js');
  const other = await kernel.createVat({ name: 'other', bundleId });
  const { root } = await kernel.createVat({ name: 'hostile', bundleId });
  await runner(kernel, root)(START, [bank.root, purse, other.root]);
  await kernel.close();
});

/** For a test after which the kernel stops, or that looks into the closed store. */
export const ownScene = async (): Promise<OwnScene> => {
  const directory = await setStage();
  const log: KernelLogEntry[] = [];
  const kernel = await kernelOver({ directory, log: entry => log.push(entry) });
  const { root } = kernel.vat('hostile');
  return { directory, kernel, log, name: 'hostile', hostile: root, run: runner(kernel, root) };
};

const namesOf = (kernel: Kernel): [string, boolean][] =>
  kernel.vats().map(({ name, replayable }) => [name, replayable]);
const whole = (vats: readonly string[]): [string, boolean][] => vats.map(name => [name, true]);

const purseOf = async (kernel: Kernel): Promise<VatReference> =>
  (await kernel.call(kernel.vat('bank').root, 'getPurse', ['a'])) as VatReference;

/** The bank has what it had, the store counts right, every vat that is left can be replayed. */
export const expectOwnIntact = async (
  { directory, kernel }: OwnScene,
  vats: readonly string[],
): Promise<void> => {
  await kernel.close();
  expect(await auditStore(directory)).toEqual([]);
  const again = await kernelOver({ directory });
  expect(namesOf(again)).toEqual(whole(vats));
  expect(await again.call(await purseOf(again), 'deposit', [1n])).toBe(2n);
  expect(await again.call(again.vat('other').root, 'run', ['6 * 7'])).toBe(42);
};

export interface SceneOptions {
  /** A hostile vat that is left goes on in the next test. Default: each test has its own. */
  readonly reusesHostile?: boolean;
}

/** Scenes in one kernel: the bank and the other vat are always the same. */
export class Scenes {
  readonly #standing: StandingKernel;
  readonly #reusesHostile: boolean;
  /** Of each hostile vat: the title of the test that made it. */
  readonly #makers = new Map<string, string>();
  #balance = 1n;

  constructor({ reusesHostile = false }: SceneOptions = {}) {
    this.#reusesHostile = reusesHostile;
    this.#standing = useStandingKernel({
      // All of them: at last they must be replayed.
      keeps: () => true,
      place: setStage,
      begin: ({ kernel }) => kernel.terminateVat(kernel.vat('hostile').vatId),
      end: ({ kernel }) => this.#expectWholeAtLast(kernel),
    });
  }

  async begin(): Promise<Scene> {
    const { kernel, log } = this.#standing;
    const name = this.#left() ?? (await this.#makeHostile());
    const { root } = kernel.vat(name);
    return { kernel, log, name, hostile: root, run: runner(kernel, root) };
  }

  /**
   * The bank has what it had, the kernel's tables agree, the vats run that should. That the closed
   * store is whole and that all vats can be replayed is asserted when all tests are through.
   */
  async expectIntact(scene: Scene, survives: 'survives' | 'has ended'): Promise<void> {
    const { kernel, name } = scene;
    const mine = ['bank', 'other', ...(survives === 'survives' ? [name] : [])];
    expect(kernel.audit({ rows: true }).findings).toEqual([]);
    const running = namesOf(kernel).filter(([it]) => it === name || !this.#makers.has(it));
    expect(running).toEqual(whole(mine));
    this.#balance += 1n;
    expect(await kernel.call(await purseOf(kernel), 'deposit', [1n])).toBe(this.#balance);
    expect(await kernel.call(kernel.vat('other').root, 'run', ['6 * 7'])).toBe(42);
  }

  #left(): string | undefined {
    if (!this.#reusesHostile) return undefined;
    return [...this.#makers.keys()].find(name => this.#standing.find(name) !== undefined);
  }

  async #makeHostile(): Promise<string> {
    const { kernel } = this.#standing;
    const name = this.#standing.takeName('hostile');
    this.#makers.set(name, expect.getState().currentTestName ?? name);
    const { bundleId, root: other } = kernel.vat('other');
    const { root } = await kernel.createVat({ name, bundleId });
    await runner(kernel, root)(START, [kernel.vat('bank').root, await purseOf(kernel), other]);
    return name;
  }

  async #expectWholeAtLast(kernel: Kernel): Promise<void> {
    const left = namesOf(kernel).map(([name, replayable]) => [
      this.#makers.get(name) ?? name,
      replayable,
    ]);
    expect(left).toEqual(left.map(([title]) => [title, true]));
    expect(await kernel.call(await purseOf(kernel), 'getBalance')).toBe(this.#balance);
    expect(await kernel.call(kernel.vat('other').root, 'run', ['6 * 7'])).toBe(42);
  }
}
