/**
 * Refreshes: null upgrades that the kernel itself asks for, so many deliveries after an incarnation
 * began. They bound what a replay has to repeat and what a heap can grow to.
 *
 * Invariant: whether one is due is in the vat's counters, and its upgrade is an item of the run
 * queue like any other. See docs/upgrade/refresh.md.
 */
import type { VatNumber } from '@heirloom/worker';
import { makePromise } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import { ItemType } from '../state/queue-items.js';
import type { VatCounters } from '../state/schema.js';
import { NO_DATA, PLAIN_UPGRADE, REFRESH_MESSAGE, UpgradeCode } from '../state/upgrade-options.js';

/** Counts a delivery; the one that makes a refresh due puts it at the tail of the run queue. */
export const countDelivery = (
  state: KernelState,
  vat: VatNumber,
  { refreshIn }: VatCounters,
): number => {
  if (refreshIn !== 1) return Math.max(refreshIn - 1, 0);
  const made = { decider: KERNEL_DECIDES, subscribers: [], references: 1 };
  state.enqueue({
    type: ItemType.upgrade,
    vat,
    ...NO_DATA,
    message: REFRESH_MESSAGE,
    result: makePromise(state, made),
    upgrade: { ...PLAIN_UPGRADE, code: UpgradeCode.refresh },
  });
  return 0;
};

/** Is a refresh on the queue still wanted? Not after another upgrade, or a change of the option. */
export const isRefreshDue = (state: KernelState, vat: VatNumber): boolean =>
  state.vats.need(vat).options.refresh > 0 && state.vatCounters.need(vat).refreshIn === 0;
