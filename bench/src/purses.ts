/**
 * How many deposits a second, and how long is an upgrade?
 *
 * A driver vat sends `deposit(1n)` to the durable purses of a bank vat, each once in turn, and
 * waits for all answers; a round ends when its block is on disk. With `--peer swingset` rounds of
 * the two kernels alternate, so that a slow minute of the machine slows both.
 */
import { type Command, Option } from 'commander';
import { during, type Bench, type BenchIo } from './bench.js';
import { HeirloomPurses } from './heirloom-purses.js';
import { makePurses, type PurseKernel } from './purse-kernel.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import {
  median, rounded, spread, spreadText, timesOf, timesText, type Times,
} from './statistics.js';
import { SwingSetProcess } from './swingset-process.js';

const SIZES = {
  purses: { what: 'durable purses in the bank', quick: 1_000, full: 1_000 },
  deposits: { what: 'deposits in a round', quick: 5_000, full: 5_000 },
  rounds: { what: 'rounds measured', quick: 5, full: 5 },
  warmUp: { what: 'rounds before those', quick: 2, full: 2 },
  upgradePurses: { what: 'purses of the larger bank of --upgrade', quick: 20_000, full: 100_000 },
  upgradeRounds: { what: 'upgrades of each bank of --upgrade', quick: 50, full: 100 },
} satisfies Sizes;

interface PursesOptions extends SizesOf<typeof SIZES> {
  readonly peer?: 'swingset';
  readonly upgrade?: true;
}

/** Upgrades of this many purses should take as long as those of many more. */
const UPGRADE_PURSES_LEAST = 100;

interface Contender {
  readonly name: 'ours' | 'theirs';
  readonly kernel: PurseKernel;
  /** Deposits a second, one figure per round; warm-up rounds are not among them. */
  readonly rates: number[];
}

interface UpgradeTimes extends Times {
  readonly purses: number;
}

async function openContenders(options: PursesOptions): Promise<Contender[]> {
  const ours: Contender = { name: 'ours', kernel: await HeirloomPurses.open(), rates: [] };
  if (options.peer === undefined) return [ours];
  try {
    return [ours, { name: 'theirs', kernel: await SwingSetProcess.open(), rates: [] }];
  } catch (error) {
    await ours.kernel.close();
    throw error;
  }
}

async function timeRounds(
  contenders: readonly Contender[],
  { deposits, rounds, warmUp }: PursesOptions,
  io: BenchIo,
): Promise<void> {
  const progress = io.progress('deposits', contenders.length * deposits * (rounds + warmUp));
  try {
    for (let round = 0; round < warmUp + rounds; round += 1) {
      for (const { kernel, rates } of contenders) {
        const ms = await kernel.deposit(deposits);
        if (round >= warmUp) rates.push((deposits * 1000) / ms);
        progress.advance(deposits);
      }
    }
  } finally {
    progress.stop();
  }
}

async function runRounds(options: PursesOptions, io: BenchIo): Promise<Contender[]> {
  const { purses } = options;
  const contenders = await during(io, 'opening the kernels', () => openContenders(options));
  try {
    await during(io, 'making the purses', async () => {
      for (const { kernel } of contenders) await makePurses(kernel, purses, () => undefined);
    });
    await timeRounds(contenders, options, io);
  } finally {
    for (const { kernel } of contenders) await kernel.close();
  }
  return contenders;
}

/** Upgrades of a small and of a large bank in turn, so that a slow minute slows both. */
async function timeUpgrades(options: PursesOptions, io: BenchIo): Promise<UpgradeTimes[]> {
  const { upgradePurses, upgradeRounds } = options;
  const counts = [UPGRADE_PURSES_LEAST, upgradePurses];
  const total = counts.reduce((sum, count) => sum + count + upgradeRounds, 0);
  const progress = io.progress('purses made and banks upgraded', total);
  const banks: { readonly purses: number; readonly kernel: PurseKernel; times: number[] }[] = [];
  try {
    for (const purses of counts) {
      const kernel = await HeirloomPurses.open();
      banks.push({ purses, kernel, times: [] });
      await makePurses(kernel, purses, count => progress.advance(count));
    }
    for (let round = 0; round < upgradeRounds; round += 1) {
      for (const { kernel, times } of banks) {
        times.push(await kernel.upgrade(round + 2));
        progress.advance(1);
      }
    }
  } finally {
    progress.stop();
    for (const { kernel } of banks) await kernel.close();
  }
  return banks.map(({ purses, times }) => ({ purses, ...timesOf(times) }));
}

function reportOf(
  options: PursesOptions,
  contenders: readonly Contender[],
  upgrades: readonly UpgradeTimes[],
): Report {
  const { purses, deposits, rounds } = options;
  const rows: Cell[][] = [];
  const record: Record<string, unknown> = { bench: 'purses', purses, deposits, rounds };
  for (const { name, rates } of contenders) {
    record[name] = rounded(median(rates));
    record[`${name}Spread`] = rounded(spread(rates));
    rows.push([`deposits/s, ${name}`, median(rates), spreadText(rates)]);
  }
  const [ours, theirs] = contenders;
  if (ours !== undefined && theirs !== undefined) {
    const ratio = median(ours.rates) / median(theirs.rates);
    record['ratio'] = rounded(ratio);
    rows.push(['ours / theirs', ratio, 'of the medians']);
  }
  for (const times of upgrades) {
    rows.push([`ms without code, p50, ${times.purses} purses`, times.p50, timesText(times)]);
  }
  if (upgrades.length > 0) record['upgradeMs'] = upgrades;
  const title = `${purses} purses, ${rounds} rounds of ${deposits} deposits, medians`;
  return { title, head: ['', 'figure', 'measured'], rows, record };
}

export const pursesBench: Bench = {
  name: 'purses',
  summary: 'deposits a second, and time of an upgrade',

  sizes: SIZES,
  seconds: { quick: 10, full: 20 },

  options(command: Command): void {
    command
      .addOption(new Option('--peer <kernel>', 'alternate with this kernel').choices(['swingset']))
      .option('--upgrade', `also time upgrades with ${UPGRADE_PURSES_LEAST} and more purses`);
  },

  async run(options: PursesOptions, io: BenchIo): Promise<Report> {
    const contenders = await runRounds(options, io);
    const upgrades = options.upgrade === true ? await timeUpgrades(options, io) : [];
    return reportOf(options, contenders, upgrades);
  },
};
