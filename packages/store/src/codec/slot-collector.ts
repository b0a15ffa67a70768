/**
 * The slots of one body: each string once, in order of first mention.
 */
import { tooLarge } from './format.js';

/** Up to here a scan beats a map or a set. */
const SCANNED_COUNT_MAX = 8;

export class SlotCollector<Slot extends string> {
  readonly slots: Slot[] = [];
  readonly #slotsMax: number;
  #indexes: Map<Slot, number> | undefined;

  constructor(slotsMax: number) {
    this.#slotsMax = slotsMax;
  }

  /** The index of `slot`, new if this is its first mention. Throws RangeError past the limit. */
  indexOf(slot: Slot): number {
    const { slots } = this;
    const count = slots.length;
    if (count <= SCANNED_COUNT_MAX) {
      for (let i = 0; i < count; i += 1) {
        if (slots[i] === slot) {
          return i;
        }
      }
    } else {
      const known = this.#mapped().get(slot);
      if (known !== undefined) {
        return known;
      }
    }
    if (count >= this.#slotsMax) {
      throw tooLarge();
    }
    slots.push(slot);
    this.#indexes?.set(slot, count);
    return count;
  }

  #mapped(): Map<Slot, number> {
    if (this.#indexes === undefined) {
      this.#indexes = new Map(this.slots.map((slot, index) => [slot, index]));
    }
    return this.#indexes;
  }
}

/** Whether some slot stands twice. */
export function hasDuplicate(slots: readonly string[]): boolean {
  const count = slots.length;
  if (count > SCANNED_COUNT_MAX) {
    return new Set(slots).size !== count;
  }
  for (let i = 1; i < count; i += 1) {
    for (let j = 0; j < i; j += 1) {
      if (slots[i] === slots[j]) {
        return true;
      }
    }
  }
  return false;
}
