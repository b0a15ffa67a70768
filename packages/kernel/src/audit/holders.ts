/**
 * Who holds what, counted anew from everything that holds: see objects/counts.ts for the list.
 *
 * Memory: two numbers for every object and promise that is held.
 */
import type { KRef } from '../state/krefs.js';
import { isPromiseKRef } from '../state/krefs.js';
import {
  heldBy,
  ItemType,
  meterOf,
  type QueuedMessage,
  type RunQueueItem,
} from '../state/queue-items.js';
import { PromiseState, Reach, type PromiseRow } from '../state/schema.js';

export class Holders {
  readonly #reachable = new Map<KRef, number>();
  /** Objects only: holders that recognize, those that reach among them. */
  readonly #recognizable = new Map<KRef, number>();

  hold(kref: KRef): void {
    bump(this.#reachable, kref);
    if (!isPromiseKRef(kref)) bump(this.#recognizable, kref);
  }

  holdAll(krefs: readonly KRef[]): void {
    for (const kref of krefs) this.hold(kref);
  }

  /** An entry of an importer's c-list; a promise's entry counts whole. */
  holdAs(kref: KRef, reach: Reach): void {
    if (reach === Reach.allocated) return;
    if (reach === Reach.reachable || isPromiseKRef(kref)) this.hold(kref);
    else bump(this.#recognizable, kref);
  }

  /** A message that waits on a promise: the promise's queue does not hold the promise. */
  holdWaiting({ slots, result }: QueuedMessage): void {
    this.holdAll(slots);
    if (result !== undefined) this.hold(result);
  }

  holdItem(item: RunQueueItem): void {
    switch (item.type) {
      case ItemType.send:
        this.hold(item.target);
        this.holdWaiting(item);
        return;
      case ItemType.notify:
        this.hold(item.promise);
        return;
      case ItemType.create:
      case ItemType.upgrade:
      case ItemType.dryRun:
      case ItemType.terminate:
      case ItemType.fork: {
        this.holdWaiting({ ...item, slots: heldBy(item), target: item.result });
        const meter = meterOf(item);
        if (meter !== null) this.hold(meter);
        return;
      }
      default:
        throw TypeError(`unknown item ${String(item satisfies never)}`);
    }
  }

  holdSettled(row: PromiseRow): void {
    if (row.state !== PromiseState.unresolved) this.holdAll(row.slots);
  }

  reachable(kref: KRef): number {
    return this.#reachable.get(kref) ?? 0;
  }

  recognizable(kref: KRef): number {
    return this.#recognizable.get(kref) ?? 0;
  }

  /** Everything that somebody holds. */
  *held(): Generator<KRef, void> {
    yield* this.#reachable.keys();
    for (const kref of this.#recognizable.keys()) if (!this.#reachable.has(kref)) yield kref;
  }
}

const bump = (counts: Map<KRef, number>, kref: KRef): void => {
  counts.set(kref, (counts.get(kref) ?? 0) + 1);
};
