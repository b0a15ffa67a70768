/**
 * Whether the model of test/objects/model is right: SwingSet's own liveslots must give what it
 * says. HEIRLOOM_SEED=n repeats a run.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nextStep, readAll } from '../models/objects/steps.js';
import { Things } from '../models/objects/things.js';
import { VAT } from '../models/objects/vat-code.js';
import { seededRandom } from '../support/suite/random.js';
import { SwingSetVats } from './swingset-workbench.js';
import type { Step } from '../models/objects/steps.js';
import type { Random } from '../support/suite/random.js';

const PROGRAMS = 12;
const CRANKS = 30;
const STEPS = 10;

const vats = new SwingSetVats();
beforeAll(() => vats.open());
afterAll(() => vats.close());

/** As values come from the other process. */
const shown = (value: unknown): unknown => {
  if (typeof value === 'symbol') return { symbol: String(value) };
  return Array.isArray(value) ? value.map(shown) : value;
};

const compare = async (vat: string, steps: readonly Step[]): Promise<void> => {
  const code = steps.map(step => `() => ${step.code}`).join(',\n');
  const given = (await vats.run(vat, `[${code}].map(attempt)`)) as readonly unknown[];
  expect(given).toEqual(steps.map(({ expected }) => shown(expected)));
};

const runProgram = async (random: Random): Promise<void> => {
  const things = new Things();
  const vat = await vats.start();
  await vats.run(vat, `${VAT}; 0`);
  for (let crank = 0; crank < CRANKS; crank += 1) {
    const steps = Array.from({ length: STEPS }, () => nextStep(random, things));
    await compare(vat, steps.filter(step => step !== undefined));
  }
  await compare(vat, readAll(things));
};

const same = `the model, ${PROGRAMS} programs -> what SwingSet gives`;
test(same, { tags: ['thorough'] }, async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`reference/model.test: HEIRLOOM_SEED=${seed}`);
  for (let program = 0; program < PROGRAMS; program += 1) {
    await runProgram(seededRandom(seed + program)).catch((error: unknown) => {
      throw new Error(`HEIRLOOM_SEED=${seed}, program ${program}`, { cause: error });
    });
  }
});
