/**
 * Settled promises that hold each other through their data, and that nobody else holds.
 *
 * Theory of operation. Counts alone never let go of a cycle. One becomes garbage when its last
 * holder from outside lets go of one of its promises: that promise is a candidate, looked at when
 * the wave ends. All settled promises that its data reaches are counted by how often the others
 * among them hold them; one with more holders than that is held from outside, and so is everything
 * that it reaches. The rest is garbage.
 *
 * Invariants: reads only; an unresolved promise has no data, so it is in no cycle. A search looks
 * at no more than `CYCLE_PROMISES_MAX` promises: of a larger tangle nothing is found.
 */
import { required } from '@heirloom/store';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { PromiseState, type PromiseRow } from '../state/schema.js';

export const CYCLE_PROMISES_MAX = 1_000;

/** Can the promise be in a cycle at all? */
export const mayBeInCycle = ({ state, slots }: PromiseRow): boolean =>
  state !== PromiseState.unresolved && slots.some(isPromiseKRef);

/** The promises that garbage is found among, with their rows; undefined if they are too many. */
const settledFrom = (state: KernelState, root: KRef): Map<KRef, PromiseRow> | undefined => {
  const found = new Map<KRef, PromiseRow>();
  const open = [root];
  for (let kref = open.pop(); kref !== undefined; kref = open.pop()) {
    if (found.has(kref)) continue;
    const row = state.promises.need(kref);
    if (row.state === PromiseState.unresolved) continue;
    if (found.size === CYCLE_PROMISES_MAX) return undefined;
    found.set(kref, row);
    open.push(...row.slots.filter(isPromiseKRef));
  }
  return found;
};

/** The promises that only each other hold, of those that `root` reaches; in kref order. */
export const findPromiseCycle = (state: KernelState, root: KRef): KRef[] => {
  const found = settledFrom(state, root);
  if (found === undefined) return [];
  const inner = new Map<KRef, number>();
  for (const { slots } of found.values()) {
    for (const slot of slots) if (found.has(slot)) inner.set(slot, (inner.get(slot) ?? 0) + 1);
  }
  const live = new Set<KRef>();
  const rowOf = (kref: KRef): PromiseRow => required(found.get(kref), 'a row that was found');
  const open = [...found.keys()].filter(k => rowOf(k).references > (inner.get(k) ?? 0));
  for (let kref = open.pop(); kref !== undefined; kref = open.pop()) {
    if (live.has(kref)) continue;
    live.add(kref);
    open.push(...rowOf(kref).slots.filter(slot => found.has(slot)));
  }
  return [...found.keys()].filter(kref => !live.has(kref)).sort((a, b) => a - b);
};
