/**
 * What becomes of vats when another engine takes a store over: each is started anew, with the code
 * and the parameters that it has, before anything else reaches it, for what another engine has run
 * cannot be replayed here. One whose start fails is stranded (state/stranded-vats.ts).
 */
import { vatIdOf, type VatId } from '@heirloom/worker';
import { kernelData } from '../objects/kernel-data.js';
import { makePromise, type Settlement } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import { ItemType, type UpgradeItem } from '../state/queue-items.js';
import { runningVats } from '../state/running-vats.js';
import { ENGINE_MESSAGE, NO_DATA, PLAIN_UPGRADE, UpgradeCode } from '../state/upgrade-options.js';

/** A vat whose start failed. */
export interface StrandedVat {
  readonly vatId: VatId;
  readonly name: string;
  /** What the requester of an upgrade would have been told, as a text. */
  readonly reason: string;
}

/** How many of them whoever adopted an engine is told of. */
const STRANDED_TOLD_MAX = 1_000;

/**
 * Every vat that runs is stranded until its start has succeeded: the items that start them. The
 * last of them answers for all, by `result`.
 */
export const strandAll = (state: KernelState, result: KRef): UpgradeItem[] => {
  const vats = runningVats(state);
  const made = { decider: KERNEL_DECIDES, subscribers: [], references: 1 };
  return vats.map(vat => {
    state.stranded.strand(vat, null);
    return {
      type: ItemType.upgrade,
      vat,
      ...NO_DATA,
      message: ENGINE_MESSAGE,
      upgrade: { ...PLAIN_UPGRADE, code: UpgradeCode.engine },
      result: vat === vats.at(-1) ? result : makePromise(state, made),
    };
  });
};

/** What whoever adopted an engine is told. `tried`: vats that were to be started. */
export const adoptionAnswer = (state: KernelState, tried: number): Settlement => {
  const stranded: StrandedVat[] = [];
  const { all } = state.stranded;
  for (const vat of all) {
    const reason = state.stranded.reasonOf(vat);
    if (typeof reason !== 'string' || stranded.length === STRANDED_TOLD_MAX) continue;
    stranded.push({ vatId: vatIdOf(vat), name: state.vats.need(vat).name, reason });
  }
  const strandedCount = all.length;
  const restarted = Math.max(tried - strandedCount, 0);
  return { rejected: false, ...kernelData({ restarted, strandedCount, stranded }) };
};
