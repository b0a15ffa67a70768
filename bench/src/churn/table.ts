/** What a churn has shown, as a table for people: each figure with what it was measured over. */
import type { Cell } from '../report.js';
import { ONE_RUN, rounded, timesOf, timesText } from '../statistics.js';
import type { ChurnPlan } from './plan.js';
import type { TrialResult } from './trial.js';
import { growthOf, verdictOf, type Growth } from './verdict.js';

const yesOrNo = (is: boolean): string => (is ? 'yes' : 'NO');

const timesRow = (name: string, milliseconds: readonly number[]): Cell[] => {
  if (milliseconds.length === 0) return [name, 'none', ''];
  const times = timesOf(milliseconds);
  return [name, times.p50, timesText(times)];
};

const signed = (count: number): string => (count > 0 ? `+${count}` : `${count}`);

/** What the verdict is worth: a slow leak does not show in a short run. */
const growthText = (growth: Growth): string =>
  [
    `over ${growth.upgrades} upgrades: threads ${signed(growth.threads)}`,
    `descriptors ${signed(growth.descriptors)}`,
    `memory ${signed(growth.memoryMiB)} MiB, +${growth.memoryAllowedMiB} allowed`,
  ].join(', ');

const growthRow = (flat: boolean | null, growth: Growth | null): Cell[] => {
  const name = 'nothing grows';
  if (growth === null || flat === null) return [name, 'cannot say', 'the run was too short'];
  return [name, yesOrNo(flat), growthText(growth)];
};

export const rowsOf = (plan: ChurnPlan, result: TrialResult): Cell[][] => {
  const { outcome, samples, kills, seconds } = result;
  const { answered, rejected, rejectedWhileDrained } = outcome.tally;
  const { lost, conserved, consistent, flat } = verdictOf(plan, result);
  const succeeded = outcome.incarnations.reduce((sum, count) => sum + count, 0);
  return [
    ['upgrades that succeeded', succeeded, `${plan.rounds - succeeded} failed on purpose`],
    ['kills of the process', kills.length, kills.map(round => `round ${round}`).join(', ')],
    ['deposits answered', answered, `in ${rounded(seconds)} s`],
    ['deposits a second', answered / seconds, ONE_RUN],
    ['deposits and purses lost', lost, ''],
    ['every purse holds what it must', yesOrNo(conserved), ''],
    ['the tables are as planned', yesOrNo(consistent), ''],
    timesRow('ms without code, p50', samples.flatMap(it => it.upgradesMs)),
    timesRow('ms until the old code goes on, p50', samples.flatMap(it => it.resumesMs)),
    ['deposits rejected by an upgrade', rejected, `after a drain ${rejectedWhileDrained}`],
    growthRow(flat, growthOf(result)),
  ];
};
