/**
 * Drains: before an upgrade the vat may let its promises settle, for a number of waves.
 *
 * Theory of operation. The upgrade stays on the run queue, at its place, and closes the vat to the
 * messages behind it (rules.md#w7); notifies reach it. At the start of every wave the upgrade
 * either waits for one wave more, which its row on the queue counts, or is carried out in that
 * wave: when the vat is settled, or no wave is left. So an order between two messages never
 * changes, and what a drain does depends on nothing but rows. See docs/upgrade/drain.md.
 */
import assert from 'node:assert/strict';
import type { Steps } from '@heirloom/store';
import { isAllocatedByVat, type VatNumber } from '@heirloom/worker';
import { choosingRejected, gatheringPromises, watchesIn } from '../lifecycle/termination.js';
import type { KernelState } from '../state/kernel-state.js';
import { howOf, type UpgradeItem } from '../state/queue-items.js';
import { VatState } from '../state/schema.js';
import type { DrainEntry } from './plan.js';

/**
 * Between waves: does the vat neither owe nor await a settlement that an upgrade would cost it?
 * It owes the promises that it decides, and awaits the results of its own sends unless it watches
 * them: one that has settled is in its c-list until the vat has been told.
 */
function* lookingSettled(state: KernelState, vat: VatNumber): Steps<boolean> {
  const { byKRef } = state.clist(vat);
  const kept = watchesIn(state, state.vats.need(vat).spaces);
  const promises = yield* gatheringPromises(state, vat);
  const rejected = yield* choosingRejected(state, vat, promises, kept);
  if (rejected.length > 0) return false;
  for (const promise of promises) {
    const [vref] = byKRef.need(promise);
    if (isAllocatedByVat(vref) && !kept.isWatched(vref) && !kept.isDurable(vref)) return false;
    yield;
  }
  return true;
}

/** Is the upgrade to wait, for the vat to settle in this wave? */
export function* askingToWait(
  state: KernelState,
  item: UpgradeItem,
  isDelivered: boolean,
): Steps<boolean> {
  const { vat } = item;
  if (howOf(item).drainWaves === 0) return false;
  if (state.vats.get(vat)?.state !== VatState.running) return false;
  return isDelivered || !(yield* lookingSettled(state, vat));
}

/** One of its waves has been used. */
export const countWave = (
  state: KernelState,
  { ordinal, item }: DrainEntry,
): void => {
  const how = howOf(item);
  assert(how.drainWaves > 0, 'only what drains waits');
  const upgrade = { ...how, drainWaves: how.drainWaves - 1 };
  state.queue.replace(ordinal, { ...item, upgrade });
};
