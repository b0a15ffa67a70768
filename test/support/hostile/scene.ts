/** A hostile vat beside a bank and another vat; what must be whole when it has done its worst. */
import type { Kernel, KernelLogEntry, KernelOptions, VatReference } from '@heirloom/kernel';
import { expect } from 'vitest';
import { auditStore } from '../stores/store-audit.js';
import { install, kernelOver } from '../kernels/fresh-kernels.js';
import { preparedStore } from '../stores/prepared-stores.js';
import { useSharedKernel, type SharedKernel } from '../kernels/shared-kernel.js';

interface Scene {
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
interface OwnScene extends Scene {
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
export const ownScene = async (options: Partial<KernelOptions> = {}): Promise<OwnScene> => {
  const directory = await setStage();
  const log: KernelLogEntry[] = [];
  const kernel = await kernelOver({ ...options, directory, log: entry => log.push(entry) });
  const { root } = kernel.vat('hostile');
  return { directory, kernel, log, name: 'hostile', hostile: root, run: runner(kernel, root) };
};

const namesOf = (kernel: Kernel): [string, boolean][] =>
  kernel.vats().map(({ name, replayable }) => [name, replayable]);
const whole = (vats: readonly string[]): [string, boolean][] => vats.map(name => [name, true]);

const purseOf = async (kernel: Kernel): Promise<VatReference> =>
  (await kernel.call(kernel.vat('bank').root, 'getPurse', ['a'])) as VatReference;

/**
 * What waits for a hostile vat may stop the host once more, where the block before was committed
 * with it: it is taken off the queue, as a host would.
 */
const cancelQueued = async (directory: string): Promise<void> => {
  const kernel = await kernelOver({ directory, blocks: 'host' });
  const { vatId } = kernel.vat('hostile');
  const cancelled = kernel
    .queued()
    .filter(item => item.vatId === vatId && item.type === 'message')
    .map(({ ordinal }) => kernel.cancelItem({ ordinal }));
  await kernel.run();
  await kernel.commit();
  await Promise.all(cancelled);
  await kernel.close();
};

/** The bank has what it had, the store counts right, every vat that is left can be replayed. */
export const expectOwnIntact = async (
  { directory, kernel }: OwnScene,
  vats: readonly string[],
): Promise<void> => {
  await kernel.close();
  expect(await auditStore(directory)).toEqual([]);
  if (vats.includes('hostile')) await cancelQueued(directory);
  const again = await kernelOver({ directory });
  expect(namesOf(again)).toEqual(whole(vats));
  expect(await again.call(await purseOf(again), 'deposit', [1n])).toBe(2n);
  expect(await again.call(again.vat('other').root, 'run', ['6 * 7'])).toBe(42);
};

/** Scenes in one kernel: the bank and the other vat are always the same. */
export class Scenes {
  readonly #stage: SharedKernel;
  /** Of each hostile vat: the titles of the tests that used it. */
  readonly #users = new Map<string, string[]>();
  /** Hostile vats that are left for other tests. */
  readonly #left: string[] = [];
  #balance = 1n;

  constructor() {
    this.#stage = useSharedKernel({
      // All of them: at last they must be replayed.
      keeps: () => true,
      place: setStage,
      begin: ({ kernel }) => kernel.terminateVat(kernel.vat('hostile').vatId),
      end: ({ kernel }) => this.#expectWholeAtLast(kernel),
    });
  }

  /** With a hostile vat of the test's own: for what changes more than the vat's heap. */
  async beginAlone(): Promise<Scene> {
    return this.#sceneOf(await this.#makeHostile());
  }

  /** With the hostile vat that an earlier test has left, if one has. */
  async begin(): Promise<Scene> {
    const left = this.#left.find(name => this.#stage.find(name) !== undefined);
    if (left !== undefined) return this.#sceneOf(left);
    const name = await this.#makeHostile();
    this.#left.push(name);
    return this.#sceneOf(name);
  }

  /**
   * The bank has what it had, the kernel's tables agree, the vats run that should. That the closed
   * store is whole and that all vats can be replayed is asserted when all tests are through.
   */
  async expectIntact(scene: Scene, survives: 'survives' | 'has ended'): Promise<void> {
    const { kernel, name } = scene;
    const mine = ['bank', 'other', ...(survives === 'survives' ? [name] : [])];
    expect(kernel.audit({ rows: true }).findings).toEqual([]);
    const running = namesOf(kernel).filter(([it]) => it === name || !this.#users.has(it));
    expect(running).toEqual(whole(mine));
    this.#balance += 1n;
    expect(await kernel.call(await purseOf(kernel), 'deposit', [1n])).toBe(this.#balance);
    expect(await kernel.call(kernel.vat('other').root, 'run', ['6 * 7'])).toBe(42);
  }

  #sceneOf(name: string): Scene {
    const { kernel, log } = this.#stage;
    const users = this.#users.get(name) ?? [];
    this.#users.set(name, [...users, expect.getState().currentTestName ?? '']);
    const { root } = kernel.vat(name);
    return { kernel, log, name, hostile: root, run: runner(kernel, root) };
  }

  async #makeHostile(): Promise<string> {
    const { kernel } = this.#stage;
    const name = this.#stage.takeName('hostile');
    const { bundleId, root: other } = kernel.vat('other');
    const { root } = await kernel.createVat({ name, bundleId });
    await runner(kernel, root)(START, [kernel.vat('bank').root, await purseOf(kernel), other]);
    return name;
  }

  async #expectWholeAtLast(kernel: Kernel): Promise<void> {
    const left = namesOf(kernel).map(([name, replayable]) => [
      this.#users.get(name) ?? name,
      replayable,
    ]);
    expect(left).toEqual(left.map(([users]) => [users, true]));
    expect(await kernel.call(await purseOf(kernel), 'getBalance')).toBe(this.#balance);
    expect(await kernel.call(kernel.vat('other').root, 'run', ['6 * 7'])).toBe(42);
  }
}
