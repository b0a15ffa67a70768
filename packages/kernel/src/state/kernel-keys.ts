/** The storage keys in the kernel's own terms. The bytes are spelled by the store alone. */
import {
  alarmKey,
  ALARM_PREFIX,
  BOUND_NAME_PREFIX,
  boundNameKey,
  BUNDLE_CAP_PREFIX,
  bundleCapKey,
  bundleNameKey,
  clistKrefKey,
  clistKrefKindPrefix,
  clistKrefPrefix,
  clistVrefKey,
  clistVrefPrefix,
  COLLECT_PREFIX,
  collectKey,
  collectPrefix,
  countKey,
  DISMISSAL_PREFIX,
  dismissalKey,
  DUE_PREFIX,
  dueKey,
  HOST_CALL_PREFIX,
  HOST_RESULT_PREFIX,
  hostCallKey,
  hostObjectKey,
  hostResultKey,
  kernelObjectKey,
  KREF_OBJECT,
  KREF_PROMISE,
  objectKey,
  parkedKey,
  PARKED_PREFIX,
  parkedPrefix,
  PIN_PREFIX,
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
  SPACE_COPY_PREFIX,
  spaceCopyKey,
  spaceUsersKey,
  STRANDED_PREFIX,
  strandedKey,
  SUSPECT_PREFIX,
  suspectKey,
  textOfKey,
  transcriptPrefix,
  VAT_PREFIX,
  vatCountersKey,
  vatKey,
  vatNameKey,
  waitKey,
  waitPrefix,
  type BinaryKey,
} from '@heirloom/store';
import {
  storedBundleId,
  storedIncarnation,
  storedPosition,
  storedSpace,
  storedVatNumber,
  storedVRef,
  type BundleId,
  type Incarnation,
  type Position,
  type Space,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { storedInput, type InputNumber } from './input-numbers.js';
import {
  isPromiseKRef,
  krefNumber,
  objectKRef,
  promiseKRef,
  storedKRef,
  type KRef,
} from './krefs.js';

type KRefKind = typeof KREF_OBJECT | typeof KREF_PROMISE;
const kindOf = (kref: KRef): KRefKind => (isPromiseKRef(kref) ? KREF_PROMISE : KREF_OBJECT);

/** The reference at a place of a key: its kind, then its number. */
export const readKRef = (key: BinaryKey, offset: number): KRef => {
  const n = readU48(key, offset + 1);
  return readU8(key, offset) === KREF_PROMISE ? promiseKRef(n) : objectKRef(n);
};

/** A range of keys: those with a prefix, as a rule. */
export interface KeyRange {
  /** No row has this key: it is shorter than any of the range. */
  readonly prefix: BinaryKey;
  readonly end: BinaryKey;
}
const range = (prefix: BinaryKey): KeyRange => ({ prefix, end: prefixEnd(prefix) });

/** In RAM a row of a vat goes by one number: the vat's, and one below 2^32. */
const PER_VAT_MAX = 2 ** 32;
const pairKey = (vat: VatNumber, n: number): number => vat * PER_VAT_MAX + n;
const pairOf = (key: number): readonly [vat: VatNumber, n: number] => [
  storedVatNumber(Math.floor(key / PER_VAT_MAX)),
  key % PER_VAT_MAX,
];

/** Ended incarnations. */
export const endedKey: (vat: VatNumber, incarnation: Incarnation) => number = pairKey;
export const endedOf = (key: number): readonly [vat: VatNumber, incarnation: Incarnation] => {
  const [vat, n] = pairOf(key);
  return [vat, storedIncarnation(n)];
};

/** Dismissed kinds. */
export const dismissalsKey: (vat: VatNumber, kind: number) => number = pairKey;
export const dismissalOf: (key: number) => readonly [vat: VatNumber, kind: number] = pairOf;

/** What waits for a stranded vat, by its ordinal on the run queue. */
export const parkedItemKey = (vat: VatNumber, ordinal: number): string => `${vat}/${ordinal}`;

/** The vat's number at a place of a key. */
export const readVat = (key: BinaryKey, offset: number): VatNumber =>
  storedVatNumber(readU32(key, offset));
export const readIncarnation = (key: BinaryKey, offset: number): Incarnation =>
  storedIncarnation(readU32(key, offset));
export const readSpace = (key: BinaryKey, offset: number): Space =>
  storedSpace(readU32(key, offset));
export const readPosition = (key: BinaryKey, offset: number): Position =>
  storedPosition(readU48(key, offset));

/** Other rows go by texts in RAM: the number that such a text begins with, and its last one. */
const firstNumber = (key: string): number => Number.parseInt(key, 10);
const lastNumber = (key: string, mark: string): number =>
  Number(key.slice(key.lastIndexOf(mark) + 1));

/** What `vat/action/kref` is made of. */
export const collectOf = (key: string): readonly [vat: VatNumber, action: number, kref: KRef] => [
  storedVatNumber(firstNumber(key)),
  Number(key.slice(key.indexOf('/') + 1, key.lastIndexOf('/'))),
  storedKRef(lastNumber(key, '/')),
];

/** The time of `time kref`. */
export const alarmTimeOf = firstNumber;

/** The promise of `subject kref` and of `time kref`. */
export const waiterOf = (key: string): KRef => storedKRef(lastNumber(key, ' '));

/** How each table spells its keys, and reads them back where it is scanned. */
export const spellings = {
  object: { spell: (kref: KRef): BinaryKey => objectKey(krefNumber(kref)) },
  promise: { spell: (kref: KRef): BinaryKey => promiseKey(krefNumber(kref)) },
  /** (promise, ordinal) as `kref/ordinal`. */
  promiseQueue: {
    spell: (key: string): BinaryKey => {
      const promise = storedKRef(firstNumber(key));
      return promiseQueueKey(krefNumber(promise), lastNumber(key, '/'));
    },
  },
  queue: {
    spell: runQueueKey,
    parse: (key: BinaryKey): number => readU48(key, RUN_QUEUE_PREFIX.length),
  },
  vat: {
    spell: (vat: VatNumber): BinaryKey => vatKey(vat),
    parse: (key: BinaryKey): VatNumber => readVat(key, VAT_PREFIX.length),
  },
  vatCounters: { spell: (vat: VatNumber): BinaryKey => vatCountersKey(vat) },
  stranded: {
    spell: (vat: VatNumber): BinaryKey => strandedKey(vat),
    parse: (key: BinaryKey): VatNumber => readVat(key, STRANDED_PREFIX.length),
  },
  /** `parkedItemKey(vat, ordinal)`. */
  parked: {
    spell: (key: string): BinaryKey => parkedKey(firstNumber(key), lastNumber(key, '/')),
    parse: (key: BinaryKey): string => {
      const at = PARKED_PREFIX.length;
      return parkedItemKey(readVat(key, at), readU48(key, at + 4));
    },
  },
  spaceUsers: { spell: (space: Space): BinaryKey => spaceUsersKey(space) },
  spaceCopy: {
    spell: (space: Space): BinaryKey => spaceCopyKey(space),
    parse: (key: BinaryKey): Space => readSpace(key, SPACE_COPY_PREFIX.length),
  },
  name: { spell: vatNameKey },
  pin: {
    spell: (kref: KRef): BinaryKey => pinKey(kindOf(kref), krefNumber(kref)),
    parse: (key: BinaryKey): KRef => readKRef(key, PIN_PREFIX.length),
  },
  boundName: {
    spell: boundNameKey,
    parse: (key: BinaryKey): string => textOfKey(key, BOUND_NAME_PREFIX.length),
  },
  hostResult: {
    spell: (input: InputNumber): BinaryKey => hostResultKey(input),
    parse: (key: BinaryKey): InputNumber => storedInput(readU48(key, HOST_RESULT_PREFIX.length)),
  },
  cleanup: {
    spell: (key: number): BinaryKey => remainderKey(...endedOf(key)),
    parse: (key: BinaryKey): number =>
      endedKey(
        readVat(key, REMAINDER_PREFIX.length),
        readIncarnation(key, REMAINDER_PREFIX.length + 4),
      ),
  },
  dismissal: {
    spell: (key: number): BinaryKey => dismissalKey(...dismissalOf(key)),
    parse: (key: BinaryKey): number =>
      dismissalsKey(
        readVat(key, DISMISSAL_PREFIX.length),
        readU32(key, DISMISSAL_PREFIX.length + 4),
      ),
  },
  /** (vat, action, object) as `vat/action/kref`. */
  collect: {
    spell: (key: string): BinaryKey => {
      const [vat, action, kref] = collectOf(key);
      return collectKey(vat, action, krefNumber(kref));
    },
    parse: (key: BinaryKey): string => {
      const at = COLLECT_PREFIX.length;
      const kref = objectKRef(readU48(key, at + 5));
      return `${readU32(key, at)}/${readU8(key, at + 4)}/${kref}`;
    },
  },
  due: {
    spell: (kref: KRef): BinaryKey => dueKey(kindOf(kref), krefNumber(kref)),
    parse: (key: BinaryKey): KRef => readKRef(key, DUE_PREFIX.length),
  },
  suspect: {
    spell: (kref: KRef): BinaryKey => suspectKey(krefNumber(kref)),
    parse: (key: BinaryKey): KRef => promiseKRef(readU48(key, SUSPECT_PREFIX.length)),
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
      const subject = key.slice(0, key.lastIndexOf(' '));
      return waitKey(subject, krefNumber(waiterOf(key)));
    },
    parse: (key: BinaryKey): string => {
      const end = key.length - 6; // behind the subject: 00, then the promise
      return `${key.slice(1, end - 1)} ${promiseKRef(readU48(key, end))}`;
    },
  },
  /** (time, promise) as `time kref`. */
  alarm: {
    spell: (key: string): BinaryKey => alarmKey(firstNumber(key), krefNumber(waiterOf(key))),
    parse: (key: BinaryKey): string => {
      const at = ALARM_PREFIX.length;
      return `${readU48(key, at)} ${promiseKRef(readU48(key, at + 6))}`;
    },
  },
  bundleCap: {
    spell: (bundleId: BundleId): BinaryKey => bundleCapKey(bundleId),
    parse: (key: BinaryKey): BundleId => storedBundleId(key.slice(BUNDLE_CAP_PREFIX.length)),
  },
  bundleName: { spell: bundleNameKey },
  count: { spell: countKey },
  byKRef: (vat: VatNumber) => ({
    spell: (kref: KRef): BinaryKey => clistKrefKey(vat, kindOf(kref), krefNumber(kref)),
    parse: (key: BinaryKey): KRef => readKRef(key, clistKrefPrefix(vat).length),
  }),
  byVRef: (vat: VatNumber) => ({
    spell: (vref: VRef): BinaryKey => clistVrefKey(vat, vref),
    parse: (key: BinaryKey): VRef => storedVRef(key.slice(clistVrefPrefix(vat).length)),
  }),
} as const;

export const ranges = {
  queue: range(RUN_QUEUE_PREFIX),
  bundleCaps: range(BUNDLE_CAP_PREFIX),
  pins: range(PIN_PREFIX),
  boundNames: range(BOUND_NAME_PREFIX),
  vats: range(VAT_PREFIX),
  hostResults: range(HOST_RESULT_PREFIX),
  cleanup: range(REMAINDER_PREFIX),
  stranded: range(STRANDED_PREFIX),
  spaceCopies: range(SPACE_COPY_PREFIX),
  parked: (vat: VatNumber): KeyRange => range(parkedPrefix(vat)),
  collect: range(COLLECT_PREFIX),
  collectOf: (vat: VatNumber): KeyRange => range(collectPrefix(vat)),
  hostCalls: range(HOST_CALL_PREFIX),
  waits: (subject: string): KeyRange => range(waitPrefix(subject)),
  alarms: range(ALARM_PREFIX),
  clistPromises: (vat: VatNumber): KeyRange => range(clistKrefKindPrefix(vat, KREF_PROMISE)),
  byKRef: (vat: VatNumber): KeyRange => range(clistKrefPrefix(vat)),
  byVRef: (vat: VatNumber): KeyRange => range(clistVrefPrefix(vat)),
  dismissals: range(DISMISSAL_PREFIX),
  /** Exports of a durable kind. */
  exportsOfKind: (vat: VatNumber, kind: number): KeyRange =>
    range(clistVrefKey(vat, `o+d${kind}/`)),
  /** Exports that die with an incarnation. */
  mortalExports: (vat: VatNumber, incarnation: Incarnation): readonly KeyRange[] => [
    range(clistVrefKey(vat, `o+e${incarnation}/`)),
    range(clistVrefKey(vat, `o+v${incarnation}/`)),
  ],
  preImages: (vat: VatNumber, incarnation: Incarnation): KeyRange =>
    range(preimagePrefix(vat, incarnation)),
  transcript: (vat: VatNumber, incarnation: Incarnation): KeyRange =>
    range(transcriptPrefix(vat, incarnation)),
  space: (space: Space): KeyRange => range(spacePrefix(space)),
} as const;
