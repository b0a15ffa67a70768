/**
 * Blocks that the kernel makes by itself: whatever is called becomes part of one without another
 * call, and every promise settles, over `idle`, `close` and a restart.
 */
import type { Kernel, KernelOptions, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';
import { amount } from '../support/suite/amounts.js';
import { seededRandom, type Random } from '../support/suite/random.js';

const FIRST_SEED = Number(process.env['HEIRLOOM_SEED'] ?? 1);
const SEEDS = amount({ quick: 2, thorough: 12 });
/** Of each life, which is two kernels over one store. */
const CALLS = 40;
/** Nothing takes as long, on a slow and busy machine, unless it hangs. */
const HANGING_MS = 60_000;

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

const setStage = preparedStore(async directory => {
  const kernel = await kernelOver({ directory });
  const bundleId = await kernel.installBundle(await fixture('relay.js'));
  await kernel.createVat({ name: 'relay', bundleId });
  await kernel.close();
});

const relayOf = (kernel: Kernel): VatReference => kernel.vat('relay').root;

/** Waits without any call that would move the kernel. False: it has hung. */
const comes = async (isSo: () => boolean): Promise<boolean> => {
  const begun = Date.now();
  while (!isSo() && Date.now() - begun < HANGING_MS) await turn();
  return isSo();
};

/** What it comes to, without another call. */
const settles = async (name: string, work: Promise<unknown>): Promise<unknown> => {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  work.then(settle, settle);
  expect(await comes(() => isSettled), `${name} settles`).toBe(true);
  return work;
};

const hostObjects = {
  oracle: {
    ask: () => 7,
    fail: () => {
      throw Error('no');
    },
  },
};

interface Open {
  readonly name: string;
  /** A vat holds it open: it settles when the kernel is closed. */
  readonly isHeld: boolean;
}

class Host {
  readonly #options: Partial<KernelOptions>;
  readonly #random: Random;
  readonly #seed: number;
  readonly #open = new Set<Open>();
  readonly #held = new Set<number>();
  #inputs: number[] = [];
  #echoes: VatReference[] = [];
  #count = 0;
  kernel!: Kernel;

  constructor(seed: number, directory: string) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#options = { directory, hostObjects };
  }

  async open(): Promise<void> {
    this.kernel = await kernelOver(this.#options);
  }

  /** Calls at random moments, of which some are awaited. */
  async live(): Promise<void> {
    const { bundleId } = this.kernel.vat('relay');
    for (let calls = 0; calls < CALLS; calls += 1) {
      this.#call(bundleId);
      const how = this.#random.below(12);
      if (how === 0) await this.kernel.idle();
      else if (how < 3) await Promise.resolve();
      else if (how < 6) await this.#pause();
      else if (how < 9) await this.expectSettled();
    }
  }

  async #pause(): Promise<void> {
    for (let turns = this.#random.below(40); turns > 0; turns -= 1) await turn();
  }

  /** All has settled, without another call, but what vats hold open. */
  async expectSettled(alsoHeld = false): Promise<void> {
    const open = (): Open[] => [...this.#open].filter(({ isHeld }) => alsoHeld || !isHeld);
    await comes(() => open().length === 0);
    expect(open(), `seed ${this.#seed}`).toEqual([]);
  }

  async close(): Promise<void> {
    await this.kernel.close();
    this.#echoes = [];
    await this.expectSettled(true);
  }

  /** The first calls of a kernel that was opened again. */
  askAgain(): void {
    for (const input of this.#inputs.splice(0)) this.#ask(input);
  }

  #ask(input: number): void {
    this.#see(`resultOf ${input}`, this.kernel.resultOf(input), this.#held.has(input));
  }

  #see(name: string, work: Promise<unknown>, isHeld = false): void {
    const open: Open = { name, isHeld };
    this.#open.add(open);
    const settle = (): void => void this.#open.delete(open);
    work.then(settle, settle);
  }

  #send(method: string, args: readonly unknown[]): void {
    const { input, result } = this.kernel.send(relayOf(this.kernel), method, args);
    this.#inputs.push(input);
    if (method === 'open') this.#held.add(input);
    this.#see(`send ${method}`, result, method === 'open');
    if (this.#random.chance(0.3)) this.#ask(input);
  }

  #makeEcho(): void {
    const made = this.kernel.call(relayOf(this.kernel), 'makeEcho');
    this.#see(
      'call makeEcho',
      made.then(echo => this.#echoes.push(echo as VatReference)),
    );
  }

  #release(): void {
    const echo = this.#echoes.pop();
    if (echo !== undefined) this.kernel.release(echo);
  }

  /** One that was made here, or none. */
  #vat(): string {
    const [, ...made] = this.kernel.vats();
    return made[this.#random.below(made.length + 1)]?.vatId ?? 'v999';
  }

  #call(bundleId: string): void {
    const { kernel } = this;
    const n = (this.#count += 1);
    const name = `n${this.#seed}.${n}`;
    const oracle = kernel.hostObject('oracle');
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      call: () => kernel.call(relayOf(kernel), 'add', [n, 1]),
      installBundle: async () => kernel.installBundle(await fixture('bank.js'), { name }),
      createVat: () => kernel.createVat({ name, bundleId }),
      upgradeVat: () => kernel.upgradeVat(this.#vat(), { bundleId }),
      rollbackVat: () => kernel.rollbackVat(this.#vat()),
      forkVat: () => kernel.forkVat(this.#vat(), { name }),
      terminateVat: () => kernel.terminateVat(this.#vat()),
      terminateFirst: () => kernel.terminateVat(this.#vat(), { first: true }),
      cancelItem: () => kernel.cancelItem({ input: kernel.lastInput }),
      collectCycles: () => kernel.collectCycles(),
      migrate: () => kernel.migrate(),
      reapAll: () => kernel.reapAll(),
      registerHostObject: () => kernel.registerHostObject(name, {}),
      answerHostCall: async () => kernel.answerHostCall(n, { value: n }),
      beginBlock: async () => kernel.beginBlock({ time: n }),
      checkUpgrade: () => kernel.checkUpgrade('v1', { bundleId }),
      prepareImage: () => kernel.prepareImage(),
      adoptImage: () => kernel.adoptImage(),
      idle: () => kernel.idle(),
      run: () => kernel.run({ waves: 1 }),
      commit: () => kernel.commit(),
      metrics: () => kernel.metrics(),
    };
    const others: readonly (() => void)[] = [
      () => this.#send('echo', [name]),
      () => this.#send('fail', [name]),
      () => this.#send('forward', [oracle, 'ask', []]),
      () => this.#send('forward', [oracle, 'fail', []]),
      () => this.#send('open', []),
      () => this.#makeEcho(),
      () => this.#release(),
      () => this.#ask(1 + this.#random.below(kernel.lastInput + 3)),
    ];
    if (this.#random.chance(0.4)) return others[this.#random.below(others.length)]!();
    const entries = Object.entries(calls);
    const [call, make] = entries[this.#random.below(entries.length)]!;
    this.#see(call, make());
  }
}

describe('blocks of the kernel:', () => {
  test('sent when nothing is left to do -> answered, without another call', async () => {
    const kernel = await kernelOver({ directory: await setStage() });
    await kernel.idle();
    const { result } = kernel.send(relayOf(kernel), 'add', [1, 2]);
    expect(await settles('send', result)).toBe(3);
    const { height } = kernel;
    kernel.release((await kernel.call(relayOf(kernel), 'makeEcho')) as VatReference);
    const isReleased = (): boolean => kernel.height > height + 1 && kernel.stats().dirtyRows === 0;
    expect(await comes(isReleased)).toBe(true);
  });

  test('opened again with an item on the queue -> its result, without another call', async () => {
    const directory = await setStage();
    const host = await kernelOver({ directory, blocks: 'host' });
    const { input } = host.send(relayOf(host), 'add', [1, 2]);
    await host.commit();
    await host.close();
    const kernel = await kernelOver({ directory });
    expect(kernel.queued()).toHaveLength(1);
    expect(await settles('resultOf', kernel.resultOf(input))).toBe(3);
    // It is told still; that alone makes no block, for the host may want to be first.
    await kernel.close();
    const again = await kernelOver({ directory });
    const { height } = again;
    expect(await settles('resultOf', again.resultOf(input))).toBe(3);
    await turn();
    expect(again.height).toBe(height);
  });

  test('run by hand -> the kernel commits what came of it', async () => {
    const kernel = await kernelOver({ directory: await setStage() });
    const { input, result } = kernel.send(relayOf(kernel), 'add', [1, 2]);
    await kernel.run();
    expect(await settles('send', result)).toBe(3);
    expect(await settles('resultOf', kernel.resultOf(input))).toBe(3);
  });

  test('random calls at random moments -> every promise settles', { tags: ['sized'] }, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      const host = new Host(seed, await setStage());
      await host.open();
      await host.live();
      if (seed % 2 === 0) await host.expectSettled();
      await host.close();
      await host.open();
      host.askAgain();
      await host.expectSettled();
      await host.live();
      await host.expectSettled();
      await host.kernel.idle();
      expect(host.kernel.audit().findings).toEqual([]);
      await host.close();
    }
  });
});
