import type { VatNumber } from '@heirloom/worker';
import { ranges } from './kernel-keys.js';
import type { KernelState } from './kernel-state.js';
import { VatState } from './schema.js';

/** Vats that run, in order of their numbers. */
export const runningVats = (state: KernelState): VatNumber[] =>
  [...state.vats.scan(ranges.vats)].filter(vat => state.vats.need(vat).state === VatState.running);
