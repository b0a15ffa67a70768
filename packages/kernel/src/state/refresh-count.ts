import type { VatNumber } from '@heirloom/worker';
import type { KernelState } from './kernel-state.js';

/** The vat is to be refreshed after so many deliveries more; 0: never. */
export const restartCount = (state: KernelState, vat: VatNumber, refreshIn: number): void =>
  state.vatCounters.set(vat, { ...state.vatCounters.need(vat), refreshIn });
