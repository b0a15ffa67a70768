/**
 * What happens in each round of the churn: a pure function of seed and number, so that a process
 * that was killed in a round does the very same when it is started again.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { memberAt } from '../member.js';

/** One upgrade in so many fails on purpose. */
const FAILURE_EVERY = 10;
/** The first waves of a round, before the upgrade is queued, and those after it, at most. */
const WAVES_BEFORE_MAX = 3;
const WAVES_AFTER = { least: 2, most: 6 };
/** Of a driver in a round. */
const PAID_AT_ONCE = 40;
const PAID_BEHIND = 10;
/** The last process shows growth if it has so many rounds: all but a quarter may be its. */
const LAST_ROUNDS_LEAST = 180;
/** Rounds of one seed are far apart in the generator's seeds. */
const SEED_STEP = 0x9e3779b1;

/** As in bench/vats/churn-failures.js; the last one throws while its bundle is evaluated. */
const FAILURES = [
  ...['throws', 'rejects', 'hangs', 'isNotFar', 'forgetsKinds', 'exits', 'throwsLate'],
  'doesNotEvaluate',
] as const;
type Failure = (typeof FAILURES)[number];

export interface ChurnPlan {
  readonly seed: number;
  readonly banks: number;
  readonly drivers: number;
  readonly purses: number;
  readonly rounds: number;
}

export interface Round {
  /** The vat that is upgraded: banks come first, then drivers. */
  readonly target: number;
  readonly failure: Failure | undefined;
  readonly wavesBefore: number;
  readonly wavesAfter: number;
  readonly paidAtOnce: number;
  readonly paidBehind: number;
}

export const roundOf = ({ seed, banks, drivers }: ChurnPlan, number: number): Round => {
  const random = xoroshiro128plus(Math.imul(seed, SEED_STEP) + number);
  const below = (count: number): number => uniformInt(random, 0, count - 1);
  const target = below(banks + drivers);
  const fails = below(FAILURE_EVERY) === 0;
  return {
    target,
    failure: fails ? FAILURES[below(FAILURES.length)] : undefined,
    wavesBefore: below(WAVES_BEFORE_MAX + 1),
    wavesAfter: uniformInt(random, WAVES_AFTER.least, WAVES_AFTER.most),
    paidAtOnce: PAID_AT_ONCE,
    paidBehind: PAID_BEHIND,
  };
};

/** The last round before the last process begins: half of them, fewer in a short run. */
export const lastKillableOf = ({ rounds }: ChurnPlan): number => {
  const half = Math.ceil(rounds / 2);
  const rest = rounds - LAST_ROUNDS_LEAST;
  return rest * 4 >= rounds ? Math.min(half, rest) : half;
};

/** How many upgrades of a vat succeed in all rounds: its incarnation number at the end. */
export const incarnationsOf = (plan: ChurnPlan): number[] => {
  const counts = Array.from({ length: plan.banks + plan.drivers }, () => 0);
  for (let number = 1; number <= plan.rounds; number += 1) {
    const { target, failure } = roundOf(plan, number);
    if (failure === undefined) counts[target] = memberAt(counts, target) + 1;
  }
  return counts;
};

/**
 * The rounds in which the process is killed, and how long after the round began: none of the last
 * process, so that it lives long enough to show what grows.
 */
export const killsOf = (
  plan: ChurnPlan,
  kills: number,
  delayMsMax: number,
): Map<number, number> => {
  const random = xoroshiro128plus(Math.imul(plan.seed, SEED_STEP) - 1);
  const last = Math.max(1, Math.min(lastKillableOf(plan), Math.floor(plan.rounds / 2)));
  const chosen = new Map<number, number>();
  for (let kill = 0; kill < kills; kill += 1) {
    const from = Math.floor((kill * last) / kills) + 1;
    const to = Math.max(from, Math.floor(((kill + 1) * last) / kills));
    const number = uniformInt(random, from, to);
    chosen.set(number, uniformInt(random, 0, delayMsMax));
  }
  return chosen;
};
