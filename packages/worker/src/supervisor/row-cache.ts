/**
 * Rows as last read or written, bounded by bytes: a hit saves a read of the store, nothing else.
 *
 * Two generations: what is used moves to the young one; when that is full it becomes the old one
 * and the old one is dropped whole. `null` stands for a row known to be absent.
 */
import type { BinaryKey } from '@heirloom/store';

/** Half of what the cache may take, in bytes, counting what a `Map` entry costs besides. */
const CACHE_GENERATION_BYTES_MAX = 16 * 1024 * 1024;
const ENTRY_OVERHEAD_BYTES = 160;
/** A larger row is read anew when it is asked for: to decode it takes longer than that. */
const ROW_PART_MAX = 1 / 32;

export class RowCache {
  readonly #bytesMax: number;
  #young = new Map<BinaryKey, Uint8Array | null>();
  #old = new Map<BinaryKey, Uint8Array | null>();
  #youngBytes = 0;

  constructor(bytesMax = CACHE_GENERATION_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** The row; `null`: known to be absent; `undefined`: not known. */
  get(key: BinaryKey): Uint8Array | null | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: BinaryKey, value: Uint8Array | null): void {
    if (value !== null && value.length > this.#bytesMax * ROW_PART_MAX) {
      this.#young.delete(key);
      this.#old.delete(key);
      return;
    }
    this.#youngBytes += ENTRY_OVERHEAD_BYTES + key.length + (value === null ? 0 : value.length);
    this.#young.set(key, value);
    if (this.#youngBytes < this.#bytesMax) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
  }
}
