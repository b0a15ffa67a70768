/**
 * What lies under a vat's own writes: the store as one snapshot shows it, now or at the start of
 * the incarnation (rule T2).
 */
import type { BinaryKey, ReadView } from '@heirloom/store';
import { preimageSpacePrefix, spacePrefix } from '@heirloom/store/keys';
import { check } from '../check.js';

/** A stored row: `born u32 ‖ written u32 ‖ bytes`. */
const HEADER_BYTES = 8;

export interface RowBase {
  get(key: BinaryKey): Uint8Array | undefined;
  /** The keys after `after` and before `end`, at most `limit`, in order. */
  keysAfter(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[];
}

/** A row that the store may not show yet, with its header (rule T4). `null`: deleted. */
export interface HandedRow {
  readonly value: Uint8Array | null;
  readonly born: number;
  readonly written: number;
}

const u32At = (bytes: Uint8Array, offset: number): number =>
  bytes[offset]! * 0x1000000 +
  ((bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!);

const bodyOf = (stored: Uint8Array): Uint8Array => {
  check(stored.length >= HEADER_BYTES, 'a stored row without header');
  return stored.subarray(HEADER_BYTES);
};

/** The rows of a space as the snapshot shows them. */
export class LiveBase implements RowBase {
  readonly #view: ReadView;
  readonly #prefix: BinaryKey;

  constructor(view: ReadView, space: number) {
    this.#view = view;
    this.#prefix = spacePrefix(space);
  }

  get(key: BinaryKey): Uint8Array | undefined {
    const stored = this.#view.get('vatstore', this.#prefix + key);
    return stored === undefined ? undefined : bodyOf(stored);
  }

  keysAfter(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    const prefix = this.#prefix;
    const keys = this.#view.keysAfter('vatstore', prefix + after, prefix + end, limit);
    return keys.map(key => key.slice(prefix.length));
  }
}

export interface ReplayBaseOptions {
  readonly view: ReadView;
  readonly vat: number;
  readonly incarnation: number;
  readonly space: number;
  readonly handed: ReadonlyMap<BinaryKey, HandedRow>;
}

/**
 * The rows of a space as they were when the incarnation began: the pre-image; else the stored row
 * if its header says that an earlier incarnation created it; else nothing.
 */
export class ReplayBase implements RowBase {
  readonly #view: ReadView;
  readonly #incarnation: number;
  readonly #space: BinaryKey;
  readonly #preimages: BinaryKey;
  readonly #handed: ReadonlyMap<BinaryKey, HandedRow>;

  constructor({ view, vat, incarnation, space, handed }: ReplayBaseOptions) {
    this.#view = view;
    this.#incarnation = incarnation;
    this.#space = spacePrefix(space);
    this.#preimages = preimageSpacePrefix(vat, incarnation, space);
    this.#handed = handed;
  }

  get(key: BinaryKey): Uint8Array | undefined {
    const preimage = this.#view.get('preimage', this.#preimages + key);
    if (preimage !== undefined) return bodyOf(preimage);
    const handed = this.#handed.get(key);
    // What this incarnation wrote since the last block, the store shows as it was before.
    if (handed !== undefined && handed.written < this.#incarnation) {
      const isOld = this.#isOld(handed.born, handed.written);
      return isOld && handed.value !== null ? handed.value : undefined;
    }
    const stored = this.#view.get('vatstore', this.#space + key);
    if (stored === undefined) return undefined;
    return this.#isOld(u32At(stored, 0), u32At(stored, 4)) ? bodyOf(stored) : undefined;
  }

  keysAfter(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    const keys: BinaryKey[] = [];
    let from = after;
    while (keys.length < limit) {
      const next = this.#candidates(from, end, limit);
      if (next.length === 0) break;
      for (const key of next) {
        if (keys.length < limit && this.get(key) !== undefined) keys.push(key);
      }
      from = next[next.length - 1]!;
    }
    return keys;
  }

  /** The next keys that any source knows; complete up to the last one given. */
  #candidates(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    const found = new Set<BinaryKey>();
    for (const [table, prefix] of [
      ['vatstore', this.#space],
      ['preimage', this.#preimages],
    ] as const) {
      for (const key of this.#view.keysAfter(table, prefix + after, prefix + end, limit)) {
        found.add(key.slice(prefix.length));
      }
    }
    for (const key of this.#handed.keys()) if (key > after && key < end) found.add(key);
    return [...found].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
  }

  #isOld(born: number, written: number): boolean {
    if (born >= this.#incarnation) return false;
    check(written < this.#incarnation, 'a row was overwritten without a pre-image');
    return true;
  }
}
