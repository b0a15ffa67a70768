/** What a row is of, for those who look into a vat's rows from outside. */
import type { BinaryKey } from '@heirloom/store';
import {
  ROW_COLLECTION_PREFIX,
  ROW_OBJECT_PREFIX,
  readU32,
  readU48,
  rowEntry,
  rowEntryPrefix,
  rowRefEntryPrefix,
} from '@heirloom/store/keys';
import { describeText } from '../kinds/describe-kind.js';
import { unpackNumber, unpackRow } from '../rows/frames.js';

/** Of durable things alone; `cid`: the number of a store. */
export type RowPlace =
  | { readonly type: 'entry' | 'collection'; readonly cid: number }
  | { readonly type: 'object'; readonly kind: number };

/** The store of every vat that its starts are given. */
export const BAGGAGE_CID = 1;

/** The number of the kind that is liveslots' own; `bytes`: the row that says so. */
export const describeOwnKind = (bytes: Uint8Array): number => unpackNumber(bytes);

const [ENTRY, REF_ENTRY] = [rowEntryPrefix(0)[0], rowRefEntryPrefix(0)[0]];

/** Undefined: of something else. */
export const placeOfRow = (key: BinaryKey): RowPlace | undefined => {
  const [table] = key;
  if (table === ENTRY || table === REF_ENTRY) return { type: 'entry', cid: readU48(key, 1) };
  if (table === ROW_COLLECTION_PREFIX) return { type: 'collection', cid: readU48(key, 1) };
  if (table === ROW_OBJECT_PREFIX) return { type: 'object', kind: readU32(key, 1) };
  return undefined;
};

export interface CollectionDescription {
  readonly label: string;
  /** Does a row of the vat hold it, or does anybody outside reach it? */
  readonly isHeld: boolean;
}

/** `bytes`: the row of a collection. Throws where it is none. */
export const describeCollection = (bytes: Uint8Array): CollectionDescription => {
  const [, label, , , , count, es] = unpackRow('collection', bytes);
  return { label: describeText(label), isHeld: count > 0 || es.includes('r') };
};

/** Of a state or an entry what vat code has put there; of another row all of it. */
export const storedContent = (key: BinaryKey, bytes: Uint8Array): Uint8Array | null => {
  const type = placeOfRow(key)?.type;
  if (type === 'object') return unpackRow('object', bytes)[6];
  if (type !== 'entry') return bytes;
  return key[0] === ENTRY ? entryBody(bytes) : unpackRow('refEntry', bytes)[1];
};

/** Does a durable row mention the import? `bytes`: its row of table `40`. */
export const isHeldImport = (bytes: Uint8Array): boolean => unpackRow('importRef', bytes)[0] > 0;

/** The data of an entry; null for a member of a set, and for the key of a remotable. */
export const entryBody = (bytes: Uint8Array): Uint8Array | null =>
  bytes.length === 0 ? null : unpackRow('entry', bytes)[0];

/** Where the entry of a store stands whose key is an ASCII string (collection-keys.ts). */
export const asciiEntryKey = (cid: number, key: string): BinaryKey => rowEntry(cid, `s${key}`);

/** How many entries a store has. `bytes`: its row of table `31`. */
export const entryCountOf = (bytes: Uint8Array): number => unpackRow('collectionCounts', bytes)[0];
