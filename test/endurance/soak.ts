/**
 * A kernel that works for long: forks, ends, upgrades, floods, round after round, in one process.
 * What it takes of the machine is looked at all the while; none of it may grow with time.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  bundleVat,
  openKernel,
  type Kernel,
  type VatInfo,
  type VatReference,
} from '@heirloom/kernel';
import { openReader, TABLE_NAMES } from '@heirloom/store';
import { seededRandom, type Random } from '../support/suite/random.js';
import { processMemory } from './process-memory.js';

const VAT_FILE = fileURLToPath(new URL('../../../vats/upgrade/purse-ledger.js', import.meta.url));
const LOOKS = 40;
const PURSES = 200;
const FORKS_MAX = 6;
const DEPOSITS = 400;
const FLOOD_MESSAGES = 500;
const FLOOD_BYTES = 20_000;
/** Rounds between two upgrades of the vat, and between two floods. */
const UPGRADE_EVERY = 5;
const FLOOD_EVERY = 7;
/** More anonymous memory in the last quarter than in the second: what counts as growth. */
const GROWTH_MAX = 0.05;
const MIB = 2 ** 20;

interface SoakOptions {
  readonly directory: string;
  readonly seed: number;
  readonly minutes: number;
  /** Milliseconds from the beginning of a round to that of the next, at least. */
  readonly pace: number;
  readonly progress: (seconds: number) => void;
}

export interface SoakLook {
  readonly seconds: number;
  readonly rounds: number;
  readonly height: number;
  readonly vats: number;
  /** Anonymous memory of the process. */
  readonly rssAnonMiB: number;
  /** Of that in the heaps of `malloc`, which keep what is freed. */
  readonly mallocMiB: number;
  readonly heapMiB: number;
  readonly fileMiB: number;
  readonly rows: number;
  readonly descriptors: number;
  readonly threads: number;
}

export interface SoakReport {
  readonly seed: number;
  readonly minutes: number;
  readonly pace: number;
  readonly rounds: number;
  readonly forks: number;
  readonly ends: number;
  readonly upgrades: number;
  readonly floods: number;
  readonly looks: readonly SoakLook[];
  /** Anonymous memory of the last quarter against the second: 0.05 is 5 % more. */
  readonly growth: number;
  /** The same of what is not in the heaps of `malloc`. */
  readonly growthBeside: number;
  readonly isFlat: boolean;
}

const statusNumber = (name: string): number => {
  const status = readFileSync('/proc/self/status', 'latin1');
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
};

const rowsIn = async (directory: string): Promise<number> => {
  const reader = openReader({ directory, readersMax: 8 });
  const snapshot = reader.begin();
  const rows = TABLE_NAMES.reduce((sum, table) => sum + snapshot.rowCountAbout(table), 0);
  snapshot.done();
  await reader.close();
  return rows;
};

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** Of the last quarter of the looks against the second: 0.05 is 5 % more. */
const growthOf = (looks: readonly SoakLook[], of: (look: SoakLook) => number): number => {
  const quarter = (n: number): number => {
    const [from, to] = [n, n + 1].map(edge => Math.floor((looks.length * edge) / 4));
    return median(looks.slice(from, to).map(of));
  };
  const second = quarter(1);
  return second === 0 ? 0 : Math.round((quarter(3) / second - 1) * 1_000) / 1_000;
};

class Soak {
  readonly #kernel: Kernel;
  readonly #directory: string;
  readonly #random: Random;
  readonly #vat: VatInfo;
  #made = 0;
  rounds = 0;
  forks = 0;
  ends = 0;
  upgrades = 0;
  floods = 0;

  constructor(kernel: Kernel, { directory, seed }: SoakOptions) {
    this.#kernel = kernel;
    this.#directory = directory;
    this.#random = seededRandom(seed);
    this.#vat = kernel.vat('ledger');
  }

  async round(): Promise<void> {
    this.rounds += 1;
    await this.#pay();
    await this.#fork();
    if (this.rounds % UPGRADE_EVERY === 0) await this.#upgrade();
    if (this.rounds % FLOOD_EVERY === 0) await this.#flood();
  }

  async look(seconds: number): Promise<SoakLook> {
    const { anonMiB: rssAnonMiB, mallocMiB } = processMemory();
    return {
      seconds: Math.round(seconds),
      rounds: this.rounds,
      height: this.#kernel.height,
      vats: this.#kernel.vats().length,
      rssAnonMiB,
      mallocMiB,
      heapMiB: Math.round(process.memoryUsage().heapUsed / MIB),
      fileMiB: Math.round(statSync(join(this.#directory, 'data.mdb')).size / MIB),
      rows: await rowsIn(this.#directory),
      descriptors: readdirSync('/proc/self/fd').length,
      threads: statusNumber('Threads'),
    };
  }

  #call(vat: VatInfo, method: string, ...args: unknown[]): Promise<unknown> {
    return this.#kernel.call(vat.root, method, args);
  }

  /** Deposits at once, to the vat and to its forks. */
  async #pay(): Promise<void> {
    const vats = this.#kernel.vats();
    const paid = Array.from({ length: DEPOSITS }, () => {
      const vat = vats[this.#random.below(vats.length)]!;
      return this.#call(vat, 'deposit', this.#random.below(PURSES), 1);
    });
    await Promise.all(paid);
  }

  /** One fork more, and one less when there are enough: any of them. */
  async #fork(): Promise<void> {
    this.#made += 1;
    await this.#kernel.forkVat(this.#vat.vatId, { name: `fork${this.#made}` });
    this.forks += 1;
    const forks = this.#kernel.vats().filter(({ name }) => name !== 'ledger');
    if (forks.length <= FORKS_MAX) return;
    const { vatId, root } = forks[this.#random.below(forks.length)]!;
    await this.#kernel.terminateVat(vatId);
    await this.#kernel.release(root); // else the store keeps two rows for what the host holds
    this.ends += 1;
  }

  async #upgrade(): Promise<void> {
    const { vatId, bundleId } = this.#kernel.vat('ledger');
    await this.#kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: this.rounds } });
    this.upgrades += 1;
  }

  async #flood(): Promise<void> {
    const vats = this.#kernel.vats();
    const vat = vats[this.#random.below(vats.length)]!;
    const text = 'x'.repeat(FLOOD_BYTES);
    const sent = Array.from({ length: FLOOD_MESSAGES }, () => this.#call(vat, 'flood', text));
    await Promise.all(sent);
    this.floods += 1;
  }
}

const openSoak = async ({ directory }: SoakOptions): Promise<Kernel> => {
  const kernel = await openKernel({ directory, log: () => undefined });
  const bundleId = await kernel.installBundle(await bundleVat(VAT_FILE));
  const { root } = await kernel.createVat({ name: 'ledger', bundleId });
  for (let purse = 0; purse < PURSES; purse += 1) {
    const opened = await kernel.call(root, 'open', [purse]);
    await kernel.release(opened as VatReference);
  }
  return kernel;
};

/** Errors: whatever a call of the kernel rejects with. */
export const runSoak = async (options: SoakOptions): Promise<SoakReport> => {
  const { seed, minutes, pace, progress } = options;
  const kernel = await openSoak(options);
  const soak = new Soak(kernel, options);
  const looks: SoakLook[] = [];
  const began = performance.now();
  const secondsNow = (): number => (performance.now() - began) / 1000;
  try {
    while (secondsNow() < minutes * 60) {
      // A kernel takes more memory when it has more to do: quarters compare at one rate.
      await Promise.all([soak.round(), wait(pace)]);
      if (secondsNow() < (looks.length * minutes * 60) / LOOKS) continue;
      looks.push(await soak.look(secondsNow()));
      progress(secondsNow());
    }
  } finally {
    await kernel.close();
  }
  const { rounds, forks, ends, upgrades, floods } = soak;
  const growth = growthOf(looks, ({ rssAnonMiB }) => rssAnonMiB);
  const growthBeside = growthOf(looks, ({ rssAnonMiB, mallocMiB }) => rssAnonMiB - mallocMiB);
  const isFlat = growth <= GROWTH_MAX;
  const counted = { rounds, forks, ends, upgrades, floods };
  return { seed, minutes, pace, ...counted, looks, growth, growthBeside, isFlat };
};
