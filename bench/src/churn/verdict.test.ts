/** What may be said of growth, by what the last process held at two moments. */
import { describe, expect, test } from 'vitest';
import type { Resources, Tally } from './messages.js';
import { killsOf, lastKillableOf, type ChurnPlan } from './plan.js';
import { rowsOf } from './table.js';
import type { TrialResult } from './trial.js';
import { growthOf, isGood, recordOf, verdictOf } from './verdict.js';

const PLAN: ChurnPlan = { seed: 1, banks: 4, drivers: 2, purses: 10, rounds: 0 };
const TALLY: Tally = { sent: 9, answered: 9, rejected: 0, rejectedWhileDrained: 0, wrong: 0 };
const HELD: Resources = { threads: 20, descriptors: 90, memoryMiB: 300 };

/** A trial in which nothing was lost. */
const resultWith = (resources: TrialResult['resources']): TrialResult => ({
  outcome: {
    ...{ tally: TALLY, wrongPurses: 0, paid: 9, auditFindings: [] },
    incarnations: [0, 0, 0, 0, 0, 0],
  },
  ...{ samples: [], kills: [], killedAtMs: [], seconds: 3, resources },
});

const grown = (upgrades: number, end: Partial<Resources>): TrialResult =>
  resultWith([{ number: 140, ...HELD }, { number: 140 + upgrades, ...HELD, ...end }]);

describe('churn, verdict on growth:', () => {
  const cases: readonly (readonly [what: string, TrialResult, flat: boolean | null])[] = [
    ['no look', resultWith([]), null],
    ['one look', resultWith([{ number: 140, ...HELD }]), null],
    ['the same after 49 upgrades', grown(49, {}), null],
    ['a thread more after 49 upgrades', grown(49, { threads: 21 }), null],
    ['the same after 50 upgrades', grown(50, {}), true],
    ['less of everything', grown(60, { threads: 19, descriptors: 80, memoryMiB: 200 }), true],
    ['a thread more', grown(60, { threads: 21 }), false],
    ['a descriptor more', grown(60, { descriptors: 91 }), false],
    // A tenth of what it held, and 32 MiB.
    ['memory that V8 may have kept', grown(60, { memoryMiB: 362 }), true],
    ['more memory than that', grown(60, { memoryMiB: 363 }), false],
  ];
  test.each(cases)('%s -> flat as expected', (_what, result, flat) => {
    const verdict = verdictOf(PLAN, result);
    expect(verdict).toMatchObject({ lost: 0, conserved: true, consistent: true, flat });
    // Too short a run fails nothing, and claims nothing.
    expect(isGood(verdict)).toBe(flat !== false);
    const text = rowsOf(PLAN, result).at(-1)!.join(' ');
    const said = { true: /yes over \d+ upgr/, false: /NO over \d+ upgr/, null: /cannot say/ };
    expect(text).toMatch(said[`${flat}`]);
  });

  test('a verdict -> the upgrades that it is over and the growth that it allows', () => {
    const growth = {
      ...{ upgrades: 60, threads: 0, descriptors: -2, memoryMiB: 12 },
      memoryAllowedMiB: 62,
    };
    const result = grown(60, { descriptors: 88, memoryMiB: 312 });
    expect(growthOf(result)).toEqual(growth);
    expect(recordOf(PLAN, result)).toMatchObject({ flat: true, growth });
    expect(rowsOf(PLAN, result).at(-1)!.join(' ')).toContain('memory +12 MiB, +62 allowed');
  });

  test('the last process -> half of the rounds, or 180 where three quarters are enough', () => {
    const cases = [[2_000, 1_000], [400, 200], [300, 120], [240, 60], [239, 120], [30, 15]];
    for (const [rounds, last] of cases) {
      const plan = { ...PLAN, rounds: rounds! };
      expect(lastKillableOf(plan), `${rounds} rounds`).toBe(last);
      const kills = [...killsOf(plan, 3, 100).keys()];
      expect(kills).toHaveLength(3);
      for (const kill of kills) expect(kill).toBeLessThanOrEqual(last!);
    }
  });
});
