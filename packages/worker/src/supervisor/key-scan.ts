/**
 * Steps through the keys of a snapshot by blocks, without an iterator that outlives a call
 * (rules.md#s4).
 *
 * A snapshot does not change, so a block stays right for as long as the snapshot is read. A few
 * blocks are kept: as many scans can go on side by side without reading a block twice.
 */
import type { BinaryKey } from '@heirloom/store';
import type { RowBase } from './row-base.js';
import { upperBound } from './sorted-keys.js';

const BLOCK_KEYS_MAX = 32;
const BLOCKS_MAX = 8;

interface Block {
  /** Every key of the base that is greater than `after` and at most `through` is in `keys`. */
  readonly after: BinaryKey;
  readonly through: BinaryKey;
  readonly keys: readonly BinaryKey[];
}

export class KeyScan {
  readonly #base: RowBase;
  readonly #blocks: Block[] = [];
  #oldest = 0;

  constructor(base: RowBase) {
    this.#base = base;
  }

  /** The first stored key that is greater than `after` and less than `end`. */
  next(after: BinaryKey, end: BinaryKey): BinaryKey | undefined {
    for (const block of this.#blocks) {
      if (after < block.after || after >= block.through) continue;
      const key = block.keys[upperBound(block.keys, after)];
      if (key !== undefined) return key < end ? key : undefined;
      if (end <= block.through) return undefined;
    }
    const keys = this.#base.keysAfter(after, end, BLOCK_KEYS_MAX);
    const last = keys.length < BLOCK_KEYS_MAX ? undefined : keys.at(-1);
    const through = last ?? end;
    this.#blocks[this.#oldest] = { after, through, keys };
    this.#oldest = (this.#oldest + 1) % BLOCKS_MAX;
    return keys[0];
  }
}
