/**
 * What is on the run queue, for a host that has to take something off it (rules.md#h3).
 *
 * A cancelled message rejects its result; a cancelled creation, upgrade or termination rejects for
 * whoever asked; of a cancelled notify the vat never hears. All of it is part of the state.
 */
import { isVatNumber, vatIdOf, type VatId } from '@heirloom/worker';
import { KernelError } from '../base/kernel-errors.js';
import { isInputNumber } from '../state/input-numbers.js';
import type { KernelState } from '../state/kernel-state.js';
import type { Owner } from '../state/parties.js';
import { heldBy, ItemType, meterOf, type RunQueueItem } from '../state/queue-items.js';
import type { QueueEntry } from '../state/run-queue.js';
import { release, releaseAll } from './counts.js';
import { rejection } from './kernel-data.js';
import { ownerOf } from './orphans.js';
import { refuse, settle } from './router.js';

const NAMES = {
  [ItemType.send]: 'message',
  [ItemType.notify]: 'notify',
  [ItemType.create]: 'create',
  [ItemType.upgrade]: 'upgrade',
  [ItemType.dryRun]: 'upgrade',
  [ItemType.terminate]: 'terminate',
  [ItemType.fork]: 'fork',
} as const;

/** An item of the run queue, as the host sees it. */
export interface QueuedItemInfo {
  /** Its place: items leave in this order. */
  readonly ordinal: number;
  readonly type: (typeof NAMES)[RunQueueItem['type']];
  /** Whose it is, if it is anybody's. */
  readonly vatId: VatId | undefined;
}

/** Names one item: by its place, or by the host input that queued it. */
export type ItemChoice = { readonly ordinal: number } | { readonly input: number };

const vatOf = (state: KernelState, item: RunQueueItem): Owner | undefined =>
  item.type === ItemType.send ? ownerOf(state, item.target) : item.vat;

/** The first `limit` items. */
export const describeQueue = (state: KernelState, limit: number): QueuedItemInfo[] =>
  Array.from(state.queue.head(limit), ({ ordinal, item }) => {
    const owner = vatOf(state, item);
    const vatId = owner !== undefined && isVatNumber(owner) ? vatIdOf(owner) : undefined;
    return { ordinal, type: NAMES[item.type], vatId };
  });

/** Errors: KernelError UNKNOWN_ITEM. */
export const findItem = (state: KernelState, choice: ItemChoice): QueueEntry => {
  const input = 'input' in choice && isInputNumber(choice.input) ? choice.input : undefined;
  const result = input === undefined ? undefined : state.hostResults.get(input)?.[0];
  for (const entry of state.queue.entries()) {
    const { ordinal, item } = entry;
    const isChosen =
      'ordinal' in choice
        ? ordinal === choice.ordinal
        : result !== undefined && item.type !== ItemType.notify && item.result === result;
    if (isChosen) return entry;
  }
  const what = JSON.stringify(choice);
  throw new KernelError('UNKNOWN_ITEM', `no item ${what} on the run queue: see queued()`);
};

const CANCELLED = rejection(Error('cancelled by the host'));

/** Takes an item off the queue and tells whoever waits for it. */
export const cancelEntry = (state: KernelState, { ordinal, item }: QueueEntry): void => {
  state.queue.remove(ordinal);
  switch (item.type) {
    case ItemType.send:
      return refuse(state, item, CANCELLED);
    case ItemType.notify:
      return release(state, item.promise);
    case ItemType.create:
    case ItemType.upgrade:
    case ItemType.dryRun:
    case ItemType.terminate:
    case ItemType.fork: {
      releaseAll(state, heldBy(item));
      const meter = meterOf(item);
      if (meter !== null) release(state, meter);
      settle(state, item.result, CANCELLED);
      return release(state, item.result);
    }
    default:
      throw TypeError(`unknown item ${String(item satisfies never)}`);
  }
};
