/**
 * Does an upgrade of a million purses take longer than one of a hundred?
 *
 * One store with a bank of every size, whose purses have all been handed out to a teller vat. The
 * banks are upgraded in turn, so that a slow moment of the machine slows all alike, each in the
 * middle of deposits: some of the wave reach the old code, those behind the upgrade the new. The
 * time is the one that a bank is without code: from the merge reaching the upgrade to the
 * successor's startVat merged.
 */
import { openKernel, type CreatedVat, type Kernel } from '@heirloom/kernel';
import { during, type Bench, type BenchIo } from './bench.js';
import { fillBranches, sizesUpTo } from './branches.js';
import { memberAt } from './member.js';
import { expectResult } from './purse-kernel.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { rounded, timesOf } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

/** What the largest is compared with. */
const PURSES_COMPARED = 1_000;

const SIZES = {
  purses: { what: 'purses of the largest bank', quick: 100_000, full: 1_000_000 },
  upgrades: { what: 'upgrades measured of every bank', quick: 20, full: 100 },
  warmUp: { what: 'upgrades before those', quick: 3, full: 10 },
  deposits: { what: 'deposits before and behind every upgrade', quick: 32, full: 32 },
} satisfies Sizes;

type UpgradeOptions = SizesOf<typeof SIZES>;

interface Branch {
  readonly purses: number;
  readonly bank: CreatedVat;
  readonly teller: CreatedVat;
  readonly times: number[];
}

/** One upgrade amid deposits, in a block of its own. Milliseconds without code. */
const upgradeOnce = async (
  kernel: Kernel,
  { bank, teller }: Branch,
  bundleId: string,
  { version, deposits }: { readonly version: number; readonly deposits: number },
): Promise<number> => {
  const before = kernel.send(teller.root, 'deposit', [deposits]);
  await kernel.run({ waves: 1 });
  const behind = kernel.send(teller.root, 'deposit', [deposits]);
  const upgraded = kernel.upgradeVat(bank.vatId, { bundleId, vatParameters: { version } });
  const asked = kernel.send(teller.root, 'version');
  await kernel.run();
  await kernel.commit();
  await upgraded;
  expectResult('deposit', await before.result, deposits);
  expectResult('deposit', await behind.result, deposits);
  expectResult('version', await asked.result, version);
  const report = kernel.stats().upgrades.at(-1);
  if (report?.vatId !== bank.vatId) throw new Error('another vat was upgraded last');
  return report.milliseconds;
};

const measure = async (
  directory: string,
  options: UpgradeOptions,
  io: BenchIo,
): Promise<Branch[]> => {
  const sizes = sizesUpTo(options.purses);
  const bundleId = await fillBranches(directory, sizes, io);
  const open = () => openKernel({ directory, blocks: 'host' });
  const kernel = await during(io, 'opening the store', open);
  const rounds = options.warmUp + options.upgrades;
  const progress = io.progress('upgrades', rounds * sizes.length);
  try {
    const branches: Branch[] = sizes.map(purses => {
      const vatOf = (name: string): CreatedVat => kernel.vat(`${name}-${purses}`);
      return { purses, bank: vatOf('bank'), teller: vatOf('teller'), times: [] };
    });
    for (let round = 0; round < rounds; round += 1) {
      // To and fro: none always comes after the same other.
      for (const branch of round % 2 === 0 ? branches : [...branches].reverse()) {
        const { deposits } = options;
        const ms = await upgradeOnce(kernel, branch, bundleId, { version: round + 2, deposits });
        if (round >= options.warmUp) branch.times.push(ms);
        progress.advance(1);
      }
    }
    return branches;
  } finally {
    progress.stop();
    await kernel.close();
  }
};

const reportOf = (options: UpgradeOptions, branches: readonly Branch[]): Report => {
  const points = branches.map(({ purses, times }) => {
    const { p50, p99, count } = timesOf(times);
    return { purses, p50Ms: p50, p99Ms: p99, count };
  });
  const compared = points.find(({ purses }) => purses === PURSES_COMPARED);
  const largest = memberAt(points, -1);
  const ratio = compared === undefined ? null : rounded(largest.p50Ms / compared.p50Ms);
  const rows: Cell[][] = points.map(it => [it.purses, it.p50Ms, it.p99Ms, it.count]);
  if (ratio !== null) rows.push([`${largest.purses} / ${PURSES_COMPARED}`, ratio, '', '']);
  const { upgrades, deposits } = options;
  return {
    title: `ms without code, ${upgrades} upgrades of every bank, amid deposits`,
    head: ['purses', 'p50', 'p99', 'upgrades'],
    rows,
    record: { bench: 'upgrade', upgrades, deposits, points, ratio },
  };
};

export const upgradeBench: Bench = {
  name: 'upgrade',
  summary: 'time of an upgrade with a hundred to a million purses',

  sizes: SIZES,
  seconds: { quick: 45, full: 400 },

  run(options: UpgradeOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('upgrade', async directory =>
      reportOf(options, await measure(directory, options, io)),
    );
  },
};
