/**
 * A `RowStore` in memory, for tests: it counts reads and lists the order of writes.
 */
import type { BinaryKey } from '@heirloom/store';
import type { RowStore, StartRows } from '../../contracts/row-store.js';

export class MemoryRows implements RowStore {
  readonly #rows = new Map<BinaryKey, Uint8Array>();
  #keys: BinaryKey[] | undefined = [];
  /** As in a first incarnation. */
  readonly start: StartRows = { get: () => undefined, keysAfter: () => [] };
  readonly reads: BinaryKey[] = [];
  readonly writes: BinaryKey[] = [];

  get(key: BinaryKey): Uint8Array | undefined {
    this.reads.push(key);
    return this.#rows.get(key);
  }

  set(key: BinaryKey, value: Uint8Array): void {
    this.writes.push(key);
    if (!this.#rows.has(key)) this.#keys = undefined;
    this.#rows.set(key, value.slice());
  }

  delete(key: BinaryKey): void {
    this.writes.push(key);
    if (this.#rows.delete(key)) this.#keys = undefined;
  }

  nextKey(after: BinaryKey, end: BinaryKey): BinaryKey | undefined {
    this.#keys ??= [...this.#rows.keys()].sort();
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! > after) high = middle;
      else low = middle + 1;
    }
    const key = this.#keys[low];
    return key !== undefined && key < end ? key : undefined;
  }

  /** Forgets what was read and written so far; returns it. */
  take(): { readonly reads: BinaryKey[]; readonly writes: BinaryKey[] } {
    return { reads: this.reads.splice(0), writes: this.writes.splice(0) };
  }

  /** The keys that begin with `prefix`, in order. */
  keysFrom(prefix: BinaryKey): BinaryKey[] {
    return [...this.#rows.keys()].filter(key => key.startsWith(prefix)).sort();
  }
}
