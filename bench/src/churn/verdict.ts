/** What a churn has shown: is anything lost, is everything accounted for, does anything grow? */
import { rounded, timesOf, type Times } from '../statistics.js';
import { incarnationsOf, type ChurnPlan } from './plan.js';
import type { TrialResult } from './trial.js';

/**
 * Memory may be so much more at the end than when the process had settled, and no leak: V8 lets
 * heaps grow with what they hold, malloc keeps what threads have freed. Measured: 776 MiB, and 781
 * after 200 upgrades more. A worker that stayed behind would be 10 MiB for every upgrade.
 */
const MEMORY_SLACK = { factor: 1.1, mib: 32 };
/** Fewer upgrades between the two looks say nothing. */
const FLAT_UPGRADES_LEAST = 50;

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

/** Between what the last process held when it had settled, and at the end. */
export interface Growth {
  readonly upgrades: number;
  /** Negative: it holds less. */
  readonly threads: number;
  readonly descriptors: number;
  readonly memoryMiB: number;
  /** Memory may have grown so much. */
  readonly memoryAllowedMiB: number;
}

/** Null where there are no two looks, or too few upgrades between them. */
export const growthOf = ({ resources }: TrialResult): Growth | null => {
  const [first, last] = resources;
  if (first === undefined || last === undefined) return null;
  const upgrades = last.number - first.number;
  if (upgrades < FLAT_UPGRADES_LEAST) return null;
  return {
    upgrades,
    threads: last.threads - first.threads,
    descriptors: last.descriptors - first.descriptors,
    memoryMiB: last.memoryMiB - first.memoryMiB,
    memoryAllowedMiB: rounded(first.memoryMiB * (MEMORY_SLACK.factor - 1) + MEMORY_SLACK.mib),
  };
};

const isFlat = (growth: Growth): boolean =>
  growth.threads <= 0 && growth.descriptors <= 0 && growth.memoryMiB <= growth.memoryAllowedMiB;

export const verdictOf = (plan: ChurnPlan, result: TrialResult): Verdict => {
  const { tally, wrongPurses, paid, incarnations, auditFindings } = result.outcome;
  const { sent, answered, rejected, rejectedWhileDrained, wrong } = tally;
  const unsettled = sent - answered - rejected - rejectedWhileDrained;
  const expected = incarnationsOf(plan);
  const growth = growthOf(result);
  return {
    lost: unsettled + wrongPurses,
    conserved: wrongPurses === 0 && paid === answered && wrong === 0,
    consistent:
      expected.every((count, i) => count === incarnations[i]) && auditFindings.length === 0,
    flat: growth === null ? null : isFlat(growth),
  };
};

const timesOrNone = (milliseconds: readonly number[]): Times | null =>
  milliseconds.length === 0 ? null : timesOf(milliseconds);

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
    upgradeMs: timesOrNone(samples.flatMap(it => it.upgradesMs)),
    resumeMs: timesOrNone(samples.flatMap(it => it.resumesMs)),
    rejectedByUpgrade: { withoutDrain: tally.rejected, withDrain: tally.rejectedWhileDrained },
    resources,
    growth: growthOf(result),
    ...(outcome.auditFindings.length === 0 ? {} : { auditFindings: outcome.auditFindings }),
  };
};

export const isGood = ({ lost, conserved, consistent, flat }: Verdict): boolean =>
  lost === 0 && conserved && consistent && flat !== false;
