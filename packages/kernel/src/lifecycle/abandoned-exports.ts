/** Exports that end with their incarnation: remotables and merely-virtual objects. */
import type { VatNumber, VRef } from '@heirloom/worker';
import { ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';

/** Those that others hold, at most `limit`: what they are called inside the vat. */
export const abandonedExports = (
  state: KernelState,
  vat: VatNumber,
  limit: number,
  incarnation = state.vats.need(vat).incarnation,
): VRef[] => {
  const { byVRef } = state.clist(vat);
  const found: VRef[] = [];
  for (const range of ranges.mortalExports(vat, incarnation)) {
    for (const vref of byVRef.scan(range)) {
      if (found.length === limit) return found;
      found.push(vref);
    }
  }
  return found;
};
