/**
 * What does a child process for every vat cost, beside a thread?
 *
 * The purse workload, each vat in a thread and each in a process, rounds in turn so that a slow
 * minute of the machine slows both: deposits, then upgrades of the bank. A deposit is two
 * deliveries, one to the bank and its answer to the driver.
 */
import type { Isolation } from '@heirloom/kernel';
import type { Bench, BenchIo } from './bench.js';
import { HeirloomPurses } from './heirloom-purses.js';
import { makePurses } from './purse-kernel.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { median, rounded, spread, spreadText, timesOf, timesText } from './statistics.js';

const ISOLATIONS: readonly Isolation[] = ['thread', 'process'];
const DELIVERIES_PER_DEPOSIT = 2;

const SIZES = {
  purses: { what: 'durable purses in the bank', quick: 1_000, full: 1_000 },
  deposits: { what: 'deposits in a round', quick: 5_000, full: 5_000 },
  rounds: { what: 'rounds measured', quick: 10, full: 20 },
  warmUp: { what: 'rounds before those', quick: 3, full: 5 },
  upgrades: { what: 'upgrades measured', quick: 30, full: 50 },
} satisfies Sizes;

type IsolationOptions = SizesOf<typeof SIZES>;

interface Place {
  readonly isolation: Isolation;
  readonly kernel: HeirloomPurses;
  /** Microseconds for a delivery, one figure per round. */
  readonly deliveryUs: number[];
  /** Milliseconds without code, one figure per upgrade. */
  readonly upgradeMs: number[];
}

async function timeDeposits(
  places: readonly Place[],
  { deposits, rounds, warmUp }: IsolationOptions,
  io: BenchIo,
): Promise<void> {
  const progress = io.progress('deposits', places.length * deposits * (rounds + warmUp));
  try {
    for (let round = 0; round < warmUp + rounds; round += 1) {
      for (const { kernel, deliveryUs } of places) {
        const ms = await kernel.deposit(deposits);
        if (round >= warmUp) deliveryUs.push((ms * 1000) / (deposits * DELIVERIES_PER_DEPOSIT));
        progress.advance(deposits);
      }
    }
  } finally {
    progress.stop();
  }
}

async function timeUpgrades(places: readonly Place[], count: number, io: BenchIo): Promise<void> {
  const progress = io.progress('upgrades', places.length * count);
  try {
    for (let version = 2; version < count + 2; version += 1) {
      for (const { kernel, upgradeMs } of places) {
        upgradeMs.push(await kernel.upgrade(version));
        progress.advance(1);
      }
    }
  } finally {
    progress.stop();
  }
}

async function measure(options: IsolationOptions, io: BenchIo): Promise<Place[]> {
  const { purses, upgrades } = options;
  const places: Place[] = [];
  try {
    const opening = io.progress('purses made', ISOLATIONS.length * purses);
    try {
      for (const isolation of ISOLATIONS) {
        const kernel = await HeirloomPurses.open(isolation);
        places.push({ isolation, kernel, deliveryUs: [], upgradeMs: [] });
        await makePurses(kernel, purses, count => opening.advance(count));
      }
    } finally {
      opening.stop();
    }
    await timeDeposits(places, options, io);
    await timeUpgrades(places, upgrades, io);
  } finally {
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
    const times = timesOf(upgradeMs);
    rows.push([`µs a delivery, ${isolation}`, us, spreadText(deliveryUs)]);
    rows.push([`ms without code, p50, ${isolation}`, times.p50, timesText(times)]);
    record[isolation] = {
      deliveryUs: rounded(us),
      deliverySpread: rounded(range),
      upgradeMs: times,
    };
  }
  const title = `${purses} purses, ${rounds} rounds of ${deposits} deposits, ${upgrades} upgrades`;
  return { title, head: ['', 'figure', 'measured'], rows, record };
}

export const isolationBench: Bench = {
  name: 'isolation',
  summary: 'a delivery and an upgrade, in threads and in child processes',

  sizes: SIZES,
  seconds: { quick: 30, full: 80 },

  async run(options: IsolationOptions, io: BenchIo): Promise<Report> {
    return reportOf(options, await measure(options, io));
  },
};
