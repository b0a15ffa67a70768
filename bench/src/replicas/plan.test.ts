/** The plan of the bench `replicas`: a function of its seed, and possible to carry out. */
import { describe, expect, test } from 'vitest';
import { makePlan, type PlanBlock, type PlanInput, type PlanValue } from './plan.js';

const OPTIONS = { seed: 1, blocks: 200, vats: 4 };
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

const inputsOf = ({ first, parts }: PlanBlock): PlanInput[] => [
  ...(first === undefined ? [] : [first]),
  ...parts.flatMap(({ inputs }) => inputs),
];

const rootsIn = (value: PlanValue): string[] => {
  if (typeof value !== 'object') return [];
  return 'rootOf' in value ? [value.rootOf] : value.flatMap(rootsIn);
};

const mentionedBy = (input: PlanInput): string[] => {
  if (input.type === 'create') return [];
  if (input.type === 'fork') return [input.from];
  return [input.vat, ...(input.type === 'send' ? input.args.flatMap(rootsIn) : [])];
};

const endsVat = (input: PlanInput): boolean =>
  input.type === 'terminate' ||
  (input.type === 'send' && (input.method === 'leave' || input.method === 'fault'));

describe('plan', () => {
  test('the same seed -> the same plan; another -> another', () => {
    expect(makePlan(OPTIONS)).toEqual(makePlan(OPTIONS));
    expect(makePlan({ ...OPTIONS, seed: 2 })).not.toEqual(makePlan(OPTIONS));
  });

  test('a shorter plan -> the beginning of the longer one', () => {
    expect(makePlan({ ...OPTIONS, blocks: 50 })).toEqual(makePlan(OPTIONS).slice(0, 50));
  });

  test.each(SEEDS)('seed %i -> vats are named between a full run and what may end them', seed => {
    const running = new Set<string>();
    const coming = new Set<string>();
    for (const block of makePlan({ ...OPTIONS, seed })) {
      for (const input of inputsOf(block)) {
        for (const name of mentionedBy(input)) expect(running).toContain(name);
        if (endsVat(input)) running.delete(input.vat);
        const isMade = input.type === 'create' || input.type === 'fork';
        if (isMade && input.parameters.fail === undefined) coming.add(input.vat);
      }
      if (Object.keys(block.parts.at(-1)!.run).length > 0) continue;
      for (const name of coming) running.add(name);
      coming.clear();
    }
  });

  test('200 blocks -> inputs are numbered through; everything occurs', () => {
    const plan = makePlan(OPTIONS);
    let last = 1;
    for (const block of plan) {
      last += 1 + inputsOf(block).length;
      expect(block.lastInput).toBe(last);
    }
    const inputs = plan.flatMap(inputsOf);
    const methods = new Set(inputs.flatMap(it => (it.type === 'send' ? [it.method] : [])));
    expect([...methods].sort()).toEqual([
      ...['delegate', 'dismiss', 'fault', 'hire', 'hold', 'leave', 'lose', 'make', 'offer'],
      ...['poke', 'promote', 'relink', 'settle', 'sleep', 'trim', 'walk', 'weigh'],
    ]);
    const upgrades = inputs.filter(it => it.type === 'upgrade');
    const failing = new Set(upgrades.map(({ parameters }) => parameters.fail));
    expect(failing).toEqual(new Set([undefined, 'throw', 'never', 'plain', 'unclaimed']));
    expect(plan.some(({ first }) => first !== undefined)).toBe(true);
    expect(inputs.some(({ type }) => type === 'terminate')).toBe(true);
    expect(plan.some(({ parts }) => parts.length > 1)).toBe(true);
  });
});
