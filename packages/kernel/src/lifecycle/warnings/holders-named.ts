/** Vats and holders by the names that people know. */
import { vatIdOf, type VatNumber } from '@heirloom/worker';
import { isHeld } from '../../objects/held-references.js';
import type { KernelState } from '../../state/kernel-state.js';
import type { KRef } from '../../state/krefs.js';
import { Reach } from '../../state/schema.js';

export const vatName = (state: KernelState, vat: VatNumber): string => {
  const name = state.vats.get(vat)?.name ?? '';
  return name === '' ? `vat ${vatIdOf(vat)}` : `vat ${JSON.stringify(name)}`;
};

/** Who of `others` can reach the object, and whether the host can. */
export const holdersOf = (
  state: KernelState,
  others: readonly VatNumber[],
  kref: KRef,
): string[] => {
  const holders = others
    .filter(vat => state.clist(vat).byKRef.get(kref)?.[1] === Reach.reachable)
    .map(vat => vatName(state, vat));
  return isHeld(state, kref) ? [...holders, 'the host'] : holders;
};
