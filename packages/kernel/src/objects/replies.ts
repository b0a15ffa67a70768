/**
 * Answers that the kernel owes: at once, or when something has come about.
 *
 * Invariant: a promise that waits is decided by the kernel and held by the row that says so: it
 * settles whatever becomes of the vat that asked, and in whichever incarnation it then is.
 */
import assert from 'node:assert/strict';
import { atOnce, type Steps } from '@heirloom/store';
import type { BundleId, VatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KERNEL_DECIDES, NOBODY_DECIDES, type Decider } from '../state/parties.js';
import { PromiseState } from '../state/schema.js';
import { getPromise, release, updatePromise } from './counts.js';
import { settling, type Settlement } from './router.js';

/** The decider of a queued result becomes the kernel (or the host); its reference goes on. */
export const takeResult = (
  state: KernelState,
  result: KRef,
  decider: Decider = KERNEL_DECIDES,
): void => {
  const row = getPromise(state, result);
  const isFree = row.state === PromiseState.unresolved && row.decider === NOBODY_DECIDES;
  assert(isFree, 'decider is free');
  updatePromise(state, result, row, 0, { decider });
};

/** Settles a result and lets go of the reference that was kept for it. */
export function* answering(
  state: KernelState,
  result: KRef,
  settlement: Settlement,
): Steps<void> {
  yield* settling(state, result, settlement);
  release(state, result);
}

/** The same at a stretch: for results that nobody can have sent to yet. */
export const answer = (state: KernelState, result: KRef, settlement: Settlement): void =>
  atOnce(answering(state, result, settlement));

/** What promises can wait for. */
export const waitSubject = {
  endOf: (vat: VatNumber): string => `vat/${vat}`,
  bundle: (bundleId: BundleId): string => `bundle/${bundleId}`,
  threshold: (meter: KRef): string => `meter/${meter}`,
} as const;

/** Has `result` wait until `wake` is called for `subject`. */
export const waitFor = (state: KernelState, subject: string, result: KRef): void => {
  takeResult(state, result);
  state.services.waits.create(`${subject} ${result}`, true);
};

/** Lets go of what waits for something that cannot come about any more. */
export const forgetWaits = (state: KernelState, subject: string): void => {
  for (const result of state.services.waitersFor(subject)) {
    state.services.waits.delete(`${subject} ${result}`);
    release(state, result);
  }
};

/** Settles all that waits for `subject`, oldest first. */
export function* waking(
  state: KernelState,
  subject: string,
  settlement: Settlement,
): Steps<void> {
  const { services } = state;
  for (const result of services.waitersFor(subject)) {
    services.waits.delete(`${subject} ${result}`);
    yield* answering(state, result, settlement);
    yield;
  }
}
