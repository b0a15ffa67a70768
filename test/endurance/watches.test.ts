/** The model of `npm run kills:watches` notices what it is for. */
import { expect, test } from 'vitest';
import { Watches, type Heard } from './watches.js';

type Told = Map<number, [how: 'resolve' | 'reject', of: string][]>;

/** All that a model wants to be told by its end, found by asking it. */
const heardBy = (watches: Watches, change: (told: Told) => unknown): Heard => {
  const told: Told = new Map();
  const wanted = new Map<number, string | undefined>();
  const resolved = new Map<string, 'resolve' | 'reject'>();
  const note = (calls: ReturnType<Watches['next']>): void => {
    for (const call of calls.flat()) {
      if (call.op === 'settle') resolved.set(call.name, call.how);
      if (call.op !== 'watch' && call.op !== 'watchOwn') continue;
      const name = call.op === 'watch' ? call.name : undefined;
      for (const [number] of call.watches) wanted.set(number, name);
    }
  };
  for (let block = 0; block < 5; block += 1) note(watches.next());
  note(watches.end());
  for (const [number, name] of wanted) {
    told.set(number, [
      name === undefined ? ['reject', 'vatUpgraded'] : [resolved.get(name)!, name],
    ]);
  }
  change(told);
  return [...told];
};

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

const compared = (seed: number, change: (told: Told) => unknown) => (): void => {
  const watches = new Watches(seed);
  watches.compare(heardBy(watches, change));
};

test.each(SEEDS)('watches: each told once, in the end (seed %i) -> nothing is wrong', seed => {
  expect(compared(seed, () => undefined)).not.toThrow();
});

const WRONG: readonly (readonly [string, (told: Told) => unknown, string])[] = [
  ['one was never told', told => told.delete(0), 'watch 0 of aged.*never told'],
  ['one was told twice', told => told.get(1)!.push(told.get(1)![0]!), 'told 2 times'],
  ['one was told of another', told => (told.get(0)![0]![1] = 'p99'), 'of p99'],
  ['one that nobody has made', told => told.set(99, []), 'nobody has made.*99'],
];

test.each(WRONG)('watches: %s -> said', (_what, change, text) => {
  expect(compared(4, change)).toThrow(new RegExp(text));
});

test('watches: told before its promise settles -> said', () => {
  const seeds = Array.from({ length: 100 }, (_, seed) => seed);
  const early = seeds.flatMap(seed => {
    const watches = new Watches(seed);
    const [call, ...others] = watches.next().flat();
    const isQuiet = others.every(({ op }) => op !== 'settle');
    return isQuiet && call?.op === 'watch' ? [{ watches, name: call.name }] : [];
  });
  expect(early).not.toEqual([]);
  for (const { watches, name } of early) {
    expect(() => watches.compare([[0, [['resolve', name]]]])).toThrow('watch 0 of');
    expect(() => watches.compare([[0, [['resolve', name]]]])).toThrow('told too early');
  }
});
