/** Long work gives way; the clock here goes by how often it is looked at. */
import type { Steps } from '@heirloom/store';
import { expect, test } from 'vitest';
import { asShortOrInTurns, inTurns, Turn } from './giving-way.js';

/** Milliseconds between two looks at the clock. */
const clockOf = (millisecondsALook: number) => {
  let now = 0;
  let turns = 0;
  return {
    nowMs: () => (now += millisecondsALook),
    nextTurn: () => {
      turns += 1;
      return Promise.resolve();
    },
    get turns() {
      return turns;
    },
  };
};

function* counting(steps: number): Steps<string> {
  for (let n = 0; n < steps; n += 1) yield;
  return `${steps} steps`;
}

test('giving way: work that is short -> at once, without a turn', () => {
  const clock = clockOf(0);
  expect(asShortOrInTurns(counting(100_000), clock)).toBe('100000 steps');
  expect(clock.turns).toBe(0);
});

test('giving way: few steps, whatever the clock says -> at once', () => {
  expect(asShortOrInTurns(counting(30), clockOf(1_000))).toBe('30 steps');
});

test('giving way: a few steps that are long -> turns for others', async () => {
  const clock = clockOf(10);
  function* long(): Steps<string> {
    for (let n = 0; n < 10; n += 1) yield 100;
    return 'done';
  }
  expect(await asShortOrInTurns(long(), clock)).toBe('done');
  expect(clock.turns).toBeGreaterThan(2);
});

test('giving way: work that is long -> turns for others, the same in the end', async () => {
  const clock = clockOf(10);
  const done = asShortOrInTurns(counting(1_000), clock);
  expect(done).toBeInstanceOf(Promise);
  expect(await done).toBe('1000 steps');
  expect(clock.turns).toBeGreaterThan(100);
});

test('giving way: what is thrown, early or late -> thrown at once, or rejected', async () => {
  function* failing(steps: number): Steps<never> {
    yield* counting(steps);
    throw Error('no');
  }
  expect(() => asShortOrInTurns(failing(1), clockOf(10))).toThrow('no');
  await expect(asShortOrInTurns(failing(1_000), clockOf(10))).rejects.toThrow('no');
});

test('giving way: in turns from the first step on -> as the clock says', async () => {
  const clock = clockOf(20);
  expect(await inTurns(counting(10), clock)).toBe('10 steps');
  expect(clock.turns).toBe(10);
});

test('giving way: many short parts -> a turn for others, as the clock says', async () => {
  const clock = clockOf(5);
  const turn = new Turn(clock);
  const ends = Array.from({ length: 3 }, () => turn.end());
  expect(ends).toEqual([undefined, undefined, undefined]);
  await turn.end();
  expect([clock.turns, turn.end()]).toEqual([1, undefined]);
});
