/**
 * The rows of the `kernel` table as values: docs/tables.md says the same in words.
 *
 * Rows are plain tuples of safe integers, booleans, null, bytes and ASCII strings: exactly what a
 * frame carries, so that encoding is one call.
 */
import { packFrame, unpackFrame, type FrameValue } from '@heirloom/store';
import type { VRef } from '@heirloom/worker';
import type { KRef } from './krefs.js';
import type { RowCodec } from './kernel-table.js';

/** A vat's number, from 1. */
export type VatNumber = number;
/** The owner of an object that nobody owns any more. */
export const NOBODY = 0;
/** As decider or subscriber: the kernel itself, and the host. */
export const KERNEL_DECIDES = -1;
export const HOST_SUBSCRIBES = -1;

/** How far a c-list entry or an export goes. Allocated at wave start, counted when merged (W1). */
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

export const ItemType = { send: 0, notify: 1, create: 2, upgrade: 3, terminate: 4 } as const;

export interface LifecycleRequest {
  readonly vat: VatNumber;
  readonly bundleId: string;
  readonly body: Uint8Array;
  readonly slots: readonly KRef[];
  /** Create: the vat's name; upgrade: the message of the disconnection object. UTF-8. */
  readonly text: string;
  readonly result: KRef;
}

export type RunQueueItem =
  | ({ readonly type: typeof ItemType.send } & QueuedMessage)
  | { readonly type: typeof ItemType.notify; readonly vat: VatNumber; readonly promise: KRef }
  | ({ readonly type: typeof ItemType.create } & LifecycleRequest)
  | ({ readonly type: typeof ItemType.upgrade } & LifecycleRequest)
  | ({ readonly type: typeof ItemType.terminate } & LifecycleRequest);

export type LifecycleItem = Extract<RunQueueItem, LifecycleRequest>;

export const VatState = { starting: 0, running: 1, terminated: 2 } as const;
export type VatState = (typeof VatState)[keyof typeof VatState];

export interface VatRow {
  readonly name: string;
  readonly state: VatState;
  readonly incarnation: number;
  readonly bundleId: string;
  readonly imageId: string;
  readonly parameters: Uint8Array;
  readonly slots: readonly KRef[];
  readonly spaces: readonly number[];
}

/** What every crank changes, apart from the rest. */
export interface VatCounters {
  readonly position: number;
  readonly nextImport: number;
  readonly nextPromise: number;
  /** Since the last reap: deliveries, and references in deliveries of garbage. */
  readonly deliveries: number;
  readonly krefs: number;
  /** What is due. */
  readonly reap: boolean;
  readonly sweep: boolean;
}
export const FIRST_VAT_COUNTERS: VatCounters = {
  position: 0,
  nextImport: 1,
  nextPromise: 1,
  deliveries: 0,
  krefs: 0,
  reap: false,
  sweep: false,
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
/** Below the first ordinal of the run queue there is room for what goes to its head (H3). */
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
const frameCodec = <V, T extends readonly FrameValue[]>(
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

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');
const fromText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

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

type ItemTuple = readonly [number, ...FrameValue[]];
const itemTuple = (item: RunQueueItem): ItemTuple => {
  switch (item.type) {
    case ItemType.send:
      return [item.type, ...messageTuple(item)];
    case ItemType.notify:
      return [item.type, item.vat, item.promise];
    case ItemType.create:
    case ItemType.upgrade:
    case ItemType.terminate: {
      const { type, vat, bundleId, body, slots, text: words, result } = item;
      return [type, vat, bundleId, body, slots, text(words), result];
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
  const [vat, bundleId, body, slots, words, result] = rest as [
    VatNumber,
    string,
    Uint8Array,
    KRef[],
    Uint8Array,
    KRef,
  ];
  return {
    type: type as LifecycleItem['type'],
    vat,
    bundleId,
    body,
    slots,
    text: fromText(words),
    result,
  };
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
  vat: frameCodec<
    VatRow,
    readonly [
      Uint8Array,
      VatState,
      number,
      string,
      string,
      Uint8Array,
      readonly KRef[],
      readonly number[],
    ]
  >(
    v => [
      text(v.name),
      v.state,
      v.incarnation,
      v.bundleId,
      v.imageId,
      v.parameters,
      v.slots,
      v.spaces,
    ],
    ([name, state, incarnation, bundleId, imageId, parameters, slots, spaces]) => ({
      name: fromText(name),
      state,
      incarnation,
      bundleId,
      imageId,
      parameters,
      slots,
      spaces,
    }),
  ),
  vatCounters: frameCodec<
    VatCounters,
    readonly [number, number, number, number, number, boolean, boolean]
  >(
    c => [c.position, c.nextImport, c.nextPromise, c.deliveries, c.krefs, c.reap, c.sweep],
    ([position, nextImport, nextPromise, deliveries, krefs, reap, sweep]) => ({
      position,
      nextImport,
      nextPromise,
      deliveries,
      krefs,
      reap,
      sweep,
    }),
  ),
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
