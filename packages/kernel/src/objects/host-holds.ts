/** What the host holds: the references that it was told of, until it releases them. */
import { heightAfter } from '@heirloom/store';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import type { PromiseRow } from '../state/schema.js';
import { hold, release } from './counts.js';

/** The host holds `kref` until it releases it. */
export const pin = (state: KernelState, kref: KRef): void => {
  if (state.pins.get(kref) !== undefined) return;
  state.pins.set(kref, 1);
  hold(state, kref);
};

/** False: the host does not hold it. */
export const unpin = (state: KernelState, kref: KRef): boolean => {
  if (state.pins.get(kref) === undefined) return false;
  state.pins.delete(kref);
  release(state, kref);
  return true;
};

/** The host will be told of a promise that has settled, and holds what it settled to. */
export const tellHost = (state: KernelState, promise: KRef, row: PromiseRow): void => {
  for (const kref of row.slots) pin(state, kref);
  state.hostSettlements.add(promise, row, heightAfter(state.height));
};
