/** The storage keys in the kernel's own terms. The bytes are spelled by the store alone. */
import {
  clistKrefKey,
  clistKrefKindPrefix,
  clistKrefPrefix,
  clistVrefKey,
  clistVrefPrefix,
  countersKey,
  HOST_RESULT_PREFIX,
  hostResultKey,
  KREF_OBJECT,
  KREF_PROMISE,
  objectKey,
  pinKey,
  preimageKey,
  preimagePrefix,
  prefixEnd,
  promiseKey,
  promiseQueueKey,
  readU32,
  readU48,
  readU8,
  remainderKey,
  REMAINDER_PREFIX,
  RUN_QUEUE_PREFIX,
  runQueueKey,
  spacePrefix,
  transcriptKey,
  VAT_PREFIX,
  vatCountersKey,
  vatKey,
  vatNameKey,
  vatstoreKey,
  type BinaryKey,
} from '@heirloom/store';
import { isPromiseKRef, krefNumber, objectKRef, promiseKRef, type KRef } from './krefs.js';

const kindOf = (kref: KRef): typeof KREF_OBJECT | typeof KREF_PROMISE =>
  isPromiseKRef(kref) ? KREF_PROMISE : KREF_OBJECT;

/** A range of keys: those with a prefix. */
export interface KeyRange {
  readonly prefix: BinaryKey;
  readonly end: BinaryKey;
}
const range = (prefix: BinaryKey): KeyRange => ({ prefix, end: prefixEnd(prefix) });

export const keys = {
  counters: countersKey(),
  object: objectKey,
  promise: promiseKey,
  promiseQueue: promiseQueueKey,
  queueItem: runQueueKey,
  queueOrdinal: (key: BinaryKey): number => readU48(key, RUN_QUEUE_PREFIX.length),
  vat: vatKey,
  vatOf: (key: BinaryKey): number => readU32(key, VAT_PREFIX.length),
  vatCounters: vatCountersKey,
  /** vref → kref. */
  export: clistVrefKey,
  /** kref → vref. */
  clist: (vat: number, kref: KRef): BinaryKey => clistKrefKey(vat, kindOf(kref), krefNumber(kref)),
  clistKRef: (key: BinaryKey): KRef => {
    const at = clistKrefPrefix(0).length;
    const n = readU48(key, at + 1);
    return readU8(key, at) === KREF_PROMISE ? promiseKRef(n) : objectKRef(n);
  },
  name: vatNameKey,
  pin: (kref: KRef): BinaryKey => pinKey(kindOf(kref), krefNumber(kref)),
  hostResult: hostResultKey,
  hostResultInput: (key: BinaryKey): number => readU48(key, HOST_RESULT_PREFIX.length),
  cleanup: remainderKey,
  cleanupOf: (key: BinaryKey): readonly [vat: number, incarnation: number] => [
    readU32(key, REMAINDER_PREFIX.length),
    readU32(key, REMAINDER_PREFIX.length + 4),
  ],
  transcript: transcriptKey,
  vatRow: vatstoreKey,
  preImage: preimageKey,
} as const;

export const ranges = {
  queue: range(RUN_QUEUE_PREFIX),
  vats: range(VAT_PREFIX),
  hostResults: range(HOST_RESULT_PREFIX),
  cleanup: range(REMAINDER_PREFIX),
  clistPromises: (vat: number): KeyRange => range(clistKrefKindPrefix(vat, KREF_PROMISE)),
  clist: (vat: number): KeyRange => range(clistKrefPrefix(vat)),
  exports: (vat: number): KeyRange => range(clistVrefPrefix(vat)),
  /** Exports that die with an incarnation. */
  mortalExports: (vat: number, incarnation: number): readonly KeyRange[] => [
    range(clistVrefKey(vat, `o+e${incarnation}/`)),
    range(clistVrefKey(vat, `o+v${incarnation}/`)),
  ],
  preImages: (vat: number, incarnation: number): KeyRange =>
    range(preimagePrefix(vat, incarnation)),
  space: (space: number): KeyRange => range(spacePrefix(space)),
} as const;
