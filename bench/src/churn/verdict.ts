/** What a churn has shown: is anything lost, is everything accounted for, does anything grow? */
import { percentile, rounded } from '../statistics.js';
import { incarnationsOf, type ChurnPlan } from './plan.js';
import type { TrialResult } from './trial.js';

/**
 * Memory may be so much more at the end than after the first hundred upgrades, and no leak: V8 lets
 * heaps grow with what they hold, malloc keeps what threads have freed. Measured: 776 MiB, and 781
 * after 200 upgrades more. A worker that stayed behind would be 10 MiB for every upgrade.
 */
const MEMORY_SLACK = { factor: 1.1, mib: 32 };

export interface Verdict {
  /** Deposits that were neither answered nor rejected, and purses that are not right. */
  readonly lost: number;
  /** What the purses hold is what was answered, by the drivers' count and by the banks'. */
  readonly conserved: boolean;
  /** Every vat has had as many upgrades as the plan says, and the tables agree. */
  readonly consistent: boolean;
  /** Null where the run was too short to say. */
  readonly flat: boolean | null;
}

const isFlat = ({ resources }: TrialResult): boolean | null => {
  const [first, last] = resources;
  if (first === undefined || last === undefined) return null;
  return (
    last.threads <= first.threads &&
    last.descriptors <= first.descriptors &&
    last.memoryMiB <= first.memoryMiB * MEMORY_SLACK.factor + MEMORY_SLACK.mib
  );
};

export const verdictOf = (plan: ChurnPlan, result: TrialResult): Verdict => {
  const { tally, wrongPurses, paid, incarnations, auditFindings } = result.outcome;
  const { sent, answered, rejected, rejectedWhileDrained, wrong } = tally;
  const unsettled = sent - answered - rejected - rejectedWhileDrained;
  const expected = incarnationsOf(plan);
  return {
    lost: unsettled + wrongPurses,
    conserved: wrongPurses === 0 && paid === answered && wrong === 0,
    consistent:
      expected.every((count, i) => count === incarnations[i]) && auditFindings.length === 0,
    flat: isFlat(result),
  };
};

const timesOf = (milliseconds: readonly number[]): { p50: number; p99: number } | null =>
  milliseconds.length === 0
    ? null
    : { p50: rounded(percentile(milliseconds, 50)), p99: rounded(percentile(milliseconds, 99)) };

/** The figures of a run by name, as `--json` prints them. */
export const recordOf = (plan: ChurnPlan, result: TrialResult): Record<string, unknown> => {
  const { outcome, samples, kills, resources, seconds } = result;
  const { tally } = outcome;
  const verdict = verdictOf(plan, result);
  return {
    bench: 'churn',
    ...{ vats: plan.banks, drivers: plan.drivers, purses: plan.purses, seed: plan.seed },
    upgrades: plan.rounds,
    succeeded: outcome.incarnations.reduce((sum, count) => sum + count, 0),
    kills,
    seconds: rounded(seconds),
    deposits: tally.answered,
    depositsPerSecond: rounded(tally.answered / seconds),
    ...verdict,
    upgradeMs: timesOf(samples.flatMap(it => it.upgradesMs)),
    resumeMs: timesOf(samples.flatMap(it => it.resumesMs)),
    rejectedByUpgrade: { withoutDrain: tally.rejected, withDrain: tally.rejectedWhileDrained },
    resources,
    ...(outcome.auditFindings.length === 0 ? {} : { auditFindings: outcome.auditFindings }),
  };
};

export const isGood = ({ lost, conserved, consistent, flat }: Verdict): boolean =>
  lost === 0 && conserved && consistent && flat !== false;
