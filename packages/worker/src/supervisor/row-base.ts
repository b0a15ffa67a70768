/**
 * What lies under a vat's own writes: the store as one snapshot shows it, now or at the start of
 * the incarnation (rules.md#t2).
 */
import type { BinaryKey, ReadView, TableName } from '@heirloom/store';
import { partOf } from '@heirloom/store/bytes';
import { preimageSpacePrefix, spacePrefix } from '@heirloom/store/keys';
import { required } from '@heirloom/store/types';
import { check } from '../check.js';
import {
  lowestOf,
  type Incarnation,
  type Spaces,
  type VatNumber,
} from '../protocol/vat-numbers.js';

/** A stored row: `born u32 ‖ written u32 ‖ bytes`. What is shorter is a tombstone (rules.md#u5). */
const HEADER_BYTES = 8;

export interface RowBase {
  get(key: BinaryKey): Uint8Array | undefined;
  /** The keys after `after` and before `end`, at most `limit`, in order. */
  keysAfter(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[];
}

/** A row that the store may not show yet, with its header (rules.md#t4). `null`: deleted. */
export interface HandedRow {
  readonly value: Uint8Array | null;
  readonly born: number;
  readonly written: number;
}

const byteAt = (bytes: Uint8Array, at: number): number => required(bytes[at], 'a byte of a header');
const u32At = (bytes: Uint8Array, at: number): number =>
  byteAt(bytes, at) * 0x1000000 +
  ((byteAt(bytes, at + 1) << 16) | (byteAt(bytes, at + 2) << 8) | byteAt(bytes, at + 3));

const bodyOf = (stored: Uint8Array): Uint8Array => {
  check(stored.length >= HEADER_BYTES, 'a stored row without header');
  return partOf(stored, HEADER_BYTES);
};

interface Source {
  readonly table: TableName;
  readonly prefix: BinaryKey;
}

/** The next keys that any of the sources has, in order; complete up to the last one given. */
const nextKeys = (
  view: ReadView,
  sources: readonly Source[],
  ...[after, end, limit]: [after: BinaryKey, end: BinaryKey, limit: number]
): BinaryKey[] => {
  const lists = sources.map(({ table, prefix }) =>
    view
      .keysAfter(table, prefix + after, prefix + end, limit)
      .map(key => key.slice(prefix.length)),
  );
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only;
  return [...new Set(lists.flat())].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
};

/** Those of the keys, as `next` gives them, that there is a row for. */
const presentKeys = (
  next: (after: BinaryKey, end: BinaryKey, limit: number) => BinaryKey[],
  isPresent: (key: BinaryKey) => boolean,
  ...[after, end, limit]: [after: BinaryKey, end: BinaryKey, limit: number]
): BinaryKey[] => {
  const keys: BinaryKey[] = [];
  let from = after;
  while (keys.length < limit) {
    const some = next(from, end, limit);
    const last = some.at(-1);
    if (last === undefined) break;
    for (const key of some) {
      if (keys.length < limit && isPresent(key)) keys.push(key);
    }
    from = last;
  }
  return keys;
};

/** Rows of a vat as the snapshot has them, with their headers: the first space that says. */
class StoredRows {
  readonly #view: ReadView;
  readonly sources: readonly Source[];

  constructor(view: ReadView, spaces: Spaces) {
    this.#view = view;
    this.sources = spaces.map(space => ({ table: 'vatstore', prefix: spacePrefix(space) }));
  }

  get(key: BinaryKey): Uint8Array | undefined {
    for (const { prefix } of this.sources) {
      const stored = this.#view.get('vatstore', prefix + key);
      if (stored !== undefined) return stored.length < HEADER_BYTES ? undefined : stored;
    }
    return undefined;
  }
}

/** The rows of a vat as the snapshot shows them. */
export class LiveBase implements RowBase {
  readonly #view: ReadView;
  readonly #stored: StoredRows;

  constructor(view: ReadView, spaces: Spaces) {
    this.#view = view;
    this.#stored = new StoredRows(view, spaces);
  }

  get(key: BinaryKey): Uint8Array | undefined {
    const stored = this.#stored.get(key);
    return stored === undefined ? undefined : bodyOf(stored);
  }

  keysAfter(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    const { sources } = this.#stored;
    const next = (...range: [BinaryKey, BinaryKey, number]): BinaryKey[] =>
      nextKeys(this.#view, sources, ...range);
    // Without a space below there are no tombstones.
    if (sources.length === 1) return next(after, end, limit);
    const isPresent = (key: BinaryKey): boolean => this.#stored.get(key) !== undefined;
    return presentKeys(next, isPresent, after, end, limit);
  }
}

interface ReplayBaseOptions {
  readonly view: ReadView;
  /** Under whose number pre-images stand. */
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
  readonly spaces: Spaces;
  readonly handed: ReadonlyMap<BinaryKey, HandedRow>;
  /** Pre-images that the store may not show yet. */
  readonly handedPreImages: ReadonlyMap<BinaryKey, Uint8Array>;
}

/**
 * The rows of a vat as they were when the incarnation began: the pre-image; else the row if its
 * header says that an earlier incarnation created it; else nothing.
 */
export class ReplayBase implements RowBase {
  readonly #view: ReadView;
  readonly #incarnation: Incarnation;
  readonly #stored: StoredRows;
  readonly #preimages: BinaryKey;
  readonly #handed: ReadonlyMap<BinaryKey, HandedRow>;
  readonly #handedPreImages: ReadonlyMap<BinaryKey, Uint8Array>;

  constructor(options: ReplayBaseOptions) {
    const { view, vat, incarnation, spaces, handed, handedPreImages } = options;
    this.#view = view;
    this.#incarnation = incarnation;
    this.#stored = new StoredRows(view, spaces);
    this.#preimages = preimageSpacePrefix(vat, incarnation, lowestOf(spaces));
    this.#handed = handed;
    this.#handedPreImages = handedPreImages;
  }

  get(key: BinaryKey): Uint8Array | undefined {
    const handedPreImage = this.#handedPreImages.get(key);
    if (handedPreImage !== undefined) return handedPreImage;
    const preimage = this.#view.get('preimage', this.#preimages + key);
    if (preimage !== undefined) return bodyOf(preimage);
    const handed = this.#handed.get(key);
    if (handed !== undefined) {
      // What this incarnation wrote and has no pre-image was not there when it began.
      if (handed.written >= this.#incarnation) return undefined;
      const isOld = this.#isOld(handed.born, handed.written);
      return isOld && handed.value !== null ? handed.value : undefined;
    }
    const stored = this.#stored.get(key);
    if (stored === undefined) return undefined;
    return this.#isOld(u32At(stored, 0), u32At(stored, 4)) ? bodyOf(stored) : undefined;
  }

  keysAfter(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    const isPresent = (key: BinaryKey): boolean => this.get(key) !== undefined;
    const next = (...range: [BinaryKey, BinaryKey, number]): BinaryKey[] =>
      this.#candidates(...range);
    return presentKeys(next, isPresent, after, end, limit);
  }

  /** The next keys that any source knows; complete up to the last one given. */
  #candidates(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    const preimages: Source = { table: 'preimage', prefix: this.#preimages };
    const sources = [...this.#stored.sources, preimages];
    const found = new Set(nextKeys(this.#view, sources, after, end, limit));
    for (const handed of [this.#handed, this.#handedPreImages]) {
      for (const key of handed.keys()) if (key > after && key < end) found.add(key);
    }
    return [...found].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
  }

  #isOld(born: number, written: number): boolean {
    if (born >= this.#incarnation) return false;
    check(written < this.#incarnation, 'a row was overwritten without a pre-image');
    return true;
  }
}
