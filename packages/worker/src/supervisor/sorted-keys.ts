/**
 * A set of keys in order, for merging what a vat wrote into scans of the store.
 *
 * Additions are kept aside and put in order by the next look: a vat that never scans pays nothing.
 */
import type { BinaryKey } from '@heirloom/store';
import { required } from '@heirloom/store/types';

/** Up to this many additions are put in one by one; more are merged in one pass. */
const SPLICE_COUNT_MAX = 32;

/** The index of the first key that is greater than `after`. */
export const upperBound = (keys: readonly BinaryKey[], after: BinaryKey): number => {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (required(keys[middle], 'a key') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
};

const merged = (a: readonly BinaryKey[], b: readonly BinaryKey[]): BinaryKey[] => {
  const keys: BinaryKey[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    const key = left === undefined || (right !== undefined && right < left) ? right : left;
    if (key === undefined) break;
    if (left === key) i += 1;
    if (right === key) j += 1;
    keys.push(key);
  }
  return keys;
};

export class SortedKeys {
  #keys: BinaryKey[] = [];
  readonly #added = new Set<BinaryKey>();

  add(key: BinaryKey): void {
    this.#added.add(key);
  }

  /** The first key greater than `after`, if any. */
  next(after: BinaryKey): BinaryKey | undefined {
    if (this.#added.size > 0) this.#settle();
    return this.#keys[upperBound(this.#keys, after)];
  }

  #settle(): void {
    if (this.#added.size <= SPLICE_COUNT_MAX) {
      for (const key of this.#added) {
        const at = upperBound(this.#keys, key);
        if (this.#keys[at - 1] !== key) this.#keys.splice(at, 0, key);
      }
    } else {
      const added = [...this.#added].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      this.#keys = merged(this.#keys, added);
    }
    this.#added.clear();
  }
}
