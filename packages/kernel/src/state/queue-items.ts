/**
 * Items of the run queue: messages, notifies, and five kinds of lifecycle items, each with fields
 * of its own. docs/tables.md says how they are stored.
 */
import { textOf, utf8 } from '@heirloom/store';
import type { BundleId, VatNumber } from '@heirloom/worker';
import { checkArity, dataWeight, frameCodec } from './frame-codec.js';
import { optionsOf, optionsTuple, type OptionsTuple, type VatOptions } from './kept-options.js';
import type { KRef } from './krefs.js';
import {
  DRY_RUN_TUPLE,
  givenBundle,
  NO_BUNDLE,
  PLAIN_UPGRADE,
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
  /** Absent: the host or the kernel, or a release that did not note it. */
  readonly sender?: VatNumber;
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

export interface SendItem extends QueuedMessage {
  readonly type: typeof ItemType.send;
}

export interface NotifyItem {
  readonly type: typeof ItemType.notify;
  readonly vat: VatNumber;
  readonly promise: KRef;
  /** The vat whose crank has settled it, or asked again; absent as in messages. */
  readonly sender?: VatNumber;
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
  readonly bundleId: BundleId;
  /** Of the new vat. */
  readonly name: string;
  /** Absent: those of a static vat. */
  readonly options?: VatOptions;
}

export interface UpgradeItem extends LifecycleFields {
  readonly type: typeof ItemType.upgrade;
  /** Of the new code, as `body` and `slots` are: none if the vat has it, or had it before. */
  readonly bundleId: BundleId | typeof NO_BUNDLE;
  /** Of the object that the predecessor's promises are rejected with. */
  readonly message: string;
  /** Absent: a plain one. */
  readonly upgrade?: UpgradeOptions;
}

export interface DryRunItem extends LifecycleFields {
  readonly type: typeof ItemType.dryRun;
  readonly bundleId: BundleId;
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

/** How an upgrade is to be carried out. */
export const howOf = ({ upgrade = PLAIN_UPGRADE }: UpgradeItem): UpgradeOptions => upgrade;

type SenderTuple = readonly [] | readonly [sender: VatNumber];
type MessageTuple = readonly [KRef, Uint8Array, readonly KRef[], KRef | null, ...SenderTuple];

const senderTuple = ({ sender }: Pick<QueuedMessage, 'sender'>): SenderTuple =>
  sender === undefined ? [] : [sender];
const senderOf = ([sender]: SenderTuple): Pick<QueuedMessage, 'sender'> =>
  sender === undefined ? {} : { sender };

const messageTuple = (m: QueuedMessage): MessageTuple => [
  m.target,
  m.body,
  m.slots,
  m.result ?? null,
  ...senderTuple(m),
];

const messageOf = ([target, body, slots, result, ...sender]: MessageTuple): QueuedMessage => ({
  target,
  body,
  slots,
  result: result ?? undefined,
  ...senderOf(sender),
});

type ForkTuple = readonly [VatNumber, readonly KRef[], hasParameters: boolean, dynamic: boolean];

/** What the tuples of lifecycle items begin with, after the type; what an item lacks is empty. */
type LifecycleTuple<Id = BundleId | typeof NO_BUNDLE> = readonly [
  vat: VatNumber,
  bundleId: Id,
  body: Uint8Array,
  slots: readonly KRef[],
  text: Uint8Array,
  result: KRef,
];

const lifecycleTuple = <Id extends LifecycleTuple[1]>(
  item: LifecycleItem,
  bundleId: Id,
  text: string,
): LifecycleTuple<Id> => {
  const { vat, body, slots, result } = item;
  return [vat, bundleId, body, slots, utf8(text), result];
};

type ItemTuple =
  | readonly [typeof ItemType.send, ...MessageTuple]
  | readonly [typeof ItemType.notify, VatNumber, KRef, ...SenderTuple]
  | readonly [typeof ItemType.create, ...LifecycleTuple<BundleId>, OptionsTuple | null, null]
  | readonly [typeof ItemType.upgrade, ...LifecycleTuple, null, UpgradeTuple | null]
  | readonly [typeof ItemType.terminate, ...LifecycleTuple, null, null]
  | readonly [typeof ItemType.fork, ...LifecycleTuple, null, null, ForkTuple];

/** Fields of each type, itself included. */
const ARITIES: Readonly<Record<ItemTuple[0], readonly ItemTuple['length'][]>> = {
  [ItemType.send]: [5, 6],
  [ItemType.notify]: [3, 4],
  [ItemType.create]: [9],
  [ItemType.upgrade]: [9],
  [ItemType.terminate]: [9],
  [ItemType.fork]: [10],
};

const itemTuple = (item: RunQueueItem): ItemTuple => {
  switch (item.type) {
    case ItemType.send:
      return [item.type, ...messageTuple(item)];
    case ItemType.notify:
      return [item.type, item.vat, item.promise, ...senderTuple(item)];
    case ItemType.create: {
      const { type, bundleId, name, options } = item;
      const kept = options === undefined ? null : optionsTuple(options);
      return [type, ...lifecycleTuple(item, bundleId, name), kept, null];
    }
    case ItemType.upgrade: {
      const { type, bundleId, message, upgrade } = item;
      const how = upgrade === undefined ? null : upgradeTuple(upgrade);
      return [type, ...lifecycleTuple(item, bundleId, message), null, how];
    }
    case ItemType.dryRun: {
      const { bundleId, message } = item;
      const common = lifecycleTuple(item, bundleId, message);
      return [ItemType.upgrade, ...common, null, DRY_RUN_TUPLE];
    }
    case ItemType.terminate:
      return [item.type, ...lifecycleTuple(item, NO_BUNDLE, ''), null, null];
    case ItemType.fork: {
      const { type, child, name, exports, hasParameters, dynamic } = item;
      const fork = [child, exports, hasParameters, dynamic] as const;
      return [type, ...lifecycleTuple(item, NO_BUNDLE, name), null, null, fork];
    }
    default:
      throw TypeError(`unknown item ${String(item satisfies never)}`);
  }
};

const itemOf = (tuple: ItemTuple): RunQueueItem => {
  switch (tuple[0]) {
    case ItemType.send: {
      const [type, ...message] = tuple;
      return { type, ...messageOf(message) };
    }
    case ItemType.notify: {
      const [type, vat, promise, ...sender] = tuple;
      return { type, vat, promise, ...senderOf(sender) };
    }
    case ItemType.create: {
      const [type, vat, bundleId, body, slots, text, result, options] = tuple;
      const kept = options === null ? {} : { options: optionsOf(options) };
      return { type, vat, bundleId, body, slots, name: textOf(text), result, ...kept };
    }
    case ItemType.upgrade: {
      const [type, vat, bundleId, body, slots, text, result, , upgrade] = tuple;
      const fields = { vat, bundleId, body, slots, message: textOf(text), result };
      if (upgrade === null) return { type, ...fields };
      const how = upgradeOf(upgrade);
      return how === undefined
        ? { type: ItemType.dryRun, ...fields, bundleId: givenBundle(bundleId) }
        : { type, ...fields, upgrade: how };
    }
    case ItemType.terminate: {
      const [type, vat, , body, slots, , result] = tuple;
      return { type, vat, body, slots, result };
    }
    case ItemType.fork: {
      const [type, vat, , body, slots, text, result, , , fork] = tuple;
      checkArity('a fork on the run queue', fork, [4]);
      const [child, exports, hasParameters, dynamic] = fork;
      const made = { child, exports, hasParameters, dynamic };
      return { type, vat, body, slots, name: textOf(text), result, ...made };
    }
    default:
      throw TypeError(`unknown item ${String(tuple satisfies never)}`);
  }
};

/** About how many bytes of memory the data of a message takes. */
export const messageWeight = ({ body, slots }: QueuedMessage): number => dataWeight(body, slots);

/** About how many bytes of memory the data of an item takes. */
export const itemWeight = (item: RunQueueItem): number => {
  if (item.type === ItemType.notify) return 0;
  const exports = item.type === ItemType.fork ? item.exports : [];
  return dataWeight(item.body, item.slots) + dataWeight(null, exports);
};

export const messageCodec = frameCodec(
  'a waiting message',
  [4, 5],
  messageTuple,
  messageOf,
  messageWeight,
);
export const itemCodec = frameCodec(
  'an item of the run queue',
  ARITIES,
  itemTuple,
  itemOf,
  itemWeight,
);
