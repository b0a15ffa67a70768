/**
 * The bench `churn`, smaller: upgrades without end, some of which fail, of vats under load, in a
 * process that is killed now and then. Nothing is lost.
 */
import { runTrial, verdictOf, type ChurnPlan } from '@heirloom/bench/churn';
import { expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { bundleOf } from '../support/bundles/fixtures.js';
import { freshDirectory, isolation } from '../support/kernels/fresh-kernels.js';

const SEED = Number(process.env['HEIRLOOM_SEED'] ?? 1);
const PLAN: ChurnPlan = amount({
  quick: { seed: SEED, banks: 2, drivers: 1, purses: 40, rounds: 8 },
  thorough: { seed: SEED, banks: 4, drivers: 2, purses: 40, rounds: 30 },
});
const KILLS = amount({ quick: 1, thorough: 2 });
/** More than a deposit takes: see `depositBehind` of the bank. */
const DRAIN_WAVES = 8;

const title = `churn: ${PLAN.rounds} upgrades, kills: ${KILLS} -> every answered deposit counts`;
test(title, { tags: ['sized'] }, async () => {
  const directory = await freshDirectory();
  let rounds = 0;
  const advance = (): void => void (rounds += 1);
  const how = { kills: KILLS, drainWaves: DRAIN_WAVES, isolation, bundle: bundleOf };
  const result = await runTrial({ directory, plan: PLAN, ...how, advance });
  expect(verdictOf(PLAN, result), `HEIRLOOM_SEED=${SEED}`).toMatchObject({
    lost: 0,
    conserved: true,
    consistent: true,
  });
  const { tally, auditFindings } = result.outcome;
  expect(auditFindings).toEqual([]);
  expect(result.kills).toHaveLength(KILLS);
  // A round whose process was killed after its block was durable is not told.
  expect(rounds).toBeGreaterThanOrEqual(PLAN.rounds - KILLS);
  expect(tally.answered).toBeGreaterThan(0);
  const rejected = tally.rejected + tally.rejectedWhileDrained;
  expect(tally.answered + rejected).toBe(tally.sent);
  // Upgrades have met deposits that were under way; those that drained their vat first, waited.
  expect(tally.rejected).toBeGreaterThan(0);
  expect(tally.rejectedWhileDrained).toBe(0);
});
