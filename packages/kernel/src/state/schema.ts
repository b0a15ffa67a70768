/**
 * The rows of the `kernel` table as values: docs/tables.md says the same in words.
 *
 * Rows are plain tuples of safe integers, booleans, null, bytes and ASCII strings: exactly what a
 * frame carries, so that encoding is one call.
 */
import assert from 'node:assert/strict';
import { required, textOf, utf8, type Height } from '@heirloom/store';
import {
  FIRST_POSITION,
  FIRST_VAT,
  isVatNumber,
  storedVRef,
  type BundleId,
  type ImageId,
  type Incarnation,
  type Position,
  type Spaces,
  type TranscriptTuple,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { checkArity, dataWeight, frameCodec, same, single } from './frame-codec.js';
import { NO_INPUT, type InputNumber } from './input-numbers.js';
import { optionsOf, optionsTuple, type OptionsTuple, type VatOptions } from './kept-options.js';
import type { KRef } from './krefs.js';
import type { Decider, Owner, Subscriber } from './parties.js';
import { itemCodec, messageCodec } from './queue-items.js';

/**
 * How far a c-list entry or an export goes. An entry is allocated at wave start and counts from the
 * merge on (rules.md#w1).
 */
export const Reach = { allocated: 0, recognizable: 1, reachable: 2 } as const;
export type Reach = (typeof Reach)[keyof typeof Reach];

export type ObjectRow = readonly [
  owner: Owner,
  /** What its vat calls it, or did; of others, what the kernel does (docs/tables.md). */
  name: string,
  reachable: number,
  recognizable: number,
  /** How far the owner believes that its export goes. */
  exported: Reach,
  /** What it says that it is (objects/object-interfaces.ts); empty: nothing, or it is no vat's. */
  spelled: string,
];
type ObjectTuple = readonly [
  owner: Owner,
  name: string,
  reachable: number,
  recognizable: number,
  exported: Reach,
  ...spelled: readonly [] | readonly [string],
];
const objectTuple = (row: ObjectRow): ObjectTuple => {
  const [owner, name, reachable, recognizable, exported, spelled] = row;
  if (spelled !== '') return row;
  return [owner, name, reachable, recognizable, exported];
};
const objectOf = (tuple: ObjectTuple): ObjectRow => {
  const [owner, name, reachable, recognizable, exported, spelled = ''] = tuple;
  return [owner, name, reachable, recognizable, exported, spelled];
};

/** What the vat that owns an object calls it. */
export const exportName = ([owner, name]: ObjectRow): VRef => {
  if (!isVatNumber(owner)) assert.fail(`an object of ${owner} has no name in a vat`);
  return storedVRef(name);
};

export const PromiseState = { unresolved: 0, fulfilled: 1, rejected: 2 } as const;
export type PromiseState = (typeof PromiseState)[keyof typeof PromiseState];

export interface PromiseRow {
  readonly state: PromiseState;
  /**
   * NOBODY_DECIDES while a message that would settle it is queued. It is given when the promise is
   * made (`makePromise`), and changes where the message reaches a vat (`activateResult`) or the
   * kernel (`takeResult`), and when the promise settles (`settle`).
   */
  readonly decider: Decider;
  /** Sorted. */
  readonly subscribers: readonly Subscriber[];
  readonly references: number;
  readonly body: Uint8Array | null;
  readonly slots: readonly KRef[];
  /** Messages that wait on it have ordinals below this. */
  readonly queueCount: number;
  /** Of their data; those that a release did not count that is older than this are not in it. */
  readonly queueBytes: number;
}

/** The last one is there only if it is not 0. */
type PromiseTuple = readonly [
  ...[PromiseState, Decider, readonly Subscriber[], number, Uint8Array | null, readonly KRef[]],
  ...([queueCount: number] | [queueCount: number, queueBytes: number]),
];
const promiseTuple = (p: PromiseRow): PromiseTuple => {
  const { state, decider, subscribers, references, body, slots, queueCount, queueBytes } = p;
  const usual = [state, decider, subscribers, references, body, slots, queueCount] as const;
  return queueBytes > 0 ? [...usual, queueBytes] : usual;
};
const promiseOf = (tuple: PromiseTuple): PromiseRow => {
  const [state, decider, subscribers, references, body, slots, queueCount, ...rest] = tuple;
  const [queueBytes = 0] = rest;
  return { state, decider, subscribers, references, body, slots, queueCount, queueBytes };
};

/** The data of a promise that has settled. */
export const settledBody = ({ body }: PromiseRow): Uint8Array =>
  required(body, 'the data of a settled promise');

export const VatState = { running: 1, terminated: 2 } as const;
export type VatState = (typeof VatState)[keyof typeof VatState];

/** What an incarnation runs; the parameters' references are held. */
export interface VatCode {
  readonly bundleId: BundleId;
  readonly parameters: Uint8Array;
  readonly slots: readonly KRef[];
}

export type DismissedKind = readonly [kind: number, tag: string];

export interface VatRow extends VatCode {
  readonly name: string;
  readonly state: VatState;
  readonly incarnation: Incarnation;
  readonly imageId: ImageId;
  readonly spaces: Spaces;
  readonly options: VatOptions;
  /** Kinds that the vat has dismissed, by number; their tags as ASCII (`asciiTag`). */
  readonly dismissed: readonly DismissedKind[];
  /** What a rollback returns to: the code before the present one. Null: there was none. */
  readonly previous: VatCode | null;
}

/** Which reap is due: one that looks at what is likely to be dead, or one that finds all. */
export const Reap = { none: 0, due: 1, full: 2 } as const;
export type Reap = (typeof Reap)[keyof typeof Reap];

/** Which sweep is due: of what ended incarnations left, or of stored cycles besides. */
export const Sweep = { none: 0, due: 1, cycles: 2 } as const;
export type Sweep = (typeof Sweep)[keyof typeof Sweep];

/** Whether stored states are to be migrated: from the first row on, or from the last step on. */
export const Migration = { none: 0, fromStart: 1, goesOn: 2 } as const;
export type Migration = (typeof Migration)[keyof typeof Migration];

/** What every crank changes, apart from the rest. */
export interface VatCounters {
  readonly position: Position;
  readonly nextImport: number;
  readonly nextPromise: number;
  /** Since the last reap: deliveries, and references in deliveries of garbage. */
  readonly deliveries: number;
  readonly krefs: number;
  /** What is due. */
  readonly reap: Reap;
  readonly sweep: Sweep;
  readonly migration: Migration;
  /** Deliveries until the vat is to be refreshed; 0: never, or the refresh is on the queue. */
  readonly refreshIn: number;
}
export const FIRST_VAT_COUNTERS: VatCounters = {
  position: FIRST_POSITION,
  nextImport: 1,
  nextPromise: 1,
  deliveries: 0,
  krefs: 0,
  reap: Reap.none,
  sweep: Sweep.none,
  migration: Migration.none,
  refreshIn: 0,
};

/** A copy to be changed. Each field is named: this is made for every crank, and spreads cost. */
export const copiedCounters = (
  c: VatCounters,
): { -readonly [K in keyof VatCounters]: VatCounters[K] } => ({
  position: c.position,
  nextImport: c.nextImport,
  nextPromise: c.nextPromise,
  deliveries: c.deliveries,
  krefs: c.krefs,
  reap: c.reap,
  sweep: c.sweep,
  migration: c.migration,
  refreshIn: c.refreshIn,
});

/** An ended incarnation's leftovers, removed a step at a time. */
export interface CleanupRow {
  /** The vat has ended too: its c-list and its rows go as well. */
  readonly wholeVat: boolean;
}

export interface Counters {
  nextVat: VatNumber;
  nextObject: number;
  nextPromise: number;
  queueTail: number;
  lastInput: InputNumber;
}
/**
 * Below the first ordinal of the run queue there is room for what goes to its head (rules.md#h3).
 */
const FIRST_ORDINAL = 2 ** 20;
export const FIRST_COUNTERS: Readonly<Counters> = {
  nextVat: FIRST_VAT,
  nextObject: 20,
  nextPromise: 40,
  queueTail: FIRST_ORDINAL,
  lastInput: NO_INPUT,
};

/** A c-list entry that a vat did not allocate by exporting an object. */
export type ClistRow = readonly [vref: VRef, reach: Reach];

/** The result of a host input; `height` 0 until it settles, then the block that settled it. */
export type HostResultRow = readonly [promise: KRef, height: Height];

type CodeTuple = readonly [bundleId: BundleId, parameters: Uint8Array, slots: readonly KRef[]];
const codeTuple = ({ bundleId, parameters, slots }: VatCode): CodeTuple => [
  bundleId,
  parameters,
  slots,
];
const codeOf = (tuple: CodeTuple): VatCode => {
  checkArity('the code of a vat', tuple, [3]);
  const [bundleId, parameters, slots] = tuple;
  return { bundleId, parameters, slots };
};

type VatTuple = readonly [
  name: Uint8Array,
  state: VatState,
  incarnation: Incarnation,
  imageId: ImageId,
  code: CodeTuple,
  spaces: Spaces,
  options: OptionsTuple,
  dismissed: readonly DismissedKind[],
  previous: CodeTuple | null,
];
const vatTuple = (v: VatRow): VatTuple => [
  utf8(v.name),
  v.state,
  v.incarnation,
  v.imageId,
  codeTuple(v),
  v.spaces,
  optionsTuple(v.options),
  v.dismissed,
  v.previous === null ? null : codeTuple(v.previous),
];
const vatOf = (tuple: VatTuple): VatRow => {
  const [name, state, incarnation, imageId, code, spaces, options, dismissed, previous] = tuple;
  return {
    ...{ name: textOf(name), state, incarnation, imageId, spaces, dismissed },
    ...codeOf(code),
    options: optionsOf(options),
    previous: previous === null ? null : codeOf(previous),
  };
};

const vatWeight = ({ parameters, slots, previous }: VatRow): number => {
  const before = previous === null ? 0 : dataWeight(previous.parameters, previous.slots);
  return dataWeight(parameters, slots) + before;
};

/** The last ones are there only if they say something. */
type CountersTuple = readonly [
  ...[Position, number, number, number, number, Reap, Sweep],
  ...([] | [migration: Migration] | [migration: Migration, refreshIn: number]),
];
const countersTuple = (c: VatCounters): CountersTuple => {
  const { position, nextImport, nextPromise, deliveries, krefs, reap, sweep, migration } = c;
  const usual = [position, nextImport, nextPromise, deliveries, krefs, reap, sweep] as const;
  if (c.refreshIn > 0) return [...usual, migration, c.refreshIn];
  return migration === Migration.none ? usual : [...usual, migration];
};
const countersOf = (tuple: CountersTuple): VatCounters => {
  const [position, nextImport, nextPromise, deliveries, krefs, reap, sweep, ...rest] = tuple;
  const [migration = Migration.none, refreshIn = 0] = rest;
  const due = { reap, sweep, migration, refreshIn };
  return { position, nextImport, nextPromise, deliveries, krefs, ...due };
};

export const codecs = {
  object: frameCodec<ObjectRow, ObjectTuple>('an object', [5, 6], objectTuple, objectOf),
  clist: same<ClistRow>('an entry of a c-list', 2),
  kref: single<KRef>('a reference'),
  count: single<number>('a count'),
  vatNumber: single<VatNumber>('the number of a vat'),
  /** Of a space that becomes a copy: the row key up to which it is one. */
  spaceCopy: single<Uint8Array>('how far a space is copied'),
  stranded: single<Uint8Array | null>('why a vat is stranded'),
  hostResult: same<HostResultRow>('the result of an input', 2),
  message: messageCodec,
  item: itemCodec,
  transcript: same<TranscriptTuple>('a wave of a transcript', 5),
  promise: frameCodec('a promise', [7, 8], promiseTuple, promiseOf, ({ body, slots }) =>
    dataWeight(body, slots),
  ),
  vat: frameCodec('a vat', [9], vatTuple, vatOf, vatWeight),
  vatCounters: frameCodec('the counters of a vat', [7, 8, 9], countersTuple, countersOf),
  empty: frameCodec<true, readonly []>(
    'a row that only stands there',
    [0],
    () => [],
    () => true,
  ),
  cleanup: frameCodec<CleanupRow, readonly [boolean]>(
    'an ended incarnation',
    [1],
    ({ wholeVat }) => [wholeVat],
    ([wholeVat]) => ({ wholeVat }),
  ),
  counters: frameCodec<Counters, readonly [VatNumber, number, number, number, InputNumber]>(
    'the counters',
    [5],
    c => [c.nextVat, c.nextObject, c.nextPromise, c.queueTail, c.lastInput],
    ([nextVat, nextObject, nextPromise, queueTail, lastInput]) => ({
      nextVat,
      nextObject,
      nextPromise,
      queueTail,
      lastInput,
    }),
  ),
} as const;
