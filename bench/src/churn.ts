/**
 * Is anything lost, and does anything grow, when vats are upgraded without end?
 *
 * Banks with durable purses, and drivers that pay into them without pause; in every block one of
 * the vats is upgraded, drivers too, and one upgrade in ten fails on purpose. The process that
 * holds the kernel is killed now and then, and goes on from its store. At the end every deposit
 * that was answered must be in its purse, and no other.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { type Bench, type BenchIo, parseCount } from './bench.js';
import { pageOf } from './churn/page.js';
import type { ChurnPlan } from './churn/plan.js';
import { runTrial } from './churn/trial.js';
import { isGood, recordOf, verdictOf } from './churn/verdict.js';
import type { Cell, Report } from './report.js';

interface ChurnOptions {
  readonly upgrades: number;
  readonly vats: number;
  readonly drivers: number;
  readonly purses: number;
  readonly kills: number;
  readonly seed: number;
  readonly drain: number;
  readonly html?: string;
}

const cellOf = (value: unknown): Cell =>
  typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);

export const churnBench: Bench = {
  name: 'churn',
  summary: 'upgrades without end, kills in between: is anything lost, does anything grow?',

  options(command: Command): void {
    command
      .option('--upgrades <count>', 'in all, one in a block', parseCount, 2_000)
      .option('--vats <count>', 'banks', parseCount, 20)
      .option('--drivers <count>', 'vats that pay into them', parseCount, 2)
      .option('--purses <count>', 'of every bank', parseCount, 1_000)
      .option('--kills <count>', 'of the process, in the first half', parseCount, 8)
      .option('--seed <number>', 'of the plan', parseCount, 1)
      .option('--drain <waves>', 'that every other upgrade may wait', parseCount, 8)
      .option('--html <file>', 'also write a page that draws the figures over time');
  },

  async run(options: ChurnOptions, io: BenchIo): Promise<Report> {
    const { upgrades, vats, drivers, purses, kills, seed, drain, html } = options;
    const plan: ChurnPlan = { seed, banks: vats, drivers, purses, rounds: upgrades };
    const directory = await mkdtemp(path.join(tmpdir(), 'heirloom-churn-'));
    const progress = io.progress('upgrades', upgrades);
    try {
      const advance = (): void => progress.advance(1);
      const more = { drainWaves: drain, isolation: 'thread', advance } as const;
      const result = await runTrial({ directory, plan, kills, ...more });
      const record = recordOf(plan, result);
      if (html !== undefined) await writeFile(html, await pageOf(record, result));
      const rows = Object.entries(record)
        .filter(([name]) => name !== 'bench')
        .map(([name, value]): Cell[] => [name, cellOf(value)]);
      const title = `${upgrades} upgrades of ${vats} banks and ${drivers} drivers`;
      return { title, head: ['', 'figure'], rows, record, ok: isGood(verdictOf(plan, result)) };
    } finally {
      progress.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};
