/**
 * How many deposits a second, and how long is an upgrade?
 *
 * A driver vat sends `deposit(1n)` to the durable purses of a bank vat, each once in turn, and
 * waits for all answers; a round ends when its block is on disk. With `--peer swingset` rounds of
 * the two kernels alternate, so that a slow minute of the machine slows both.
 */
import { type Command, Option } from 'commander';
import { type Bench, type BenchIo, parseCount } from './bench.js';
import { HeirloomPurses } from './heirloom-purses.js';
import { makePurses, type PurseKernel } from './purse-kernel.js';
import type { Cell, Report } from './report.js';
import { median, percentile, rounded, spread } from './statistics.js';
import { SwingSetProcess } from './swingset-process.js';

interface PursesOptions {
  readonly purses: number;
  readonly deposits: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly peer?: 'swingset';
  readonly upgrade?: true;
}

/** Bank sizes between which an upgrade should take no longer, and how often each is measured. */
const UPGRADE_PURSE_COUNTS = [100, 100_000];
const UPGRADE_ROUNDS = 100;

interface Contender {
  readonly name: 'ours' | 'theirs';
  readonly kernel: PurseKernel;
  /** Deposits a second, one figure per round; warm-up rounds are not among them. */
  readonly rates: number[];
}

interface UpgradeTimes {
  readonly purses: number;
  readonly p50: number;
  readonly p99: number;
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

async function runRounds(options: PursesOptions, io: BenchIo): Promise<Contender[]> {
  const { purses, deposits, rounds, warmUp } = options;
  const contenders = await openContenders(options);
  const progress = io.progress('deposits', contenders.length * deposits * (rounds + warmUp));
  try {
    for (const { kernel } of contenders) await makePurses(kernel, purses, () => undefined);
    for (let round = 0; round < warmUp + rounds; round += 1) {
      for (const { kernel, rates } of contenders) {
        const ms = await kernel.deposit(deposits);
        if (round >= warmUp) rates.push((deposits * 1000) / ms);
        progress.advance(deposits);
      }
    }
  } finally {
    progress.stop();
    for (const { kernel } of contenders) await kernel.close();
  }
  return contenders;
}

/** Upgrades of a small and of a large bank in turn, so that a slow minute slows both. */
async function timeUpgrades(io: BenchIo): Promise<UpgradeTimes[]> {
  const total = UPGRADE_PURSE_COUNTS.reduce((sum, count) => sum + count + UPGRADE_ROUNDS, 0);
  const progress = io.progress('upgrades', total);
  const banks: { readonly purses: number; readonly kernel: PurseKernel; times: number[] }[] = [];
  try {
    for (const purses of UPGRADE_PURSE_COUNTS) {
      const kernel = await HeirloomPurses.open();
      banks.push({ purses, kernel, times: [] });
      await makePurses(kernel, purses, count => progress.advance(count));
    }
    for (let round = 0; round < UPGRADE_ROUNDS; round += 1) {
      for (const { kernel, times } of banks) {
        times.push(await kernel.upgrade(round + 2));
        progress.advance(1);
      }
    }
  } finally {
    progress.stop();
    for (const { kernel } of banks) await kernel.close();
  }
  return banks.map(({ purses, times }) => ({
    purses,
    p50: percentile(times, 50),
    p99: percentile(times, 99),
  }));
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
    rows.push([`deposits/s, ${name}`, median(rates), `± ${Math.round(spread(rates) * 50)} %`]);
  }
  const [ours, theirs] = contenders;
  if (ours !== undefined && theirs !== undefined) {
    const ratio = median(ours.rates) / median(theirs.rates);
    record['ratio'] = rounded(ratio);
    rows.push(['ours / theirs', ratio, '']);
  }
  for (const { purses: count, p50, p99 } of upgrades) {
    rows.push([`ms without code, p50, ${count} purses`, p50, `p99 ${rounded(p99)}`]);
  }
  if (upgrades.length > 0) {
    record['upgradeMs'] = upgrades.map(times => ({
      purses: times.purses,
      p50: rounded(times.p50),
      p99: rounded(times.p99),
    }));
  }
  const title = `${purses} purses, ${rounds} rounds of ${deposits} deposits, medians`;
  return { title, head: ['', 'figure', 'range'], rows, record };
}

export const pursesBench: Bench = {
  name: 'purses',
  summary: 'deposits a second, and time of an upgrade',

  options(command: Command): void {
    command
      .option('--purses <count>', 'durable purses in the bank', parseCount, 1000)
      .option('--deposits <count>', 'deposits in a round', parseCount, 5000)
      .option('--rounds <count>', 'rounds measured', parseCount, 5)
      .option('--warm-up <count>', 'rounds before those', parseCount, 2)
      .addOption(new Option('--peer <kernel>', 'alternate with this kernel').choices(['swingset']))
      .option('--upgrade', `also time upgrades with ${UPGRADE_PURSE_COUNTS.join(' and ')} purses`);
  },

  async run(options: PursesOptions, io: BenchIo): Promise<Report> {
    const contenders = await runRounds(options, io);
    const upgrades = options.upgrade === true ? await timeUpgrades(io) : [];
    return reportOf(options, contenders, upgrades);
  },
};
