/** The storage keys in the kernel's own terms. The bytes are spelled by the store alone. */
import {
  alarmKey,
  ALARM_PREFIX,
  bundleCapKey,
  bundleNameKey,
  clistKrefKey,
  clistKrefKindPrefix,
  clistKrefPrefix,
  clistVrefKey,
  clistVrefPrefix,
  COLLECT_PREFIX,
  collectKey,
  countKey,
  DISMISSAL_PREFIX,
  dismissalKey,
  HOST_CALL_PREFIX,
  HOST_RESULT_PREFIX,
  hostCallKey,
  hostObjectKey,
  hostResultKey,
  kernelObjectKey,
  KREF_OBJECT,
  KREF_PROMISE,
  objectKey,
  pinKey,
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
  spaceUsersKey,
  transcriptPrefix,
  VAT_PREFIX,
  vatCountersKey,
  vatKey,
  vatNameKey,
  waitKey,
  waitPrefix,
  type BinaryKey,
} from '@heirloom/store';
import type { VRef } from '@heirloom/worker';
import { isPromiseKRef, krefNumber, objectKRef, promiseKRef, type KRef } from './krefs.js';

type KRefKind = typeof KREF_OBJECT | typeof KREF_PROMISE;
const kindOf = (kref: KRef): KRefKind => (isPromiseKRef(kref) ? KREF_PROMISE : KREF_OBJECT);

/** A range of keys: those with a prefix. */
export interface KeyRange {
  readonly prefix: BinaryKey;
  readonly end: BinaryKey;
}
const range = (prefix: BinaryKey): KeyRange => ({ prefix, end: prefixEnd(prefix) });

/** Ended incarnations go by one number in RAM. */
const INCARNATIONS_MAX = 2 ** 32;
export const endedKey = (vat: number, incarnation: number): number =>
  vat * INCARNATIONS_MAX + incarnation;
export const endedOf = (key: number): readonly [vat: number, incarnation: number] => [
  Math.floor(key / INCARNATIONS_MAX),
  key % INCARNATIONS_MAX,
];

/** Dismissed kinds go by one number in RAM, as ended incarnations do. */
export const dismissalsKey = endedKey;
export const dismissalOf = endedOf;

/** How each table spells its keys, and reads them back where it is scanned. */
export const spellings = {
  object: { spell: (kref: KRef): BinaryKey => objectKey(krefNumber(kref)) },
  promise: { spell: (kref: KRef): BinaryKey => promiseKey(krefNumber(kref)) },
  /** (promise, ordinal) as `kref/ordinal`. */
  promiseQueue: {
    spell: (key: string): BinaryKey => {
      const [kref, ordinal] = key.split('/').map(Number);
      return promiseQueueKey(krefNumber(kref as KRef), ordinal!);
    },
  },
  queue: {
    spell: runQueueKey,
    parse: (key: BinaryKey): number => readU48(key, RUN_QUEUE_PREFIX.length),
  },
  vat: { spell: vatKey, parse: (key: BinaryKey): number => readU32(key, VAT_PREFIX.length) },
  vatCounters: { spell: vatCountersKey },
  spaceUsers: { spell: spaceUsersKey },
  name: { spell: vatNameKey },
  pin: { spell: (kref: KRef): BinaryKey => pinKey(kindOf(kref), krefNumber(kref)) },
  hostResult: {
    spell: hostResultKey,
    parse: (key: BinaryKey): number => readU48(key, HOST_RESULT_PREFIX.length),
  },
  cleanup: {
    spell: (key: number): BinaryKey => remainderKey(...endedOf(key)),
    parse: (key: BinaryKey): number =>
      endedKey(readU32(key, REMAINDER_PREFIX.length), readU32(key, REMAINDER_PREFIX.length + 4)),
  },
  dismissal: {
    spell: (key: number): BinaryKey => dismissalKey(...dismissalOf(key)),
    parse: (key: BinaryKey): number =>
      dismissalsKey(
        readU32(key, DISMISSAL_PREFIX.length),
        readU32(key, DISMISSAL_PREFIX.length + 4),
      ),
  },
  /** (vat, action, object) as `vat/action/kref`. */
  collect: {
    spell: (key: string): BinaryKey => {
      const [vat, action, kref] = key.split('/').map(Number);
      return collectKey(vat!, action!, krefNumber(kref as KRef));
    },
    parse: (key: BinaryKey): string => {
      const at = COLLECT_PREFIX.length;
      const kref = objectKRef(readU48(key, at + 5));
      return `${readU32(key, at)}/${readU8(key, at + 4)}/${kref}`;
    },
  },
  hostObject: { spell: hostObjectKey },
  hostCall: {
    spell: hostCallKey,
    parse: (key: BinaryKey): number => readU48(key, HOST_CALL_PREFIX.length),
  },
  kernelObject: { spell: (kref: KRef): BinaryKey => kernelObjectKey(krefNumber(kref)) },
  /** (subject, promise) as `subject kref`. */
  wait: {
    spell: (key: string): BinaryKey => {
      const [subject, kref] = key.split(' ');
      return waitKey(subject!, krefNumber(Number(kref) as KRef));
    },
    parse: (key: BinaryKey): string => {
      const end = key.length - 6; // behind the subject: 00, then the promise
      return `${key.slice(1, end - 1)} ${promiseKRef(readU48(key, end))}`;
    },
  },
  /** (time, promise) as `time kref`. */
  alarm: {
    spell: (key: string): BinaryKey => {
      const [time, kref] = key.split(' ').map(Number);
      return alarmKey(time!, krefNumber(kref as KRef));
    },
    parse: (key: BinaryKey): string => {
      const at = ALARM_PREFIX.length;
      return `${readU48(key, at)} ${promiseKRef(readU48(key, at + 6))}`;
    },
  },
  bundleCap: { spell: bundleCapKey },
  bundleName: { spell: bundleNameKey },
  count: { spell: countKey },
  byKRef: (vat: number) => ({
    spell: (kref: KRef): BinaryKey => clistKrefKey(vat, kindOf(kref), krefNumber(kref)),
    parse: (key: BinaryKey): KRef => {
      const at = clistKrefPrefix(vat).length;
      const n = readU48(key, at + 1);
      return readU8(key, at) === KREF_PROMISE ? promiseKRef(n) : objectKRef(n);
    },
  }),
  byVRef: (vat: number) => ({
    spell: (vref: VRef): BinaryKey => clistVrefKey(vat, vref),
    parse: (key: BinaryKey): VRef => key.slice(clistVrefPrefix(vat).length) as VRef,
  }),
} as const;

export const ranges = {
  queue: range(RUN_QUEUE_PREFIX),
  vats: range(VAT_PREFIX),
  hostResults: range(HOST_RESULT_PREFIX),
  cleanup: range(REMAINDER_PREFIX),
  collect: range(COLLECT_PREFIX),
  hostCalls: range(HOST_CALL_PREFIX),
  waits: (subject: string): KeyRange => range(waitPrefix(subject)),
  alarms: range(ALARM_PREFIX),
  clistPromises: (vat: number): KeyRange => range(clistKrefKindPrefix(vat, KREF_PROMISE)),
  byKRef: (vat: number): KeyRange => range(clistKrefPrefix(vat)),
  byVRef: (vat: number): KeyRange => range(clistVrefPrefix(vat)),
  dismissals: range(DISMISSAL_PREFIX),
  /** Exports of a durable kind. */
  exportsOfKind: (vat: number, kind: number): KeyRange =>
    range(clistVrefKey(vat, `o+d${kind}/`)),
  /** Exports that die with an incarnation. */
  mortalExports: (vat: number, incarnation: number): readonly KeyRange[] => [
    range(clistVrefKey(vat, `o+e${incarnation}/`)),
    range(clistVrefKey(vat, `o+v${incarnation}/`)),
  ],
  preImages: (vat: number, incarnation: number): KeyRange =>
    range(preimagePrefix(vat, incarnation)),
  transcript: (vat: number, incarnation: number): KeyRange =>
    range(transcriptPrefix(vat, incarnation)),
  space: (space: number): KeyRange => range(spacePrefix(space)),
} as const;
