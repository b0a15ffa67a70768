/** Rings of settled promises: against reachability counted the slow way, and kept or not. */
import { atOnce, FIRST_HEIGHT } from '@heirloom/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import { openTestStore } from '../testing/test-store.js';
import { makePromise, settle } from './router.js';
import { SettledRings } from './settled-rings.js';

const BODY = new Uint8Array();

let state: KernelState;

beforeEach(async () => {
  state = new KernelState(await openTestStore(), { promiseQueueMax: 10, height: FIRST_HEIGHT });
});

const makeMany = (count: number): KRef[] =>
  Array.from({ length: count }, () =>
    makePromise(state, { decider: KERNEL_DECIDES, subscribers: [], references: 1 }));

/** Settles the `n`th with those that stand in `edges[n]`; `undefined` stays unresolved. */
const settleAll = (
  promises: readonly KRef[],
  edges: readonly (readonly number[] | undefined)[],
): void => {
  for (const [n, to] of edges.entries()) {
    if (to === undefined) continue;
    const slots = to.map(at => promises[at]!);
    settle(state, promises[n]!, { rejected: false, body: BODY, slots });
  }
};

const ringOf = (rings: SettledRings, promise: KRef): KRef[] | undefined => {
  const ring = atOnce(rings.ringOf(promise));
  return ring && [...ring].sort((a, b) => a - b);
};

/** What `from` reaches, without itself unless it is led back to. */
const reached = (from: number, edges: readonly (readonly number[] | undefined)[]): Set<number> => {
  const seen = new Set<number>(edges[from]);
  for (const n of seen) for (const to of edges[n] ?? []) seen.add(to);
  return seen;
};

/** Numbers that look like noise, the same in every run. */
const noise = (seed: number) => {
  let value = seed;
  return (below: number): number => {
    value = (value * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(value / 2 ** 16) % below;
  };
};

describe('rings of settled promises:', () => {
  test.each([1, 2, 3, 4, 5, 6])('any promises (%i) -> as each reaches the other', seed => {
    const next = noise(seed);
    const edges = Array.from({ length: 60 }, () =>
      next(8) === 0 ? undefined : Array.from({ length: next(3) }, () => next(60)));
    const promises = makeMany(60);
    settleAll(promises, edges);
    const kept = new SettledRings(state);
    for (const [n, promise] of promises.entries()) {
      if (edges[n] === undefined) continue;
      const ring = promises.filter((_, to) =>
        to === n || (reached(n, edges).has(to) && reached(to, edges).has(n)));
      expect(ringOf(kept, promise)).toEqual(ring);
      expect(ringOf(new SettledRings(state), promise)).toEqual(ring);
    }
  });

  test('a promise that closes a ring settles -> what was found before is forgotten', () => {
    const promises = makeMany(3);
    settleAll(promises, [[1], [2], undefined]);
    const rings = new SettledRings(state);
    expect(ringOf(rings, promises[0]!)).toEqual([promises[0]]);
    settleAll(promises, [undefined, undefined, [0]]);
    expect(ringOf(rings, promises[1]!)).toEqual(promises);
  });

  test('a chain of a hundred thousand -> no recursion, and looked at once', () => {
    const count = 100_000;
    const promises = makeMany(count);
    settleAll(promises, promises.map((_, n) => (n + 1 < count ? [n + 1] : [])));
    const rings = new SettledRings(state);
    const steps = rings.ringOf(promises[0]!);
    let looked = 0;
    while (steps.next().done !== true) looked += 1;
    expect(looked).toBeGreaterThan(count);
    expect(rings.ringOf(promises[5]!).next().done).toBe(true);
  });

  test('more than a search may look at -> not known, whatever others have found', () => {
    const promises = makeMany(10);
    settleAll(promises, promises.map((_, n) => (n < 9 ? [n + 1] : [])));
    const rings = new SettledRings(state, 10);
    const last = promises[9]!;
    const long = promises[4]!;
    expect(ringOf(rings, last)).toEqual([last]);
    expect(ringOf(rings, long)).toBeUndefined();
    expect(ringOf(new SettledRings(state, 10), long)).toBeUndefined();
    expect(ringOf(rings, promises[5]!)).toEqual([promises[5]]);
  });
});
