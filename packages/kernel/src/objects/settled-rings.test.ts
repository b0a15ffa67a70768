/** Rings of settled promises: against reachability counted the slow way, and kept or not. */
import { atOnce, FIRST_HEIGHT } from '@heirloom/store';
import { FIRST_VAT } from '@heirloom/worker';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import { ItemType } from '../state/queue-items.js';
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

  test('many searches with many unresolved promises -> each is looked at if it is asked', () => {
    const unresolved = makeMany(200);
    const [common] = makeMany(1);
    settle(state, common!, { rejected: false, body: BODY, slots: [] });
    const rings = new SettledRings(state);
    const ask = (): number => {
      const [one] = makeMany(1);
      settle(state, one!, { rejected: false, body: BODY, slots: [common!, one!, ...unresolved] });
      const looked = vi.spyOn(state.promises, 'get');
      expect(ringOf(rings, one!)).toEqual([one]);
      const { length } = looked.mock.calls;
      looked.mockRestore();
      return length;
    };
    const first = ask();
    for (let n = 0; n < 100; n += 1) expect(ask()).toBeLessThanOrEqual(first);
    settle(state, unresolved[0]!, { rejected: false, body: BODY, slots: [common!] });
    expect(ringOf(rings, common!)).toEqual([common]);
  });

  test('more than a search may look at, asked again -> known at once, and what leads there', () => {
    const promises = makeMany(100);
    settleAll(promises, promises.map((_, n) => (n < 99 ? [n + 1] : [])));
    const rings = new SettledRings(state, 100);
    expect(ringOf(rings, promises[30]!)).toBeUndefined();
    expect(rings.ringOf(promises[30]!).next()).toEqual({ done: true, value: undefined });
    expect(ringOf(rings, promises[29]!)).toBeUndefined();
    const steps = rings.ringOf(promises[28]!);
    let looked = 0;
    while (steps.next().done !== true) looked += 1;
    expect(looked).toBeLessThan(5);
    expect(ringOf(rings, promises[60]!)).toEqual([promises[60]]);
  });

  test('a wave ends -> kept only if it was asked for, and others wait for another wave', () => {
    const promises = makeMany(3);
    settleAll(promises, [[1], [2], []]);
    const rings = new SettledRings(state);
    const isKept = (): boolean => {
      const isKnown = rings.ringOf(promises[1]!).next().done === true;
      ringOf(rings, promises[0]!);
      return isKnown;
    };
    expect([isKept(), isKept()]).toEqual([false, true]);
    rings.endWave();
    expect([isKept(), isKept()]).toEqual([false, true]);
    state.enqueue({ type: ItemType.notify, vat: FIRST_VAT, promise: promises[0]! });
    rings.endWave();
    expect(isKept()).toBe(true);
    rings.endWave();
    rings.endWave();
    expect(isKept()).toBe(false);
  });
});
