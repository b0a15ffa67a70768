/**
 * What is left of a thousand forks of a vat that works meanwhile?
 *
 * A bank drops, makes and touches purses; then it is forked, and forks that run end at random, by a
 * seed, one for each that is made on average. Its twin does the same work and is never forked: its
 * rows are what lives. In the end all forks end and the store is opened again. Compared are the
 * rows stored of the two banks, the data file with that of an imported copy of the same state, and
 * the time of calls, sent to each bank in turn.
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

interface Left {
  /** Of each bank. */
  readonly rows: readonly number[];
  readonly callMs: readonly number[];
  readonly livingMost: number;
  readonly fileBytes: number;
  readonly copyBytes: number;
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

/** Forks, works, ends; returns how many forks ran at a time, at most. */
const forkAll = async (kernel: Kernel, bundleId: string, io: BenchIo, options: ForksOptions) => {
  const { forks, turnover, upgradeEvery } = options;
  const generator = xoroshiro128plus(options.seed);
  const random = (end: number): number => uniformInt(generator, 0, end - 1);
  const living: VatId[] = [];
  let livingMost = 0;
  const end = async (): Promise<void> => {
    if (living.length === 0) return;
    const [vatId] = living.splice(random(living.length), 1);
    if (vatId !== undefined) await settle(kernel, kernel.terminateVat(vatId));
  };
  const progress = io.progress('forks', forks);
  try {
    for (let n = 0; n < forks; n += 1) {
      await turnOver(kernel, n * turnover, options);
      if (n % upgradeEvery === upgradeEvery - 1) {
        for (const name of NAMES) {
          await settle(kernel, kernel.upgradeVat(kernel.vat(name).vatId, { bundleId }));
        }
      }
      const { vatId } = kernel.vat(NAMES[0]);
      living.push((await settle(kernel, kernel.forkVat(vatId, { name: `fork-${n}` }))).vatId);
      livingMost = Math.max(livingMost, living.length);
      for (let ends = random(3); ends > 0; ends -= 1) await end();
      progress.advance(1);
    }
    while (living.length > 0) await end();
  } finally {
    progress.stop();
  }
  return livingMost;
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

const measure = async (beside: string, options: ForksOptions, io: BenchIo): Promise<Left> => {
  const directory = path.join(beside, 'store');
  const bundleId = await during(io, 'making the banks', () => begin(directory, options));
  const kernel = await openKernel({ directory, blocks: 'host' });
  const livingMost = await forkAll(kernel, bundleId, io, options);
  await settle(kernel, Promise.resolve());
  await kernel.close();
  const { fileBytes, vats } = await inspectStore(directory);
  const rows = NAMES.map(name => vats.find(it => it.name === name)?.rows.rows ?? 0);
  const copyBytes = await during(io, 'copying the store', () => copySize(directory, beside));
  const callMs = await during(io, 'timing calls', () => timeCalls(directory, options));
  return { rows, callMs, livingMost, fileBytes, copyBytes };
};

const reportOf = ({ forks, calls, seed }: ForksOptions, left: Left): Report => {
  const { rows, callMs, livingMost, fileBytes, copyBytes } = left;
  const ratioOf = ([forked, twin]: readonly number[]): number =>
    rounded((forked ?? 0) / (twin ?? 1));
  const inMib = (bytes: number): number => rounded(bytes / MIB);
  const sizes = [fileBytes, copyBytes];
  return {
    title: `what ${forks} forks leave, at most ${livingMost} at a time, seed ${seed}`,
    head: ['', 'forked', 'never forked', 'ratio'],
    rows: [
      ['rows stored', ...rows, ratioOf(rows)],
      [`ms of a call, median of ${calls}`, ...callMs.map(rounded), ratioOf(callMs)],
      ['data file and that of a copy, MiB', ...sizes.map(inMib), ratioOf(sizes)],
    ],
    record: {
      ...{ bench: 'forks', forks, livingMost, seed, rows: [...rows], callMs: callMs.map(rounded) },
      ...{ fileBytes, copyBytes, rowsRatio: ratioOf(rows), callsRatio: ratioOf(callMs) },
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
