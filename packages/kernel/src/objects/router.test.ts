/** What one settlement sets in motion may be long: it is done in steps, and so is a refusal. */
import { FIRST_HEIGHT, type Steps } from '@heirloom/store';
import { FIRST_VAT, ROOT_VREF } from '@heirloom/worker';
import { beforeEach, expect, test } from 'vitest';
import { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KERNEL_DECIDES, NOBODY_DECIDES } from '../state/parties.js';
import { PromiseState } from '../state/schema.js';
import { openTestStore } from '../testing/test-store.js';
import { kernelData, SlotMark } from './kernel-data.js';
import { makeObject, makePromise, send, sending, settling } from './router.js';

const WAITING = 200;
const BODY = new Uint8Array();

let state: KernelState;

beforeEach(async () => {
  const options = { promiseQueueMax: WAITING, height: FIRST_HEIGHT };
  state = new KernelState(await openTestStore(), options);
});

const make = (): KRef =>
  makePromise(state, { decider: KERNEL_DECIDES, subscribers: [], references: 1 });
/** The result of a message, held by whoever asks and by the message. */
const makeResult = (): KRef =>
  makePromise(state, { decider: NOBODY_DECIDES, subscribers: [], references: 2 });

const count = (steps: Steps<void>): number => {
  let n = 0;
  while (steps.next().done !== true) n += 1;
  return n;
};

const stateOf = (promise: KRef): PromiseState | undefined => state.promises.get(promise)?.state;
const REJECTION = { rejected: true, body: BODY, slots: [] };

test('settlement: of a promise with a long queue -> a step for each message', () => {
  const promise = make();
  for (let n = 0; n < WAITING; n += 1) {
    send(state, { target: promise, body: BODY, slots: [], result: undefined });
  }
  expect(count(settling(state, promise, REJECTION))).toBe(WAITING);
});

test('settlement: undone with its crank -> what it has moved does not count', () => {
  const [first, second, third] = [make(), make(), make()];
  const MEGABYTES = 2 ** 20;
  state.sender = FIRST_VAT;
  for (const [target, size] of [[first, 40], [second, 30], [third, 30]] as const) {
    const body = new Uint8Array(size * MEGABYTES);
    send(state, { target, body, slots: [], result: undefined });
  }
  state.sender = undefined;
  state.endCrank();
  const object = makeObject(state, FIRST_VAT, ROOT_VREF);
  const settlement = { rejected: false, ...kernelData(new SlotMark(object)) };
  const mark = state.mark();
  count(settling(state, first, settlement));
  expect(state.movedBytes.of(FIRST_VAT)).toBe(40 * MEGABYTES);
  state.journal.rollback(mark);
  expect(state.movedBytes.of(FIRST_VAT)).toBe(0);
  for (const promise of [second, third]) count(settling(state, promise, settlement));
  expect(state.queue.length).toBe(2);
});

test('refusal: a chain of messages to results of each other -> a step for each', () => {
  const promise = make();
  const results: KRef[] = [];
  for (let target = promise; results.length < WAITING; target = results.at(-1)!) {
    results.push(makeResult());
    send(state, { target, body: BODY, slots: [], result: results.at(-1)! });
  }
  expect(count(settling(state, promise, REJECTION))).toBe(WAITING);
  const [rejected] = [...new Set(results.map(stateOf))];
  expect(rejected).toBe(PromiseState.rejected);
});

test('refusal: of a message to a rejected promise -> what waits on its result, too', () => {
  const promise = make();
  count(settling(state, promise, REJECTION));
  const result = makeResult();
  for (let n = 0; n < WAITING; n += 1) {
    send(state, { target: result, body: BODY, slots: [], result: undefined });
  }
  const message = { target: promise, body: BODY, slots: [], result };
  expect(count(sending(state, message))).toBe(WAITING);
});
