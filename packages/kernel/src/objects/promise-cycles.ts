/**
 * Settled promises that hold each other through their data, and that nobody else holds.
 *
 * Theory of operation. Counts alone never let go of a cycle. One becomes garbage when its last
 * holder from outside lets go of one of its promises: that promise is a suspect. A search begins
 * with all suspects that there are. Its members are the settled promises that their data reaches;
 * it counts, for each, how often members hold it. What has more holders than that is held from
 * outside, and so is everything that it reaches. The rest is garbage: its data is emptied, and
 * counts do what is left.
 *
 * Each promise is looked at twice at most, whoever holds it, and once more to be emptied: a search
 * is linear in what its members hold. It goes on, wave after wave, as far as a wave's work reaches;
 * state/tangle.ts says what it knows meanwhile. That may be done in steps because the data of a
 * settled promise never changes and because garbage stays garbage: nobody is left who could hold it
 * again. What was live and becomes garbage meanwhile has lost a holder, and is a suspect again.
 *
 * Invariants: an unresolved promise has no data, so it is in no cycle. A search has no more than
 * `CYCLE_PROMISES_MAX` members: one that finds more gives up. Then each of its suspects has a
 * search of its own, so that one tangle that is too large hides no other.
 */
import type { Steps } from '@heirloom/store';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { PromiseState, type PromiseRow } from '../state/schema.js';
import { SearchPhase } from '../state/tangle.js';
import { release } from './counts.js';
import type { GarbageWork } from './garbage-work.js';

export const CYCLE_PROMISES_MAX = 100_000;
/** Suspects that one search begins with. */
const SUSPECTS_MAX = 10_000;

const EMPTY = new Uint8Array();

/** Goes on with the search that there is, or begins one, until it ends or the work is done. */
export function* searchingCycles(state: KernelState, work: GarbageWork): Steps<void> {
  if (!hasSearch(state)) return;
  while (work.isLeft && state.tangle.phase !== SearchPhase.none) {
    yield* stepping(state, work);
  }
}

/** Is there a search? One is begun if there is any reason for it. */
const hasSearch = (state: KernelState): boolean => {
  const { suspects, tangle } = state;
  if (tangle.phase !== SearchPhase.none) return true;
  if (suspects.size === 0) {
    if (tangle.singly > 0) tangle.end(0);
    return false;
  }
  tangle.begin(suspects.take(tangle.singly > 0 ? 1 : SUSPECTS_MAX));
  return true;
};

function* stepping(state: KernelState, work: GarbageWork): Steps<void> {
  const { phase } = state.tangle;
  switch (phase) {
    case SearchPhase.members:
      return yield* findingMembers(state, work);
    case SearchPhase.live:
      return yield* markingLive(state, work);
    case SearchPhase.clear:
      return yield* clearing(state, work);
    case SearchPhase.none:
      return undefined;
    default:
      throw TypeError(`unknown phase ${String(phase satisfies never)}`);
  }
}

const promisesIn = ({ slots }: PromiseRow): KRef[] => slots.filter(isPromiseKRef);

function* findingMembers(state: KernelState, work: GarbageWork): Steps<void> {
  const { tangle } = state;
  while (work.isLeft) {
    yield;
    const kref = tangle.take();
    if (kref === undefined) {
      tangle.beginLive();
      forgetCovered(state);
      return;
    }
    const row = state.promises.get(kref);
    if (row === undefined || row.state === PromiseState.unresolved) {
      tangle.forget(kref);
      work.spend(1);
      continue;
    }
    work.spend(1 + row.slots.length);
    tangle.visit(kref, row.references, promisesIn(row));
    if (tangle.size > CYCLE_PROMISES_MAX) {
      giveUp(state);
      return;
    }
  }
}

/**
 * Where there were several suspects, it is not known which of them led to so many. What a single
 * one has led to is held by it, and stays with it.
 */
const giveUp = (state: KernelState): void => {
  const { suspects, tangle } = state;
  const { roots } = tangle;
  if (roots.length === 1) forgetCovered(state);
  else for (const root of roots) suspects.add(root);
  tangle.end(roots.length === 1 ? tangle.singly : suspects.size);
};

/** Goes through the members, which work has been counted for, and not through all suspects. */
const forgetCovered = ({ suspects, tangle }: KernelState): void => {
  for (const kref of tangle.covered()) suspects.delete(kref);
};

function* markingLive(state: KernelState, work: GarbageWork): Steps<void> {
  const { tangle } = state;
  while (work.isLeft) {
    yield;
    const kref = tangle.take();
    if (kref === undefined) {
      tangle.beginClear();
      return;
    }
    const { slots } = state.promises.need(kref);
    work.spend(1 + slots.length);
    tangle.reach(slots);
  }
}

/** The data of garbage goes; what it held is let go of, all of this step at once. */
function* clearing(state: KernelState, work: GarbageWork): Steps<void> {
  const { tangle } = state;
  const released = new Map<KRef, number>();
  let isThrough = false;
  while (work.isLeft && !isThrough) {
    yield;
    const kref = tangle.take();
    if (kref === undefined) isThrough = true;
    else {
      const row = state.promises.need(kref);
      work.spend(1 + row.slots.length);
      for (const slot of row.slots) released.set(slot, (released.get(slot) ?? 0) + 1);
      state.promises.set(kref, { ...row, body: EMPTY, slots: [] });
    }
  }
  for (const [kref, holders] of released) {
    yield;
    release(state, kref, holders);
    // Its turn comes: nobody need look at it before.
    if (tangle.isDoomed(kref) && state.promises.need(kref).references > 0) {
      state.maybeFree.delete(kref);
    }
  }
  if (isThrough) tangle.end();
}
