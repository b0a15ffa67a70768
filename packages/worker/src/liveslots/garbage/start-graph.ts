/**
 * What held what when the incarnation began: durable rows, read as they were then.
 *
 * Nothing changes that graph while the incarnation lasts, so that it can be walked in as many
 * cranks as it takes, and a replay sees the same (rules.md#t2).
 */
import type { BinaryKey } from '@heirloom/store';
import {
  ROW_COLLECTION_PREFIX,
  ROW_DURABLE_PROMISE_PREFIX,
  ROW_KIND_PREFIX,
  ROW_OBJECT_PREFIX,
  ROW_WATCHER_PREFIX,
  ROW_WATCH_PREFIX,
  prefixEnd,
  readU32,
  readU48,
  rowCollection,
  rowEntryPrefix,
  rowObject,
  rowRefEntryPrefix,
} from '@heirloom/store/keys';
import type { StartRows } from '../../contracts/row-store.js';
import type { Slots } from '../../protocol/passables.js';
import { FIRST_USER_CID } from '../rows/counters.js';
import { vrefIn } from '../rows/decoded.js';
import { generationIn, statusIn } from '../rows/forks.js';
import { unpackRow } from '../rows/frames.js';

/** Keys that are read ahead. */
const CHUNK_KEYS = 64;
const KIND_BYTES = 5;

/** A thing that has a row: an instance of a kind, or a collection. */
export type RowThing =
  | { readonly type: 'object'; readonly kind: number; readonly instance: number }
  | { readonly type: 'collection'; readonly cid: number };

/** A thing, and whether the kernel reached it. */
interface FoundThing {
  readonly thing: RowThing;
  readonly isReached: boolean;
}

interface CollectionStart {
  readonly storeKind: number;
  readonly shapeSlots: Slots;
}

export class StartGraph {
  readonly #rows: StartRows;

  constructor(rows: StartRows) {
    this.#rows = rows;
  }

  /** What rows hold that belong to no thing: kinds, watches, durable promises, own collections. */
  *roots(): Generator<Slots> {
    for (const key of this.#keys(ROW_KIND_PREFIX)) yield unpackRow('kind', this.#need(key))[3];
    for (const key of this.#keys(ROW_WATCH_PREFIX)) {
      yield unpackRow('watch', this.#need(key))[0].flatMap(([, slots]) => slots);
    }
    for (const key of this.#keys(ROW_WATCHER_PREFIX)) yield unpackRow('watcher', this.#need(key));
    for (const key of this.#keys(ROW_DURABLE_PROMISE_PREFIX)) {
      yield unpackRow('durablePromise', this.#need(key));
    }
    for (const cid of Array(FIRST_USER_CID).keys()) {
      const collection = this.collection(cid);
      if (collection === undefined) continue;
      yield collection.shapeSlots;
      yield* this.entries(cid, false);
    }
  }

  /** Every instance and every collection of vat code, in order of their rows. */
  *things(): Generator<FoundThing> {
    const generation = generationIn(this.#rows);
    const isReached = (es: string): boolean => statusIn(generation, es).includes('r');
    for (const key of this.#keys(ROW_OBJECT_PREFIX)) {
      const [, , , es] = unpackRow('object', this.#need(key));
      const kind = readU32(key, ROW_OBJECT_PREFIX.length);
      const thing = { type: 'object', kind, instance: readU48(key, KIND_BYTES) } as const;
      yield { thing, isReached: isReached(es) };
    }
    for (const key of this.#keys(ROW_COLLECTION_PREFIX)) {
      const cid = readU48(key, ROW_COLLECTION_PREFIX.length);
      const [, , , , , , es] = unpackRow('collection', this.#need(key));
      if (cid < FIRST_USER_CID) continue;
      yield { thing: { type: 'collection', cid }, isReached: isReached(es) };
    }
  }

  /** What an instance held; nothing if there was none. */
  objectSlots(kind: number, instance: number): Slots {
    const bytes = this.#rows.get(rowObject(kind, instance));
    return bytes === undefined ? [] : unpackRow('object', bytes)[7];
  }

  collection(cid: number): CollectionStart | undefined {
    const bytes = this.#rows.get(rowCollection(cid));
    if (bytes === undefined) return undefined;
    const [storeKind, , , , [keySlots, valueSlots]] = unpackRow('collection', bytes);
    return { storeKind, shapeSlots: [...keySlots, ...valueSlots] };
  }

  /** What the entries of a collection held, a row at a time. */
  *entries(cid: number, isWeak: boolean): Generator<Slots> {
    for (const key of this.#keys(rowEntryPrefix(cid))) {
      const bytes = this.#need(key);
      // That of a remotable key is empty.
      yield bytes.length === 0 ? [] : unpackRow('entry', bytes)[1];
    }
    const prefix = rowRefEntryPrefix(cid);
    for (const key of this.#keys(prefix)) {
      const [, , slots] = unpackRow('refEntry', this.#need(key));
      yield isWeak ? slots : [...slots, vrefIn(key, prefix.length)];
    }
  }

  *#keys(prefix: BinaryKey): Generator<BinaryKey> {
    const end = prefixEnd(prefix);
    let after = prefix;
    for (;;) {
      const keys = this.#rows.keysAfter(after, end, CHUNK_KEYS);
      yield* keys;
      const last = keys.at(-1);
      if (last === undefined || keys.length < CHUNK_KEYS) return;
      after = last;
    }
  }

  #need(key: BinaryKey): Uint8Array {
    const bytes = this.#rows.get(key);
    if (bytes === undefined) throw Error('a row that was there when the incarnation began');
    return bytes;
  }
}
