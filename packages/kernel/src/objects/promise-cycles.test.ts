/** Promises that only each other hold, in tables made for the purpose. */
import { FIRST_HEIGHT } from '@heirloom/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import { openTestStore } from '../testing/test-store.js';
import { freeUnreferenced } from './collect.js';
import { release } from './counts.js';
import { CYCLE_PROMISES_MAX, findPromiseCycle } from './promise-cycles.js';
import { makePromise, settle } from './router.js';

let state: KernelState;

beforeEach(async () => {
  state = new KernelState(await openTestStore(), { promiseQueueMax: 10, height: FIRST_HEIGHT });
});

/** Held once, by this test. */
const make = (): KRef =>
  makePromise(state, { decider: KERNEL_DECIDES, subscribers: [], references: 1 });
const resolve = (promise: KRef, ...slots: KRef[]): void =>
  settle(state, promise, { rejected: false, body: new Uint8Array(), slots });
const letGo = (...promises: KRef[]): void => {
  for (const promise of promises) release(state, promise);
  freeUnreferenced(state);
};
const areThere = (promises: readonly KRef[]): boolean[] =>
  promises.map(promise => state.promises.get(promise) !== undefined);

/** Each holds the next, the last the first. */
const makeRing = (length: number): KRef[] => {
  const ring = Array.from({ length }, make);
  ring.forEach((promise, i) => resolve(promise, ring[(i + 1) % length]!));
  return ring;
};

describe('promise cycles', () => {
  test('a promise that holds itself -> goes with its last holder', () => {
    const ring = makeRing(1);
    expect(areThere(ring)).toEqual([true]);
    letGo(...ring);
    expect(areThere(ring)).toEqual([false]);
  });

  test('a ring, let go one by one -> goes with the last', () => {
    const ring = makeRing(3);
    letGo(ring[1]!);
    letGo(ring[0]!);
    expect(areThere(ring)).toEqual([true, true, true]);
    letGo(ring[2]!);
    expect(areThere(ring)).toEqual([false, false, false]);
  });

  test('a ring that a promise holds, and that holds another -> both of them go in time', () => {
    const [before, after] = [make(), make()];
    const ring = makeRing(2);
    const [last] = [make()];
    resolve(last!, ring[0]!, after!, last!);
    resolve(before!, ring[1]!, last!);
    letGo(...ring, last!, after!);
    const all = [before!, ...ring, last!, after!];
    expect(areThere(all)).toEqual(all.map(() => true));
    letGo(before!);
    expect(areThere(all)).toEqual(all.map(() => false));
  });

  test('what is held from outside, among what is not -> stays with what it holds', () => {
    const [outer, inner] = [make(), make()];
    resolve(inner!, inner!);
    resolve(outer!, outer!, inner!);
    letGo(outer!);
    expect(areThere([outer!, inner!])).toEqual([false, true]);
    letGo(inner!);
    expect(areThere([inner!])).toEqual([false]);
  });

  test('an unresolved promise in the data -> no part of a cycle; it loses a holder', () => {
    const [open, ring] = [make(), make()];
    resolve(ring!, ring!, open!);
    letGo(ring!);
    expect(areThere([ring!, open!])).toEqual([false, true]);
    expect(state.promises.need(open!).references).toBe(1);
  });

  test('the same promise twice in the data -> counted twice', () => {
    const [ring] = [make()];
    resolve(ring!, ring!, ring!);
    letGo(ring!);
    expect(areThere([ring!])).toEqual([false]);
  });

  test('as many promises as a search may look at -> gone; one more -> they stay', () => {
    const least = makeRing(CYCLE_PROMISES_MAX);
    letGo(...least);
    expect(areThere(least).filter(Boolean)).toEqual([]);
    const most = makeRing(CYCLE_PROMISES_MAX + 1);
    letGo(...most);
    expect(findPromiseCycle(state, most[0]!)).toEqual([]);
    expect(areThere(most).filter(Boolean).length).toBe(CYCLE_PROMISES_MAX + 1);
  });
});
