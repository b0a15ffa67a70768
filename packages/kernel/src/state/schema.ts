/**
 * The rows of the `kernel` table as values: docs/tables.md says the same in words.
 *
 * Rows are plain tuples of safe integers, booleans, null, bytes and ASCII strings: exactly what a
 * frame carries, so that encoding is one call.
 */
import { packFrame, textOf, unpackFrame, utf8, type FrameValue } from '@heirloom/store';
import type { VRef } from '@heirloom/worker';
import type { RowCodec } from './kernel-table.js';
import type { KRef } from './krefs.js';
import {
  upgradeOf,
  upgradeTuple,
  type UpgradeOptions,
  type UpgradeTuple,
} from './upgrade-options.js';

/** A vat's number, from 1. */
export type VatNumber = number;
/** The owner of an object that nobody owns any more. */
export const NOBODY = 0;
/** As decider or subscriber: the kernel itself, and the host. */
export const KERNEL_DECIDES = -1;
export const HOST_SUBSCRIBES = -1;
/** As decider: the host, for the result of a call of a host object. */
export const HOST_DECIDES = -2;
/** As owner: objects of the host, of the kernel itself. Below NOBODY, so that no vat is meant. */
export const HOST_OWNS = -1;
export const KERNEL_OWNS = -2;
/** As owner: nobody answers, the object's kind was dismissed. Its name is the kind's tag. */
export const REVOKED = -3;

/**
 * How far a c-list entry or an export goes. An entry is allocated at wave start and counts from the
 * merge on (rules.md#w1).
 */
export const Reach = { allocated: 0, recognizable: 1, reachable: 2 } as const;
export type Reach = (typeof Reach)[keyof typeof Reach];

export type ObjectRow = readonly [
  owner: VatNumber,
  vref: VRef,
  reachable: number,
  recognizable: number,
  /** How far the owner believes that its export goes. */
  exported: Reach,
];

export const PromiseState = { unresolved: 0, fulfilled: 1, rejected: 2 } as const;
export type PromiseState = (typeof PromiseState)[keyof typeof PromiseState];

export interface PromiseRow {
  readonly state: PromiseState;
  /** NOBODY while a message that would settle it is queued. */
  readonly decider: number;
  /** Sorted. */
  readonly subscribers: readonly number[];
  readonly references: number;
  readonly body: Uint8Array | null;
  readonly slots: readonly KRef[];
  /** Messages that wait on it have ordinals below this. */
  readonly queueCount: number;
}

/** A message on the way: on the run queue to an object, or on the queue of a promise. */
export interface QueuedMessage {
  readonly target: KRef;
  readonly body: Uint8Array;
  readonly slots: readonly KRef[];
  readonly result: KRef | undefined;
}

export const ItemType = {
  send: 0,
  notify: 1,
  create: 2,
  upgrade: 3,
  terminate: 4,
  fork: 5,
} as const;

/** Exports whose counterparts one fork may be asked for. */
export const FORK_EXPORTS_MAX = 10_000;

export interface ForkRequest {
  /** The vat that is to be made. */
  readonly vat: VatNumber;
  /** Exports of its parent, whose counterparts the requester is given. Held. */
  readonly exports: readonly KRef[];
  /** False: it has the parameters that its parent has. */
  readonly hasParameters: boolean;
  /** As of `VatOptions`. */
  readonly dynamic: boolean;
}

interface LifecycleRequest {
  /** Fork: the vat that is forked. */
  readonly vat: VatNumber;
  readonly bundleId: string;
  readonly body: Uint8Array;
  readonly slots: readonly KRef[];
  /** Create, fork: the new vat's name; upgrade: the message of the disconnection object. UTF-8. */
  readonly text: string;
  readonly result: KRef;
  /** Create only. */
  readonly options?: VatOptions;
  /** Upgrade only; without it, a plain one. */
  readonly upgrade?: UpgradeOptions;
  /** Fork only. */
  readonly fork?: ForkRequest;
}

/** The references that an item of the queue holds, but for its result. */
export const heldBy = ({ slots, fork }: Omit<LifecycleRequest, 'result'>): readonly KRef[] =>
  fork === undefined ? slots : [...slots, ...fork.exports];

/** What a vat is under beyond its code. Part of its row; adminNode.changeOptions changes some. */
export interface VatOptions {
  /** Made by the vat-admin service: its name is a label, `admin` is its adminNode. */
  readonly dynamic: boolean;
  /** Its end is the end of the kernel. */
  readonly critical: boolean;
  /** Held as long as the vat runs. */
  readonly meter: KRef | null;
  /** Deliveries after which it is reaped: null as the parameters say, 0 never. */
  readonly reapInterval: number | null;
  readonly admin: KRef | null;
  /** Deliveries of an incarnation after which the next begins; 0: never. */
  readonly refresh: number;
}
export const STATIC_VAT: VatOptions = {
  dynamic: false,
  critical: false,
  meter: null,
  reapInterval: null,
  admin: null,
  refresh: 0,
};

export type RunQueueItem =
  | ({ readonly type: typeof ItemType.send } & QueuedMessage)
  | { readonly type: typeof ItemType.notify; readonly vat: VatNumber; readonly promise: KRef }
  | ({ readonly type: typeof ItemType.create } & LifecycleRequest)
  | ({ readonly type: typeof ItemType.upgrade } & LifecycleRequest)
  | ({ readonly type: typeof ItemType.terminate } & LifecycleRequest)
  | ({ readonly type: typeof ItemType.fork } & LifecycleRequest);

export type LifecycleItem = Extract<RunQueueItem, LifecycleRequest>;

export const VatState = { running: 1, terminated: 2 } as const;
export type VatState = (typeof VatState)[keyof typeof VatState];

/** What an incarnation runs; the parameters' references are held. */
export interface VatCode {
  readonly bundleId: string;
  readonly parameters: Uint8Array;
  readonly slots: readonly KRef[];
}

export type DismissedKind = readonly [kind: number, tag: string];

export interface VatRow extends VatCode {
  readonly name: string;
  readonly state: VatState;
  readonly incarnation: number;
  readonly imageId: string;
  readonly spaces: readonly number[];
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
  readonly position: number;
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
  position: 0,
  nextImport: 1,
  nextPromise: 1,
  deliveries: 0,
  krefs: 0,
  reap: Reap.none,
  sweep: Sweep.none,
  migration: Migration.none,
  refreshIn: 0,
};

/** An ended incarnation's leftovers, removed a step at a time. */
export interface CleanupRow {
  /** The vat has ended too: its c-list and its rows go as well. */
  readonly wholeVat: boolean;
}

export interface Counters {
  nextVat: number;
  nextObject: number;
  nextPromise: number;
  queueTail: number;
  lastInput: number;
}
/**
 * Below the first ordinal of the run queue there is room for what goes to its head (rules.md#h3).
 */
const FIRST_ORDINAL = 2 ** 20;
export const FIRST_COUNTERS: Readonly<Counters> = {
  nextVat: 1,
  nextObject: 20,
  nextPromise: 40,
  queueTail: FIRST_ORDINAL,
  lastInput: 0,
};

/** A c-list entry that a vat did not allocate by exporting an object. */
export type ClistRow = readonly [vref: VRef, reach: Reach];

/** The result of a host input; `height` 0 until it settles, then the block that settled it. */
export type HostResultRow = readonly [promise: KRef, height: number];

/** A codec over frames: `toTuple` and `fromTuple` must be inverse. */
export const frameCodec = <V, T extends readonly FrameValue[]>(
  toTuple: (value: V) => T,
  fromTuple: (tuple: T) => V,
): RowCodec<V> => ({
  encode: value => packFrame(toTuple(value)),
  decode: bytes => fromTuple(unpackFrame(bytes) as unknown as T),
});
const same = <V extends readonly FrameValue[]>(): RowCodec<V> =>
  frameCodec<V, V>(
    v => v,
    v => v,
  );
const single = <V extends FrameValue>(): RowCodec<V> =>
  frameCodec<V, readonly [V]>(
    v => [v],
    ([v]) => v,
  );

type MessageTuple = readonly [KRef, Uint8Array, readonly KRef[], KRef | null];
const messageTuple = (m: QueuedMessage): MessageTuple => [
  m.target,
  m.body,
  m.slots,
  m.result ?? null,
];
const messageOf = ([target, body, slots, result]: MessageTuple): QueuedMessage => ({
  target,
  body,
  slots,
  result: result ?? undefined,
});

/** The last is there only if it is not 0. */
type OptionsTuple = readonly [
  ...[boolean, boolean, KRef | null, number | null, KRef | null],
  ...([] | [refresh: number]),
];
const optionsTuple = (options: VatOptions): OptionsTuple => {
  const { dynamic, critical, meter, reapInterval, admin, refresh } = options;
  const usual = [dynamic, critical, meter, reapInterval, admin] as const;
  return refresh === 0 ? usual : [...usual, refresh];
};
const optionsOf = (tuple: OptionsTuple): VatOptions => {
  const [dynamic, critical, meter, reapInterval, admin, refresh = 0] = tuple;
  return { dynamic, critical, meter, reapInterval, admin, refresh };
};

type ForkTuple = readonly [VatNumber, readonly KRef[], hasParameters: boolean, dynamic: boolean];
const forkTuple = ({ vat, exports, hasParameters, dynamic }: ForkRequest): ForkTuple => [
  vat,
  exports,
  hasParameters,
  dynamic,
];
const forkOf = ([vat, exports, hasParameters, dynamic]: ForkTuple): ForkRequest => ({
  vat,
  exports,
  hasParameters,
  dynamic,
});

type ItemTuple = readonly [number, ...FrameValue[]];
const itemTuple = (item: RunQueueItem): ItemTuple => {
  switch (item.type) {
    case ItemType.send:
      return [item.type, ...messageTuple(item)];
    case ItemType.notify:
      return [item.type, item.vat, item.promise];
    case ItemType.create:
    case ItemType.upgrade:
    case ItemType.terminate:
    case ItemType.fork: {
      const { type, vat, bundleId, body, slots, text: words, result, options, upgrade } = item;
      const more = options === undefined ? null : optionsTuple(options);
      const how = upgrade === undefined ? null : upgradeTuple(upgrade);
      const fork = item.fork === undefined ? [] : [forkTuple(item.fork)];
      return [type, vat, bundleId, body, slots, utf8(words), result, more, how, ...fork];
    }
    default:
      throw TypeError(`unknown item ${String((item as never as RunQueueItem).type)}`);
  }
};
const itemOf = ([type, ...rest]: ItemTuple): RunQueueItem => {
  if (type === ItemType.send) {
    return { type, ...messageOf(rest as unknown as MessageTuple) };
  }
  if (type === ItemType.notify) {
    const [vat, promise] = rest as [VatNumber, KRef];
    return { type, vat, promise };
  }
  const [vat, bundleId, body, slots, words, result, options, upgrade, fork] = rest as [
    VatNumber,
    string,
    Uint8Array,
    KRef[],
    Uint8Array,
    KRef,
    OptionsTuple | null,
    UpgradeTuple | null,
    ForkTuple | undefined,
  ];
  return {
    type: type as LifecycleItem['type'],
    vat,
    bundleId,
    body,
    slots,
    text: textOf(words),
    result,
    ...(options === null ? {} : { options: optionsOf(options) }),
    ...(upgrade === null ? {} : { upgrade: upgradeOf(upgrade) }),
    ...(fork === undefined ? {} : { fork: forkOf(fork) }),
  };
};

type CodeTuple = readonly [bundleId: string, parameters: Uint8Array, slots: readonly KRef[]];
const codeTuple = ({ bundleId, parameters, slots }: VatCode): CodeTuple => [
  bundleId,
  parameters,
  slots,
];
const codeOf = ([bundleId, parameters, slots]: CodeTuple): VatCode => ({
  bundleId,
  parameters,
  slots,
});

type VatTuple = readonly [
  name: Uint8Array,
  state: VatState,
  incarnation: number,
  imageId: string,
  code: CodeTuple,
  spaces: readonly number[],
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

/** The last ones are there only if they say something. */
type CountersTuple = readonly [
  ...[number, number, number, number, number, Reap, Sweep],
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
  object: same<ObjectRow>(),
  clist: same<ClistRow>(),
  kref: single<KRef>(),
  count: single<number>(),
  hostResult: same<HostResultRow>(),
  message: frameCodec(messageTuple, messageOf),
  item: frameCodec(itemTuple, itemOf),
  promise: frameCodec<
    PromiseRow,
    readonly [
      PromiseState,
      number,
      readonly number[],
      number,
      Uint8Array | null,
      readonly KRef[],
      number,
    ]
  >(
    p => [p.state, p.decider, p.subscribers, p.references, p.body, p.slots, p.queueCount],
    ([state, decider, subscribers, references, body, slots, queueCount]) => ({
      state,
      decider,
      subscribers,
      references,
      body,
      slots,
      queueCount,
    }),
  ),
  vat: frameCodec(vatTuple, vatOf),
  vatCounters: frameCodec(countersTuple, countersOf),
  empty: frameCodec<true, readonly []>(
    () => [],
    () => true,
  ),
  cleanup: frameCodec<CleanupRow, readonly [boolean]>(
    ({ wholeVat }) => [wholeVat],
    ([wholeVat]) => ({ wholeVat }),
  ),
  counters: frameCodec<Counters, readonly [number, number, number, number, number]>(
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
