/**
 * Items of the run queue: messages, notifies, and five kinds of lifecycle items, each with fields
 * of its own. docs/tables.md says how they are stored.
 */
import assert from 'node:assert/strict';
import { textOf, utf8 } from '@heirloom/store';
import { frameCodec } from './frame-codec.js';
import { optionsOf, optionsTuple, type OptionsTuple, type VatOptions } from './kept-options.js';
import type { KRef } from './krefs.js';
import type { VatNumber } from './schema.js';
import {
  isDryRunTuple,
  DRY_RUN_TUPLE,
  upgradeOf,
  upgradeTuple,
  type UpgradeOptions,
  type UpgradeTuple,
} from './upgrade-options.js';

/** A message on the way: on the run queue to an object, or on the queue of a promise. */
export interface QueuedMessage {
  readonly target: KRef;
  readonly body: Uint8Array;
  readonly slots: readonly KRef[];
  readonly result: KRef | undefined;
}

/** As they are stored, but for the last: a dry run is stored as an upgrade of its own mode. */
export const ItemType = {
  send: 0,
  notify: 1,
  create: 2,
  upgrade: 3,
  terminate: 4,
  fork: 5,
  dryRun: 6,
} as const;

interface SendItem extends QueuedMessage {
  readonly type: typeof ItemType.send;
}

interface NotifyItem {
  readonly type: typeof ItemType.notify;
  readonly vat: VatNumber;
  readonly promise: KRef;
}

/** What all lifecycle items have. */
interface LifecycleFields {
  readonly vat: VatNumber;
  /** Data: parameters, or the reason of an end. */
  readonly body: Uint8Array;
  readonly slots: readonly KRef[];
  readonly result: KRef;
}

export interface CreateItem extends LifecycleFields {
  readonly type: typeof ItemType.create;
  readonly bundleId: string;
  /** Of the new vat. */
  readonly name: string;
  /** Absent: those of a static vat. */
  readonly options?: VatOptions;
}

export interface UpgradeItem extends LifecycleFields {
  readonly type: typeof ItemType.upgrade;
  /** Of the new code, as `body` and `slots` are: empty if the vat has it, or had it before. */
  readonly bundleId: string;
  /** Of the object that the predecessor's promises are rejected with. */
  readonly message: string;
  /** Absent: a plain one. */
  readonly upgrade?: UpgradeOptions;
}

export interface DryRunItem extends LifecycleFields {
  readonly type: typeof ItemType.dryRun;
  readonly bundleId: string;
  readonly message: string;
}

export interface TerminateItem extends LifecycleFields {
  readonly type: typeof ItemType.terminate;
}

/** `vat` is the vat that is forked, `body` and `slots` are the new vat's parameters. */
export interface ForkItem extends LifecycleFields {
  readonly type: typeof ItemType.fork;
  /** The vat that is to be made. */
  readonly child: VatNumber;
  readonly name: string;
  /** Exports of the parent, whose counterparts the requester is given. Held. */
  readonly exports: readonly KRef[];
  /** False: the child has the parameters that its parent has. */
  readonly hasParameters: boolean;
  /** As of `VatOptions`. */
  readonly dynamic: boolean;
}

/** Exports whose counterparts one fork may be asked for. */
export const FORK_EXPORTS_MAX = 10_000;

export type LifecycleItem = CreateItem | UpgradeItem | DryRunItem | TerminateItem | ForkItem;

export type RunQueueItem = SendItem | NotifyItem | LifecycleItem;

type WithoutResult<Item> = Item extends LifecycleItem ? Omit<Item, 'result'> : never;

/** A lifecycle item that has no promise for its result yet. */
export type LifecycleRequest = WithoutResult<LifecycleItem>;

/** The references that an item holds, but for its result and its meter. */
export const heldBy = (item: LifecycleRequest): readonly KRef[] =>
  item.type === ItemType.fork ? [...item.slots, ...item.exports] : item.slots;

/** The meter of the vat that an item creates, which the item holds. */
export const meterOf = (item: LifecycleRequest): KRef | null =>
  item.type === ItemType.create ? (item.options?.meter ?? null) : null;

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

type ForkTuple = readonly [VatNumber, readonly KRef[], hasParameters: boolean, dynamic: boolean];

/** What a lifecycle item is stored as, after its type; what it does not have is empty or null. */
type LifecycleTuple = readonly [
  vat: VatNumber,
  bundleId: string,
  body: Uint8Array,
  slots: readonly KRef[],
  text: Uint8Array,
  result: KRef,
  options: OptionsTuple | null,
  upgrade: UpgradeTuple | null,
  ...([] | [fork: ForkTuple]),
];

const lifecycleTuple = (item: LifecycleItem): LifecycleTuple => {
  const { vat, body, slots, result } = item;
  switch (item.type) {
    case ItemType.create: {
      const { bundleId, name, options } = item;
      const kept = options === undefined ? null : optionsTuple(options);
      return [vat, bundleId, body, slots, utf8(name), result, kept, null];
    }
    case ItemType.upgrade: {
      const { bundleId, message, upgrade } = item;
      const how = upgrade === undefined ? null : upgradeTuple(upgrade);
      return [vat, bundleId, body, slots, utf8(message), result, null, how];
    }
    case ItemType.dryRun: {
      const { bundleId, message } = item;
      return [vat, bundleId, body, slots, utf8(message), result, null, DRY_RUN_TUPLE];
    }
    case ItemType.terminate:
      return [vat, '', body, slots, utf8(''), result, null, null];
    case ItemType.fork: {
      const { child, name, exports, hasParameters, dynamic } = item;
      const fork: ForkTuple = [child, exports, hasParameters, dynamic];
      return [vat, '', body, slots, utf8(name), result, null, null, fork];
    }
    default:
      throw TypeError(`unknown item ${String((item satisfies never as RunQueueItem).type)}`);
  }
};

type ItemTuple =
  | readonly [typeof ItemType.send, ...MessageTuple]
  | readonly [typeof ItemType.notify, VatNumber, KRef]
  | readonly [
      (
        | typeof ItemType.create
        | typeof ItemType.upgrade
        | typeof ItemType.terminate
        | typeof ItemType.fork
      ),
      ...LifecycleTuple,
    ];

const itemTuple = (item: RunQueueItem): ItemTuple => {
  switch (item.type) {
    case ItemType.send:
      return [item.type, ...messageTuple(item)];
    case ItemType.notify:
      return [item.type, item.vat, item.promise];
    case ItemType.dryRun:
      return [ItemType.upgrade, ...lifecycleTuple(item)];
    case ItemType.create:
    case ItemType.upgrade:
    case ItemType.terminate:
    case ItemType.fork:
      return [item.type, ...lifecycleTuple(item)];
    default:
      throw TypeError(`unknown item ${String((item satisfies never as RunQueueItem).type)}`);
  }
};

const itemOf = (tuple: ItemTuple): RunQueueItem => {
  if (tuple[0] === ItemType.send) {
    const [type, ...message] = tuple;
    return { type, ...messageOf(message) };
  }
  if (tuple[0] === ItemType.notify) {
    const [type, vat, promise] = tuple;
    return { type, vat, promise };
  }
  const [type, vat, bundleId, body, slots, text, result, options, upgrade, fork] = tuple;
  const fields = { vat, body, slots, result };
  switch (type) {
    case ItemType.create: {
      const kept = options === null ? {} : { options: optionsOf(options) };
      return { type, ...fields, bundleId, name: textOf(text), ...kept };
    }
    case ItemType.upgrade: {
      const code = { ...fields, bundleId, message: textOf(text) };
      if (upgrade === null) return { type, ...code };
      if (isDryRunTuple(upgrade)) return { type: ItemType.dryRun, ...code };
      return { type, ...code, upgrade: upgradeOf(upgrade) };
    }
    case ItemType.terminate:
      return { type, ...fields };
    case ItemType.fork: {
      assert(fork !== undefined, 'a fork says which vat it makes');
      const [child, exports, hasParameters, dynamic] = fork;
      return { type, ...fields, name: textOf(text), child, exports, hasParameters, dynamic };
    }
    default:
      throw TypeError(`unknown item ${String(type satisfies never)}`);
  }
};

export const messageCodec = frameCodec(messageTuple, messageOf);
export const itemCodec = frameCodec(itemTuple, itemOf);
