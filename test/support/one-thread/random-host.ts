/**
 * A host that does what a seed says, block by block: it makes vats, upgrades and ends them, and
 * sends messages to their roots. A block that is lost it asks for again, as a host does that takes
 * its inputs from a log: what it does in a block depends on the seed, the block's height, and the
 * vats that there are.
 */
import { HostError, type Kernel, type KernelParameters } from '@heirloom/kernel';
import { openKernelOver, type WaysOut } from '@heirloom/kernel/over';
import { scriptedBundle, SeededRandom } from '@heirloom/worker/scripted';
import { expect } from 'vitest';
import type { Faults } from './faults.js';

const SCRIPTS = 4;
const VATS_LEAST = 3;
const VATS_MOST = 8;
const CLEAN_RESTARTS = 25;
/** Faults stop it a few times in a row at most: a kernel that needs so many does not work. */
const OPENINGS_A_BLOCK_MAX = 20;

/** Small, so that their ends are reached. */
const PARAMETERS: Partial<KernelParameters> = {
  gc: 'engine',
  waveLimit: 24,
  cleanupRowsMax: 16,
  reapInterval: 25,
  sweepRowsMax: 8,
  stateRootInterval: 50,
};

export interface RandomRun {
  /** Of each block from the second on. */
  readonly hashes: readonly string[];
  readonly cranks: number;
  readonly openings: number;
}

interface RandomRunOptions {
  readonly ways: WaysOut;
  readonly seed: number;
  /** Ends with the block in which as many cranks are done. */
  readonly cranks: number;
  /** Absent: nor is the kernel ever closed and opened again before the end. */
  readonly faults?: Faults;
  /** Vats that keep a worker. */
  readonly maxVatsOnline?: number;
}

/** What becomes of it is in the block. */
const unheard = (result: Promise<unknown>): void => {
  result.catch(() => undefined);
};

const makeVat = (kernel: Kernel, random: SeededRandom, name: string, ids: readonly string[]) =>
  unheard(
    kernel.createVat({ name, bundleId: random.pick(ids), vatParameters: { n: random.below(9) } }),
  );

/** The inputs of one block, all at once. */
const addInputs = (kernel: Kernel, random: SeededRandom, ids: readonly string[]): void => {
  const vats = kernel.vats();
  if (vats.length < VATS_LEAST || (vats.length < VATS_MOST && random.isOneIn(5))) {
    makeVat(kernel, random, `vat-${kernel.height}`, ids);
  }
  if (vats.length === 0) return;
  if (random.isOneIn(5)) {
    const { vatId } = random.pick(vats);
    unheard(kernel.upgradeVat(vatId, { bundleId: random.pick(ids) }));
  }
  if (vats.length > VATS_LEAST && random.isOneIn(25)) {
    unheard(kernel.terminateVat(random.pick(vats).vatId));
  }
  if (random.isOneIn(8)) unheard(kernel.reapAll());
  for (let n = 3 + random.below(6); n > 0; n -= 1) {
    const roots = [random.pick(vats).root, random.pick(vats).root];
    const { result } = kernel.send(random.pick(vats).root, 'hear', [random.below(100), roots]);
    unheard(result);
  }
};

class RandomHost {
  readonly #options: RandomRunOptions;
  readonly #hashes: string[] = [];
  #kernel: Kernel | undefined;
  #openings = 0;
  /** Since the host was last told of a block. */
  #openingsInVain = 0;
  #cranks = 0;
  #ids: readonly string[] = [];

  constructor(options: RandomRunOptions) {
    this.#options = options;
  }

  async run(): Promise<RandomRun> {
    const { seed, cranks, faults } = this.#options;
    await this.#installScripts();
    while (this.#cranks < cranks) {
      const isDone = await this.#block();
      if (!isDone || faults === undefined) continue;
      const random = new SeededRandom(`restart/${seed}/${this.#hashes.length}`);
      if (random.isOneIn(CLEAN_RESTARTS)) await this.#reopen();
    }
    const kernel = await this.#open();
    expect(kernel.audit().findings).toEqual([]);
    // The chain that the store has is the one that was told block by block.
    const from = kernel.height - this.#hashes.length + 1;
    expect(this.#hashes.map((_, i) => kernel.blockHashAt(from + i))).toEqual(this.#hashes);
    await kernel.close();
    return { hashes: this.#hashes, cranks: this.#cranks, openings: this.#openings };
  }

  async #open(): Promise<Kernel> {
    const { ways, faults, maxVatsOnline } = this.#options;
    while (this.#kernel === undefined) {
      this.#openings += 1;
      this.#openingsInVain += 1;
      faults?.nextOpening();
      const online = maxVatsOnline === undefined ? {} : { maxVatsOnline };
      const own = { blocks: 'host', parameters: PARAMETERS, spareThreads: 0, ...online } as const;
      try {
        this.#kernel = await openKernelOver(ways, own);
      } catch (error) {
        this.#bear(error);
      }
    }
    return this.#kernel;
  }

  async #reopen(): Promise<void> {
    await this.#kernel?.close();
    this.#kernel = undefined;
    await this.#open();
  }

  async #installScripts(): Promise<void> {
    const kernel = await this.#open();
    const seeds = Array.from({ length: SCRIPTS }, (_, n) => this.#options.seed * 10 + n);
    const installing = Promise.all(seeds.map(it => kernel.installBundle(scriptedBundle(it))));
    await kernel.run();
    this.#hashes.push(await kernel.commit());
    this.#ids = await installing;
  }

  /** False: the kernel has stopped. The block may be durable all the same (rules.md#s2). */
  async #block(): Promise<boolean> {
    const kernel = await this.#open();
    const { height } = kernel;
    const random = new SeededRandom(`host/${this.#options.seed}/${height}`);
    let cranks = 0;
    try {
      addInputs(kernel, random, this.#ids);
      const limits = random.isOneIn(4) ? { waves: 1 + random.below(3) } : {};
      ({ cranks } = await kernel.run(limits));
      const hash = await kernel.commit();
      this.#told(hash, cranks);
      return true;
    } catch (error) {
      this.#bear(error);
    }
    await this.#reopen();
    const again = await this.#open();
    if (again.height > height) this.#told(again.blockHash, cranks);
    return false;
  }

  /** A kernel that stops is opened again, unless that has led nowhere too often. */
  #bear(error: unknown): void {
    if (!(error instanceof HostError)) throw error;
    if (this.#openingsInVain < OPENINGS_A_BLOCK_MAX) return;
    const place = `${this.#openingsInVain} openings after block ${this.#hashes.length}`;
    throw new Error(`the kernel gets no further: ${place}: ${error.message}`, { cause: error });
  }

  #told(hash: string, cranks: number): void {
    this.#openingsInVain = 0;
    this.#hashes.push(hash);
    this.#cranks += cranks;
  }
}

/**
 * A worker that throws in the kernel's own thread throws past the kernel, which would wait for it
 * for ever: no kernel that works makes one throw, so the run fails with what was thrown.
 */
export const runRandomHost = async (options: RandomRunOptions): Promise<RandomRun> => {
  let onThrown: (error: Error) => void = () => undefined;
  const thrown = new Promise<never>((_, reject) => {
    onThrown = reject;
  });
  process.once('uncaughtException', onThrown);
  try {
    return await Promise.race([new RandomHost(options).run(), thrown]);
  } finally {
    process.off('uncaughtException', onThrown);
  }
};
