/**
 * How heavy the cranks of each vat have become in this wave, and what is left for the next one
 * because of it (rules.md#w9).
 *
 * Invariants: what is held back keeps its place on the run queue, and nothing of it is done; names
 * that the plan has fixed for it alone go when the wave ends, for nobody counts them.
 */
import type { Steps } from '@heirloom/store';
import { isHeldBack, packedWeight, PART_WEIGHT_MAX, type VatNumber } from '@heirloom/worker';
import type { Images } from '../code/images.js';
import { forgetAllocated } from '../objects/clist.js';
import { getPromise } from '../objects/counts.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { VatState } from '../state/schema.js';
import type { PlannedItem } from './plan.js';

/** Which images hold back. */
export type PartImages = Pick<Images, 'holdsBack'>;

export class WaveParts {
  readonly #state: KernelState;
  readonly #images: PartImages;
  /** Of vats that run. */
  readonly #weights = new Map<VatNumber, number>();
  readonly #held: PlannedItem[] = [];
  /** The vats of those. */
  readonly #heldVats = new Set<VatNumber>();

  constructor(state: KernelState, images: PartImages) {
    this.#state = state;
    this.#images = images;
  }

  mayHoldBack(vat: VatNumber): boolean {
    return this.#images.holdsBack(this.#state.vats.need(vat).imageId);
  }

  /** A crank of the vat is merged. */
  count(vat: VatNumber, packed: Uint8Array): void {
    if (this.mayHoldBack(vat)) this.#weights.set(vat, this.#of(vat) + packedWeight(packed));
  }

  /** Its items are refused at their places (rules.md#w4). */
  ended(vat: VatNumber): void {
    this.#weights.delete(vat);
  }

  /** Does the item wait for the next wave? */
  holdsBack(item: PlannedItem): boolean {
    const isHeld = this.#isHeld(item);
    if (!isHeld) return false;
    this.#held.push(item);
    if ('vat' in item) this.#heldVats.add(item.vat);
    return true;
  }

  /** The wave is over: names go that were fixed for what is held back alone. */
  *forgettingNames(): Steps<void> {
    const state = this.#state;
    for (const item of this.#held) {
      if (!('vat' in item) || state.vats.get(item.vat)?.state !== VatState.running) continue;
      for (const kref of mentionedIn(state, item)) {
        forgetAllocated(state, item.vat, kref);
        yield;
      }
    }
  }

  #of(vat: VatNumber): number {
    return this.#weights.get(vat) ?? 0;
  }

  #isHeld(item: PlannedItem): boolean {
    switch (item.kind) {
      case 'message':
      case 'notify':
      case 'collect':
      case 'reap':
      case 'sweep':
      case 'migrate':
        return isHeldBack(this.#of(item.vat), item.delivery);
      case 'idle':
        // It may be in the batch of a notify that waits.
        return this.#of(item.vat) >= PART_WEIGHT_MAX;
      case 'lifecycle':
        // What was sent before an upgrade, or an end, reaches the code that is there.
        return this.#heldVats.has(item.item.vat);
      case 'outside':
      case 'refused':
      case 'parked':
        return false;
      default:
        throw TypeError(`unknown planned item ${String(item satisfies never)}`);
    }
  }
}

const mentionedIn = (state: KernelState, item: PlannedItem): readonly KRef[] => {
  if (item.kind === 'message') {
    const { target, slots, result } = item.message;
    return result === undefined ? [target, ...slots] : [target, ...slots, result];
  }
  if (item.kind !== 'notify') return [];
  return item.batch.krefs.flatMap(kref => [kref, ...getPromise(state, kref).slots]);
};
