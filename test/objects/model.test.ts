/**
 * Random operations on kinds and collections of a vat, in several incarnations, against a model
 * that keeps plain values in plain lists (./model).
 *
 * Kinds of one facet and kits, all four stores, durable and virtual; objects of other vats; state,
 * entries, patterns, iteration with changes; upgrades that succeed, upgrades that fail, restarts.
 * HEIRLOOM_SEED=n repeats a run. The same without a kernel, with fast-check:
 * packages/worker/src/liveslots/model.test.ts.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../models/random.js';
import { useWorkbenches } from '../support/workbench.js';
import type { Random } from '../models/random.js';
import type { Workbench } from '../support/workbench.js';
import { nextStep, readAll } from './model/steps.js';
import { Things } from './model/things.js';
import type { Step } from './model/steps.js';

const PROGRAMS = 6;
const CRANKS = 50;
const STEPS_MAX = 12;
const CHANCE = { upgrade: 0.08, failure: 0.04, restart: 0.02 };
const IMPORTS = 4;

/** Objects by number, in registries that are stores themselves; what a step gives, as the model. */
const VAT = `
  const provide = (name, make) => {
    if (!baggage.has(name)) baggage.init(name, make());
    return baggage.get(name);
  };
  const handle = name => provide(name, () => VatData.makeKindHandle(name));
  const init = (p, q, r) => harden({ p, q, r });
  const get = ({ state }, name) => state[name];
  const set = ({ state }, name, value) => { state[name] = value; };
  const facet = ({ facets }, name) => facets[name];
  const [one, kit] = [{ get, set }, { a: { get, set, facet }, b: { get, facet } }];
  const makers = {
    one: [VatData.defineKind('one', init, one),
      VatData.defineDurableKind(handle('one'), init, one)],
    kit: [VatData.defineKindMulti('kit', init, kit),
      VatData.defineDurableKindMulti(handle('kit'), init, kit)],
  };
  const registries = [VatData.makeScalarBigMapStore('objects'),
    provide('objects', () => VatData.makeScalarBigMapStore('objects', { durable: true }))];
  const names = new WeakMap();
  const held = new Map();
  const name = (id, it) => {
    if (it.facet === undefined) names.set(it, ['ref', id, '']);
    else for (const facet of ['a', 'b']) names.set(it.facet(facet), ['ref', id, facet]);
  };
  for (const [id, it] of registries[1].entries()) name(id, it);
  const create = (type, isDurable, fields) => {
    if (type === 'far') return Far('far', {});
    if (makers[type] === undefined) {
      return VatData['makeScalarBig' + type](type, { durable: isDurable });
    }
    const made = makers[type][Number(isDurable)](...fields);
    return made.a ?? made;
  };
  const keep = (id, isDurable, it) => {
    registries[Number(isDurable)].init(id, it);
    name(id, it);
  };
  Object.assign(globalThis, {
    make: (id, type, isDurable, fields) => keep(id, isDurable, create(type, isDurable, fields)),
    import: (id, it) => keep(id, true, it),
    o: (id, facet) => {
      const it = registries[registries[1].has(id) ? 1 : 0].get(id);
      return facet && it.facet !== undefined ? it.facet(facet) : it;
    },
    hold: (id, isHeld) => { if (isHeld) held.set(id, o(id)); else held.delete(id); },
    shown: it => {
      if (Array.isArray(it)) return ['list', ...it.map(shown)];
      return passStyleOf(it) === 'remotable' ? names.get(it) : it;
    },
    attempt: step => {
      try {
        return shown(harden(step()));
      } catch ({ message }) {
        return ['refused', ['not durable', 'not found', 'already registered', 'cannot be added']
          .find(text => message.includes(text)) ?? message];
      }
    },
  });
`;

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

test(`random operations, ${PROGRAMS} programs -> what plain lists hold`, async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`model.test: HEIRLOOM_SEED=${seed}`);
  for (let program = 0; program < PROGRAMS; program += 1) {
    try {
      await runProgram(seededRandom(seed + program));
    } catch (error) {
      throw new Error(`HEIRLOOM_SEED=${seed}, program ${program}`, { cause: error });
    }
  }
}, 120_000);
