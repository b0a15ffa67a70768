/**
 * Does a fork of a million purses take longer than one of a hundred?
 *
 * One store with a bank of every size, whose purses have all been handed out; each bank has been
 * upgraded since, so that there is next to nothing to replay. The banks are forked in turn, each in
 * a block of its own; the fork answers, and ends. The time is that of the run which has nothing to
 * do but the fork: spaces, names, a worker, replay, the fork's first crank.
 */
import { openKernel, type Kernel, type VatId } from '@heirloom/kernel';
import { during, type Bench, type BenchIo } from './bench.js';
import { fillBranches, sizesUpTo } from './branches.js';
import { memberAt } from './member.js';
import { expectResult } from './purse-kernel.js';
import type { Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { rounded, timesOf } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

/** What the largest is compared with. */
const PURSES_COMPARED = 1_000;

const SIZES = {
  purses: { what: 'purses of the largest bank', quick: 100_000, full: 1_000_000 },
  forks: { what: 'forks measured of every bank', quick: 20, full: 50 },
  warmUp: { what: 'forks before those', quick: 2, full: 5 },
} satisfies Sizes;

type ForkOptions = SizesOf<typeof SIZES>;

interface Parent {
  readonly purses: number;
  readonly vatId: VatId;
  readonly times: number[];
}

/** Runs what is queued and ends the block. */
const settle = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

/** Milliseconds that the run with the fork took; the fork has gone again when it resolves. */
const forkOnce = async (kernel: Kernel, { vatId }: Parent, round: number): Promise<number> => {
  const forked = kernel.forkVat(vatId, { name: `fork-${round}` });
  const began = performance.now();
  await kernel.run();
  const milliseconds = performance.now() - began;
  await kernel.commit();
  const fork = await forked;
  expectResult('version', await settle(kernel, kernel.send(fork.root, 'version').result), 2);
  await settle(kernel, kernel.terminateVat(fork.vatId));
  return milliseconds;
};

const measure = async (
  directory: string,
  options: ForkOptions,
  io: BenchIo,
): Promise<Parent[]> => {
  const sizes = sizesUpTo(options.purses);
  const bundleId = await fillBranches(directory, sizes, io);
  const open = () => openKernel({ directory, blocks: 'host' });
  const kernel = await during(io, 'opening the store', open);
  const rounds = options.warmUp + options.forks;
  const progress = io.progress('forks', rounds * sizes.length);
  try {
    const parents: Parent[] = [];
    for (const purses of sizes) {
      const { vatId } = kernel.vat(`bank-${purses}`);
      await settle(kernel, kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: 2 } }));
      parents.push({ purses, vatId, times: [] });
    }
    for (let round = 0; round < rounds; round += 1) {
      // To and fro: none always comes after the same other.
      for (const parent of round % 2 === 0 ? parents : [...parents].reverse()) {
        const milliseconds = await forkOnce(kernel, parent, round);
        if (round >= options.warmUp) parent.times.push(milliseconds);
        progress.advance(1);
      }
    }
    return parents;
  } finally {
    progress.stop();
    await kernel.close();
  }
};

const reportOf = ({ forks }: ForkOptions, parents: readonly Parent[]): Report => {
  const points = parents.map(({ purses, times }) => {
    const { p50, p99, count } = timesOf(times);
    return { purses, p50Ms: p50, p99Ms: p99, count };
  });
  const compared = points.find(({ purses }) => purses === PURSES_COMPARED);
  const largest = memberAt(points, -1);
  const ratio = compared === undefined ? null : rounded(largest.p50Ms / compared.p50Ms);
  return {
    title: `ms of a fork, ${forks} forks of every bank`,
    head: ['purses', 'p50', 'p99', 'forks'],
    rows: points.map(it => [it.purses, it.p50Ms, it.p99Ms, it.count]),
    record: { bench: 'fork', forks, points, ratio },
  };
};

export const forkBench: Bench = {
  name: 'fork',
  summary: 'time of a fork with a hundred to a million purses',

  sizes: SIZES,
  seconds: { quick: 35, full: 300 },

  run(options: ForkOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('fork', async directory =>
      reportOf(options, await measure(directory, options, io)),
    );
  },
};
