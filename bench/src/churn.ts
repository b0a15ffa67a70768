/**
 * Is anything lost, and does anything grow, when vats are upgraded without end?
 *
 * Banks with durable purses, and drivers that pay into them without pause; in every block one of
 * the vats is upgraded, drivers too, and one upgrade in ten fails on purpose. The process that
 * holds the kernel is killed now and then, and goes on from its store. At the end every deposit
 * that was answered must be in its purse, and no other.
 */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Bench, BenchIo } from './bench.js';
import { pageOf } from './churn/page.js';
import type { ChurnPlan } from './churn/plan.js';
import { rowsOf } from './churn/table.js';
import { runTrial } from './churn/trial.js';
import { isGood, recordOf, verdictOf } from './churn/verdict.js';
import type { Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { inTemporaryDirectory } from './temporary.js';

const SIZES = {
  upgrades: { what: 'upgrades in all, one in a block', quick: 240, full: 2_000 },
  vats: { what: 'banks', quick: 4, full: 20 },
  drivers: { what: 'vats that pay into them', quick: 1, full: 2 },
  purses: { what: 'purses of every bank', quick: 500, full: 1_000 },
  kills: { what: 'kills of the process, in the first part', quick: 3, full: 8 },
  seed: { what: 'of the plan', quick: 1, full: 1, unit: 'number' },
  drain: { what: 'that every other upgrade may wait', quick: 8, full: 8, unit: 'waves' },
} satisfies Sizes;

interface ChurnOptions extends SizesOf<typeof SIZES> {
  readonly html?: string;
}

/** Shows how far the trial is: vats and purses are made, rounds are run, everything is counted. */
const watched = (plan: ChurnPlan, io: BenchIo) => {
  let progress = io.progress('purses made', plan.banks * plan.purses);
  const next = (label: string, total?: number): void => {
    progress.stop();
    progress = io.progress(label, total);
  };
  let missing = plan.banks * plan.purses;
  return {
    made(purses: number): void {
      progress.advance(purses);
      missing -= purses;
      if (missing === 0) next('upgrades', plan.rounds);
    },
    advance: (): void => progress.advance(1),
    counting: (): void => next('counting what every purse holds'),
    stop: (): void => progress.stop(),
  };
};

const measure = async (
  directory: string,
  { upgrades, vats, drivers, purses, kills, seed, drain, html }: ChurnOptions,
  io: BenchIo,
): Promise<Report> => {
  const plan: ChurnPlan = { seed, banks: vats, drivers, purses, rounds: upgrades };
  const { stop, ...watch } = watched(plan, io);
  try {
    const how = { drainWaves: drain, isolation: 'thread' } as const;
    const result = await runTrial({ directory, plan, kills, ...how, ...watch });
    const report: Report = {
      title: `${upgrades} upgrades of ${vats} banks and ${drivers} drivers, under load`,
      head: ['', 'figure', 'measured'],
      rows: rowsOf(plan, result),
      record: recordOf(plan, result),
      ok: isGood(verdictOf(plan, result)),
    };
    if (html !== undefined) await writeFile(html, await pageOf(report, result));
    return report;
  } finally {
    stop();
  }
};

export const churnBench: Bench = {
  name: 'churn',
  summary: 'upgrades without end, kills in between: is anything lost, does anything grow?',

  sizes: SIZES,
  seconds: { quick: 65, full: 540 },

  options(command: Command): void {
    command.option('--html <file>', 'also write a page that draws the figures over time');
  },

  run(options: ChurnOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('churn', directory => measure(directory, options, io));
  },
};
