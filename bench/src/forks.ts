/**
 * What is left of a thousand forks of a vat that works meanwhile?
 *
 * A bank drops, makes and touches purses; then it is forked, and forks that run end at random, by a
 * seed, one for each that is made on average. Its twin does the same work and is never forked: its
 * rows are what lives. In the end all forks end and the store is opened again. Compared are the
 * rows stored of the two banks, the data file with that of an imported copy of the same state, and
 * the time of calls, sent to each bank in turn.
 *
 * A data file never shrinks, and there is most in it just before an upgrade, which ends the
 * histories of both banks. So it is also compared with copies of then, and with what it was when
 * half of the forks had been made: what is free must be used again.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundleVat,
  exportState,
  importState,
  inspectStore,
  openKernel,
  type Kernel,
  type VatId,
  type VatReference,
} from '@heirloom/kernel';
import { during, type Bench, type BenchIo } from './bench.js';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { memberAt } from './member.js';
import type { Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { median, rounded } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

const SIZES = {
  forks: { what: 'forks of the bank', quick: 50, full: 1_000 },
  purses: { what: 'purses of each bank', quick: 200, full: 200 },
  turnover: { what: 'purses dropped, made and touched before each fork', quick: 20, full: 20 },
  calls: { what: 'calls timed of each bank', quick: 100, full: 400 },
  upgradeEvery: { what: 'forks after which both banks are upgraded', quick: 20, full: 50 },
  seed: { what: 'the seed of what ends', quick: 1, full: 1 },
} satisfies Sizes;

type ForksOptions = SizesOf<typeof SIZES>;

const BANK = fileURLToPath(new URL('../vats/vat-million.js', import.meta.url));
const NAMES = ['forked', 'twin'] as const;
const MIB = 2 ** 20;

/** Upgrades before which the state is copied, to see how much of it there is at most. */
const LOOKS = 4;

interface Left extends OnTheWay {
  /** Of each bank. */
  readonly rows: readonly number[];
  readonly callMs: readonly number[];
  readonly fileBytes: number;
  readonly copyBytes: number;
}

interface OnTheWay {
  /** Forks that ran at a time, at most. */
  readonly livingMost: number;
  /** The largest copy of the state before an upgrade. */
  readonly copyBytesMost: number;
  /** The data file when half of the forks had been made. */
  readonly fileBytesAtHalf: number;
}

const settle = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

/** Both banks: the oldest purses go, as many come, and as many are touched. */
const turnOver = async (kernel: Kernel, first: number, options: ForksOptions): Promise<void> => {
  const { purses, turnover } = options;
  const keys = Array.from({ length: turnover }, (_none, i) => first + purses - 1 - i);
  const work = NAMES.flatMap(name => {
    const { root } = kernel.vat(name);
    return [
      kernel.call(root, 'drop', [first, turnover]),
      kernel.call(root, 'create', [first + purses, turnover]),
      kernel.call(root, 'touch', [keys]),
    ];
  });
  await settle(kernel, Promise.all(work));
};

const begin = async (directory: string, { purses }: ForksOptions): Promise<string> => {
  const kernel = await openKernel({ directory, blocks: 'host' });
  const bundleId = await settle(kernel, kernel.installBundle(await bundleVat(BANK)));
  for (const name of NAMES) {
    const { root } = await settle(kernel, kernel.createVat({ name, bundleId }));
    await settle(kernel, kernel.call(root, 'create', [0, purses]));
  }
  await kernel.close();
  return bundleId;
};

/** The data file of a copy that holds the same state, once it has been opened, and nothing else. */
const copySize = async (directory: string, beside: string): Promise<number> => {
  const to = path.join(beside, 'exported');
  const copy = path.join(beside, 'copy');
  const { stateRoot: root } = await exportState({ directory, to });
  await importState({ from: to, directory: copy, root });
  const kernel = await openKernel({ directory: copy, blocks: 'host' });
  await settle(kernel, kernel.call(kernel.vat(NAMES[0]).root, 'touch', [[]]));
  await kernel.close();
  const { fileBytes } = await inspectStore(copy);
  await rm(to, { recursive: true });
  await rm(copy, { recursive: true });
  return fileBytes;
};

interface Fork {
  readonly vatId: VatId;
  readonly root: VatReference;
}

interface Place {
  /** The store. */
  readonly directory: string;
  /** Where copies of it are made. */
  readonly beside: string;
}

/** Upgrades both banks; gives the size of a copy of before, if this is an upgrade to look at. */
const upgradeBoth = async (
  kernel: Kernel,
  bundleId: string,
  { directory, beside }: Place,
  isLook: boolean,
): Promise<number> => {
  const bytes = isLook ? await copySize(directory, beside) : 0;
  for (const name of NAMES) {
    await settle(kernel, kernel.upgradeVat(kernel.vat(name).vatId, { bundleId }));
  }
  return bytes;
};

/** Forks, works, upgrades, ends. */
const forkAll = async (
  kernel: Kernel,
  bundleId: string,
  place: Place,
  io: BenchIo,
  options: ForksOptions,
): Promise<OnTheWay> => {
  const { forks, turnover, upgradeEvery } = options;
  const lookEvery = upgradeEvery * Math.max(1, Math.floor(forks / upgradeEvery / LOOKS));
  const generator = xoroshiro128plus(options.seed);
  const random = (end: number): number => uniformInt(generator, 0, end - 1);
  const living: Fork[] = [];
  let [livingMost, copyBytesMost, fileBytesAtHalf] = [0, 0, 0];
  const end = async (): Promise<void> => {
    if (living.length === 0) return;
    const [fork] = living.splice(random(living.length), 1);
    if (fork === undefined) return;
    const released = kernel.release(fork.root); // else the host holds what has ended
    await settle(kernel, Promise.all([kernel.terminateVat(fork.vatId), released]));
  };
  const progress = io.progress('forks', forks);
  try {
    for (let n = 0; n < forks; n += 1) {
      await turnOver(kernel, n * turnover, options);
      if ((n + 1) % upgradeEvery === 0) {
        const isLook = (n + 1) % lookEvery === 0;
        const copyBytes = await upgradeBoth(kernel, bundleId, place, isLook);
        copyBytesMost = Math.max(copyBytesMost, copyBytes);
      }
      const { vatId } = kernel.vat(NAMES[0]);
      living.push(await settle(kernel, kernel.forkVat(vatId, { name: `fork-${n}` })));
      livingMost = Math.max(livingMost, living.length);
      for (let ends = random(3); ends > 0; ends -= 1) await end();
      if (n + 1 === Math.ceil(forks / 2)) fileBytesAtHalf = kernel.stats().storeBytes;
      progress.advance(1);
    }
    while (living.length > 0) await end();
  } finally {
    progress.stop();
  }
  return { livingMost, copyBytesMost, fileBytesAtHalf };
};

/** Medians of calls to each bank, in turn, in a kernel that was just opened. */
const timeCalls = async (directory: string, options: ForksOptions): Promise<number[]> => {
  const { forks, purses, turnover, calls } = options;
  const kernel = await openKernel({ directory, blocks: 'host' });
  const times = NAMES.map((): number[] => []);
  for (let n = 0; n < calls; n += 1) {
    const key = forks * turnover + (n % purses);
    for (const [i, name] of (n % 2 === 0 ? [...NAMES] : [...NAMES].reverse()).entries()) {
      const began = performance.now();
      await settle(kernel, kernel.call(kernel.vat(name).root, 'touch', [[key]]));
      memberAt(times, n % 2 === 0 ? i : 1 - i).push(performance.now() - began);
    }
  }
  await kernel.close();
  return times.map(median);
};

const measure = async (beside: string, options: ForksOptions, io: BenchIo): Promise<Left> => {
  const directory = path.join(beside, 'store');
  const bundleId = await during(io, 'making the banks', () => begin(directory, options));
  const kernel = await openKernel({ directory, blocks: 'host' });
  const onTheWay = await forkAll(kernel, bundleId, { directory, beside }, io, options);
  await settle(kernel, Promise.resolve());
  await kernel.close();
  const { fileBytes, vats } = await inspectStore(directory);
  const rows = NAMES.map(name => vats.find(it => it.name === name)?.rows.rows ?? 0);
  const copyBytes = await during(io, 'copying the store', () => copySize(directory, beside));
  const copyBytesMost = Math.max(onTheWay.copyBytesMost, copyBytes);
  const callMs = await during(io, 'timing calls', () => timeCalls(directory, options));
  return { ...onTheWay, copyBytesMost, rows, callMs, fileBytes, copyBytes };
};

const reportOf = ({ forks, calls, seed }: ForksOptions, left: Left): Report => {
  const { rows, callMs, livingMost, fileBytes, fileBytesAtHalf, copyBytes, copyBytesMost } = left;
  const ratioOf = ([forked, twin]: readonly number[]): number =>
    rounded((forked ?? 0) / (twin ?? 1));
  const inMib = (bytes: number): number => rounded(bytes / MIB);
  const compared = (a: number, b: number) => [inMib(a), inMib(b), ratioOf([a, b])] as const;
  return {
    title: `what ${forks} forks leave, at most ${livingMost} at a time, seed ${seed}`,
    head: ['', 'forked', 'compared with', 'ratio'],
    rows: [
      ['rows stored; of the twin', ...rows, ratioOf(rows)],
      [`ms of a call, median of ${calls}; of the twin`, ...callMs.map(rounded), ratioOf(callMs)],
      ['data file; that of a copy, MiB', ...compared(fileBytes, copyBytes)],
      ['data file; that of the largest copy, MiB', ...compared(fileBytes, copyBytesMost)],
      ['data file; after half of the forks, MiB', ...compared(fileBytes, fileBytesAtHalf)],
    ],
    record: {
      ...{ bench: 'forks', forks, livingMost, seed, rows: [...rows], callMs: callMs.map(rounded) },
      ...{ fileBytes, fileBytesAtHalf, copyBytes, copyBytesMost },
      ...{ rowsRatio: ratioOf(rows), callsRatio: ratioOf(callMs) },
    },
  };
};

export const forksBench: Bench = {
  name: 'forks',
  summary: 'rows, file and speed of a vat after a thousand forks of it',

  sizes: SIZES,
  seconds: { quick: 30, full: 600 },

  run(options: ForksOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('forks', async beside =>
      reportOf(options, await measure(beside, options, io)),
    );
  },
};
