/** Inputs that wait are taken in order, each when what those before have set in motion is done. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FIRST_HEIGHT, type Steps } from '@heirloom/store';
import { beforeEach, expect, test } from 'vitest';
import { asShortOrInTurns } from '../base/giving-way.js';
import { KernelState } from '../state/kernel-state.js';
import { promiseKRef } from '../state/krefs.js';
import { openTestStore } from '../testing/test-store.js';
import { Inputs, silentInput, vatsInput } from './inbox.js';
import type { KernelCore } from './kernel-core.js';

const STEPS = 1_000;

let state: KernelState;
let inputs: Inputs;
/** What was done, in order; `turn`: others had theirs. */
let done: string[];
/** Who waits for the answers of vats. */
const answers: ((value: unknown) => void)[] = [];
/** What the host does in its turns. */
let inTurn: () => void;

/** A core that has a state and runs nothing. */
const coreOf = (): KernelCore => {
  let now = 0;
  const clock = {
    nowMs: () => (now += 10),
    nextTurn: async () => {
      if (done.at(-1) !== 'turn') done.push('turn');
      inTurn();
    },
  };
  const core = {
    ...{ state, assertAlive: () => undefined, engine: { assertFits: () => undefined } },
    results: {
      whenDurable: async () => undefined,
      ofInput: async (n: number) => `of ${n}`,
      wait: () => new Promise(resolve => answers.push(resolve)),
    },
    doDeferred: async () => asShortOrInTurns(state.doingDeferred(), clock),
    stop: (error: unknown) => error,
  };
  return core as unknown as KernelCore;
};

function* working(name: string): Steps<void> {
  for (let step = 0; step < STEPS; step += 1) yield;
  done.push(`${name} is done`);
}

/** An input that sets something long in motion. */
const add = (name: string): void => {
  const input = silentInput(() => {
    done.push(name);
    state.defer(working(name));
  });
  inputs.add(input, true);
};

beforeEach(async () => {
  state = new KernelState(await openTestStore(), { promiseQueueMax: 10, height: FIRST_HEIGHT });
  [done, inTurn] = [[], () => undefined];
  inputs = new Inputs(coreOf(), { bytesMax: Infinity });
});

const IN_ORDER = ['a', 'a is done', 'b', 'b is done', 'c'];

test('inputs: taken at a stretch -> each when those before it are done', () => {
  for (const name of ['a', 'b', 'c']) add(name);
  inputs.takeAll();
  expect(done).toEqual(IN_ORDER);
});

test('inputs: taken in turns -> the same; others have theirs, what they add waits', async () => {
  for (const name of ['a', 'b', 'c']) add(name);
  const asked: Promise<unknown>[] = [];
  inTurn = () => {
    if (asked.length > 0) return;
    asked.push(inputs.resultOf(3));
    add('late');
  };
  await inputs.takeInTurns(inputs.lastCalled);
  expect(done).toEqual(['a', 'turn', 'a is done', 'b', 'turn', 'b is done', 'c']);
  expect(inputs.waiting).toBe(1);
  expect(await Promise.all(asked)).toEqual(['of 3']);
  await inputs.takeInTurns(inputs.lastCalled);
  expect(done.slice(-3)).toEqual(['turn', 'c is done', 'late']);
});

test('inputs: one fails to be taken -> it and those behind it are refused', async () => {
  const failure = Error('broken');
  const broken = silentInput(() => {
    throw failure;
  });
  const results = [broken, silentInput(() => undefined)].map(it => inputs.add(it, true).result);
  await expect(inputs.takeInTurns(inputs.lastCalled)).rejects.toBe(failure);
  for (const result of results) await expect(result).rejects.toBe(failure);
  expect(inputs.waiting).toBe(0);
});

/** Of a message: its data, which only the input and the run queue have. */
const addMessage = (): [data: WeakRef<Uint8Array>, result: Promise<unknown>] => {
  const data = new Uint8Array(1_000);
  const promise = promiseKRef(40);
  const input = vatsInput(() => (data.length > 0 ? promise : undefined), [], data.length);
  const { result } = inputs.add(input, false);
  return [new WeakRef(data), result];
};

test('a message that was taken and waits for its answer -> its data is not kept', async () => {
  const [data, result] = addMessage();
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  await new Promise(resolve => setImmediate(resolve));
  gc();
  expect(data.deref()).toBeUndefined();
  answers[0]?.('answered');
  expect(await result).toBe('answered');
});
