/**
 * Random operations on kinds and collections of a vat, in several incarnations, against a model
 * that keeps plain values in plain lists (./model).
 *
 * Kinds of one facet and kits, all four stores, durable and virtual; objects of other vats; state,
 * entries, patterns, iteration with changes; upgrades that succeed, upgrades that fail, restarts.
 * HEIRLOOM_SEED=n repeats a run. Without a kernel, with fast-check: model.test.ts of liveslots.
 * Whether the model is right: test/reference/objects.model.test.ts asks SwingSet.
 *
 * @module-tag sized
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../support/suite/random.js';
import { amount } from '../support/suite/amounts.js';
import { useWorkbenches } from '../support/drivers/workbench.js';
import type { Random } from '../support/suite/random.js';
import type { Workbench } from '../support/drivers/workbench.js';
import { nextStep, readAll } from '../models/objects/steps.js';
import { Things } from '../models/objects/things.js';
import { VAT } from '../models/objects/vat-code.js';
import type { Step } from '../models/objects/steps.js';

const PROGRAMS = amount({ quick: 1, thorough: 4 });
const CRANKS = 50;
const STEPS_MAX = 12;
const CHANCE = { upgrade: 0.08, failure: 0.04, restart: 0.02 };
const IMPORTS = 4;

const benches = useWorkbenches();

const compare = async (bench: Workbench, steps: readonly Step[]): Promise<void> => {
  const code = steps.map(step => `() => ${step.code}`).join(',\n');
  const given = (await bench.run(`[${code}].map(attempt)`)) as readonly unknown[];
  expect(given.map((outcome, i) => [steps[i]!.code, outcome])).toEqual(
    steps.map(step => [step.code, step.expected]),
  );
};

const someSteps = (random: Random, things: Things): readonly Step[] => {
  const steps: Step[] = [];
  const count = 1 + random.below(STEPS_MAX);
  for (let i = 0; i < count; i += 1) {
    const step = nextStep(random, things);
    if (step !== undefined) steps.push(step);
  }
  return steps;
};

const runProgram = async (random: Random): Promise<void> => {
  const things = new Things();
  const bench = await benches.make(VAT);
  const other = await benches.make();
  const imports = await other.run(`Array.from({ length: ${IMPORTS} }, () => Far('far', {}))`);
  const ids = Array.from({ length: IMPORTS }, () => things.add('import', true).id);
  await bench.run('args[0].forEach((id, i) => globalThis.import(id, args[1][i]))', [ids, imports]);
  for (let crank = 0; crank < CRANKS; crank += 1) {
    await compare(bench, someSteps(random, things));
    if (random.chance(CHANCE.failure)) {
      const late = `${VAT} make(0, 'one', true, [1, 2, 3]); throw Error('too late');`;
      expect(await bench.failedUpgrade(late)).toBe('Error: too late');
    }
    if (random.chance(CHANCE.restart)) await benches.restart();
    if (!random.chance(CHANCE.upgrade)) continue;
    await bench.upgrade(VAT);
    things.upgrade();
    await compare(bench, readAll(things));
  }
  await compare(bench, readAll(things));
  await Promise.all([bench.terminate(), other.terminate()]);
};

test(`random operations, programs: ${PROGRAMS} -> what plain lists hold`, async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`model.test: HEIRLOOM_SEED=${seed}`);
  for (let program = 0; program < PROGRAMS; program += 1) {
    try {
      await runProgram(seededRandom(seed + program));
    } catch (error) {
      throw new Error(`HEIRLOOM_SEED=${seed}, program ${program}`, { cause: error });
    }
  }
});

benches.testRepetition();
