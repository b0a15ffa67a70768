/**
 * What does a child process for every vat cost, beside a thread?
 *
 * The purse workload, each vat in a thread and each in a process, rounds in turn so that a slow
 * minute of the machine slows both: deposits, then upgrades of the bank. A deposit is two
 * deliveries, one to the bank and its answer to the driver.
 */
import type { Isolation } from '@heirloom/kernel';
import type { Command } from 'commander';
import { type Bench, type BenchIo, parseCount } from './bench.js';
import { HeirloomPurses } from './heirloom-purses.js';
import { makePurses } from './purse-kernel.js';
import type { Cell, Report } from './report.js';
import { median, percentile, rounded, spread } from './statistics.js';

const ISOLATIONS: readonly Isolation[] = ['thread', 'process'];
const DELIVERIES_PER_DEPOSIT = 2;

interface IsolationOptions {
  readonly purses: number;
  readonly deposits: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly upgrades: number;
}

interface Place {
  readonly isolation: Isolation;
  readonly kernel: HeirloomPurses;
  /** Microseconds for a delivery, one figure per round. */
  readonly deliveryUs: number[];
  /** Milliseconds without code, one figure per upgrade. */
  readonly upgradeMs: number[];
}

async function measure(options: IsolationOptions, io: BenchIo): Promise<Place[]> {
  const { purses, deposits, rounds, warmUp, upgrades } = options;
  const places: Place[] = [];
  const total = ISOLATIONS.length * (deposits * (rounds + warmUp) + upgrades);
  const progress = io.progress('deposits', total);
  try {
    for (const isolation of ISOLATIONS) {
      const kernel = await HeirloomPurses.open(isolation);
      places.push({ isolation, kernel, deliveryUs: [], upgradeMs: [] });
      await makePurses(kernel, purses, () => undefined);
    }
    for (let round = 0; round < warmUp + rounds; round += 1) {
      for (const { kernel, deliveryUs } of places) {
        const ms = await kernel.deposit(deposits);
        if (round >= warmUp) deliveryUs.push((ms * 1000) / (deposits * DELIVERIES_PER_DEPOSIT));
        progress.advance(deposits);
      }
    }
    for (let version = 2; version < upgrades + 2; version += 1) {
      for (const { kernel, upgradeMs } of places) {
        upgradeMs.push(await kernel.upgrade(version));
        progress.advance(1);
      }
    }
  } finally {
    progress.stop();
    for (const { kernel } of places) await kernel.close();
  }
  return places;
}

function reportOf(options: IsolationOptions, places: readonly Place[]): Report {
  const { purses, deposits, rounds, upgrades } = options;
  const rows: Cell[][] = [];
  const record: Record<string, unknown> = { bench: 'isolation', purses, deposits, rounds };
  for (const { isolation, deliveryUs, upgradeMs } of places) {
    const us = median(deliveryUs);
    const range = spread(deliveryUs);
    const [p50, p99] = [percentile(upgradeMs, 50), percentile(upgradeMs, 99)];
    rows.push([`µs a delivery, ${isolation}`, us, `± ${Math.round(range * 50)} %`]);
    rows.push([`ms without code, p50, ${isolation}`, p50, `p99 ${rounded(p99)}`]);
    record[isolation] = {
      deliveryUs: rounded(us),
      deliverySpread: rounded(range),
      upgradeMs: { p50: rounded(p50), p99: rounded(p99) },
    };
  }
  const title = `${purses} purses, ${rounds} rounds of ${deposits} deposits, ${upgrades} upgrades`;
  return { title, head: ['', 'figure', 'range'], rows, record };
}

export const isolationBench: Bench = {
  name: 'isolation',
  summary: 'a delivery and an upgrade, in threads and in child processes',

  options(command: Command): void {
    command
      .option('--purses <count>', 'durable purses in the bank', parseCount, 1000)
      .option('--deposits <count>', 'deposits in a round', parseCount, 5000)
      .option('--rounds <count>', 'rounds measured', parseCount, 20)
      .option('--warm-up <count>', 'rounds before those', parseCount, 5)
      .option('--upgrades <count>', 'upgrades measured', parseCount, 50);
  },

  async run(options: IsolationOptions, io: BenchIo): Promise<Report> {
    return reportOf(options, await measure(options, io));
  },
};
