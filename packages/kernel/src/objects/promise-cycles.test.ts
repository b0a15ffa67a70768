/** Promises that only each other hold, in tables made for the purpose. */
import { FIRST_HEIGHT, heightAfter, tangleKey } from '@heirloom/store';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import { SearchPhase } from '../state/tangle.js';
import { openTestStore } from '../testing/test-store.js';
import { hold, release } from './counts.js';
import { freeUnreferenced } from './freeing.js';
import { GarbageWork } from './garbage-work.js';
import { CYCLE_PROMISES_MAX } from './promise-cycles.js';
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
/** Of one step: little, so that searches have several. */
const WORK = 500;
const LONG = { tags: ['thorough'] };

/** Steps until nothing is left to do; returns how many. */
const freeAll = (work = WORK): number => {
  for (let steps = 1; ; steps += 1) {
    freeUnreferenced(state, new GarbageWork(work));
    if (!state.hasGarbageLeft) return steps;
  }
};
const letGo = (...promises: KRef[]): number => {
  for (const promise of promises) release(state, promise);
  return freeAll(Math.max(WORK, promises.length));
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

  /** One step of a search. */
  const step = (): void => freeUnreferenced(state, new GarbageWork(1));

  test('a crank of a search in progress is undone -> the search knows nothing of it', () => {
    const [a, b] = makeRing(2);
    hold(state, b!);
    for (const promise of [a!, b!]) release(state, promise);
    while (state.tangle.size < 2) step();
    step();
    expect(state.tangle.phase).toBe(SearchPhase.members);
    state.endCrank();
    const mark = state.mark();
    release(state, b!);
    state.journal.rollback(mark);
    freeAll();
    expect(areThere([a!, b!])).toEqual([true, true]);
    letGo(b!);
    expect(areThere([a!, b!])).toEqual([false, false]);
  });

  test('a trial amid a search -> the block writes nothing that it would not have', async () => {
    const store = await openTestStore();
    state = new KernelState(store, { promiseQueueMax: 10, height: FIRST_HEIGHT });
    const [a, b] = makeRing(2);
    hold(state, b!);
    for (const promise of [a!, b!]) release(state, promise);
    while (state.tangle.size < 2) step();
    step();
    state.endCrank();
    const changes = state.changes();
    await store.commit({ height: heightAfter(store.head.height), changes, unhashed: [] });
    state.committed();
    await state.trial(async () => hold(state, a!));
    expect(state.changes()).toEqual([]);
    hold(state, a!);
    const written = state.changes();
    await state.trial(async () => hold(state, a!));
    expect(state.changes()).toEqual(written);
    expect(written.map(({ key }) => key)).toContain(tangleKey());
  });

  test('what holds it goes amid a search, after somebody has taken it -> it stays', () => {
    const [before, between, taken] = [make(), make(), make()];
    resolve(taken!, taken!);
    resolve(between!, taken!);
    resolve(before!, between!);
    hold(state, before!);
    for (const promise of [before!, between!, taken!]) release(state, promise);
    while (state.tangle.phase !== SearchPhase.live) step();
    hold(state, taken!);
    letGo(before!);
    expect(areThere([before!, between!, taken!])).toEqual([false, false, true]);
    expect(state.promises.need(taken!).slots).toEqual([taken]);
    letGo(taken!);
    expect(areThere([taken!])).toEqual([false]);
  });

  test('one that was unresolved when looked at settles and goes amid a search -> no holder', () => {
    const [before, open, taken] = [make(), make(), make()];
    const chain = Array.from({ length: 60 }, make);
    for (const [i, promise] of chain.entries()) resolve(promise, ...chain.slice(i + 1, i + 2));
    resolve(taken!, taken!);
    resolve(before!, open!);
    for (const promise of [before!, taken!, chain[0]!]) {
      hold(state, promise);
      release(state, promise);
    }
    while (state.tangle.size < 12) step();
    expect(state.tangle.phase).toBe(SearchPhase.members);
    resolve(open!, taken!);
    letGo(before!, open!, taken!);
    expect(areThere([before!, open!, taken!])).toEqual([false, false, false]);
  });

  test('thousands that have a search each -> suspects are not gone through for each', () => {
    const many = Array.from({ length: 4_000 }, () => makeRing(1)).flat();
    state.tangle.begin([]);
    state.tangle.end(many.length);
    for (const promise of many) release(state, promise);
    const snapshot = vi.spyOn(state.suspects, 'snapshot');
    freeAll(100_000);
    expect(snapshot).not.toHaveBeenCalled();
    expect(areThere(many).filter(Boolean)).toEqual([]);
  });

  test('as many promises as a search may have -> gone; one more -> they stay', LONG, () => {
    const least = makeRing(CYCLE_PROMISES_MAX);
    letGo(...least);
    expect(areThere(least).filter(Boolean)).toEqual([]);
    const most = makeRing(CYCLE_PROMISES_MAX + 1);
    letGo(...most);
    expect(areThere(most).filter(Boolean).length).toBe(CYCLE_PROMISES_MAX + 1);
  });

  test('a tangle that is too large, and others of the same wave -> the others go', LONG, () => {
    const most = makeRing(CYCLE_PROMISES_MAX + 1);
    const least = [makeRing(2), makeRing(3)].flat();
    letGo(most[0]!, ...least, ...most.slice(1));
    expect(areThere(least).filter(Boolean)).toEqual([]);
    expect(areThere(most).filter(Boolean).length).toBe(CYCLE_PROMISES_MAX + 1);
  });

  test('each holds each, let go at once -> work that is linear in what they hold', () => {
    const stepsOf = (size: number): number => {
      const mesh = Array.from({ length: size }, make);
      for (const promise of mesh) resolve(promise, ...mesh);
      const steps = letGo(...mesh);
      expect(areThere(mesh).filter(Boolean)).toEqual([]);
      return steps;
    };
    const [small, large] = [stepsOf(40), stepsOf(160)];
    expect(large).toBeGreaterThan(small);
    expect(large).toBeLessThanOrEqual(small * 16 + 16);
  });

  test('each holds each and one is held, holders go one by one -> a search each, linear', () => {
    const mesh = Array.from({ length: 100 }, make);
    for (const promise of mesh) resolve(promise, ...mesh);
    for (const promise of mesh.slice(1)) {
      const before = letGo(promise);
      expect(before * WORK).toBeLessThan(4 * mesh.length ** 2);
    }
    expect(areThere(mesh).filter(Boolean).length).toBe(mesh.length);
    letGo(mesh[0]!);
    expect(areThere(mesh).filter(Boolean)).toEqual([]);
  });

  test('a chain of promises, let go at its head -> a bounded part in each step', () => {
    const chain = Array.from({ length: 3 * WORK }, make);
    for (const [i, promise] of chain.entries()) resolve(promise, ...chain.slice(i + 1, i + 2));
    for (const promise of chain.slice(1)) release(state, promise);
    freeAll();
    release(state, chain[0]!);
    freeUnreferenced(state, new GarbageWork(WORK));
    const left = areThere(chain).filter(Boolean).length;
    expect(left).toBeGreaterThan(2 * WORK);
    expect(left).toBeLessThan(3 * WORK);
    expect(state.hasGarbageLeft).toBe(true);
    freeAll();
    expect(areThere(chain).filter(Boolean)).toEqual([]);
  });
});
