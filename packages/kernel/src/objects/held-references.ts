/** Which references the host may use in an input: the state alone says so (rules.md#s5). */
import { isVatNumber, ROOT_VREF } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { HOST_OWNS } from '../state/parties.js';
import { VatState } from '../state/schema.js';
import { CLOCK, VAT_ADMIN } from './kernel-objects.js';

/** The kernel's, the host's own, or the root of a vat that runs: no pin has to hold them. */
export const isAlwaysHeld = (state: KernelState, kref: KRef): boolean => {
  if (kref === VAT_ADMIN || kref === CLOCK) return true;
  const row = isPromiseKRef(kref) ? undefined : state.objects.get(kref);
  if (row === undefined) return false;
  const [owner, name] = row;
  if (!isVatNumber(owner)) return owner === HOST_OWNS;
  return name === ROOT_VREF && state.vats.get(owner)?.state === VatState.running;
};

export const isHeld = (state: KernelState, kref: KRef): boolean =>
  state.pins.get(kref) !== undefined || isAlwaysHeld(state, kref);
