/**
 * What one wave will do, fixed before anything runs (rules W1, W5, W7).
 *
 * A plan says for each item at the head of the run queue which vat gets it, and the packed delivery
 * in that vat's names. It allocates names and changes nothing else. Items whose vat an earlier
 * lifecycle item of the wave names are left where they are.
 */
import assert from 'node:assert/strict';
import { packFrame } from '@heirloom/store';
import { Delivery, type DeliveryTuple, type Resolution, type VRef } from '@heirloom/worker';
import { nameFor } from './clist.js';
import { getPromise } from './counts.js';
import { ownerOf } from './router.js';
import { isPromiseKRef, type KRef } from './state/krefs.js';
import type { QueueEntry } from './state/run-queue.js';
import {
  ItemType,
  PromiseState,
  VatState,
  type LifecycleItem,
  type QueuedMessage,
  type VatNumber,
} from './state/schema.js';
import type { KernelState } from './state/state.js';

export type PlannedItem = { readonly ordinal: number } & (
  | {
      readonly kind: 'message';
      readonly vat: VatNumber;
      readonly message: QueuedMessage;
      readonly delivery: Uint8Array;
    }
  | {
      readonly kind: 'notify';
      readonly vat: VatNumber;
      readonly promise: KRef;
      /** Everything that the notify settles in the vat, `promise` first. */
      readonly batch: readonly KRef[];
      readonly delivery: Uint8Array;
    }
  /** Nobody owns the target. */
  | { readonly kind: 'refused'; readonly message: QueuedMessage }
  /** The vat no longer knows the promise, has ended, or has it in an earlier batch. */
  | { readonly kind: 'idle'; readonly promise: KRef }
  | { readonly kind: 'lifecycle'; readonly item: LifecycleItem }
);

export interface WavePlan {
  readonly items: readonly PlannedItem[];
  /** In order of first delivery. */
  readonly deliveries: ReadonlyMap<VatNumber, readonly Uint8Array[]>;
}

export interface WaveLimits {
  readonly waveLimit: number;
  readonly waveBytesMax: number;
}

const nameAll = (state: KernelState, vat: VatNumber, krefs: readonly KRef[]): VRef[] =>
  krefs.map(kref => nameFor(state, vat, kref));

class Planner {
  readonly #state: KernelState;
  readonly items: PlannedItem[] = [];
  readonly deliveries = new Map<VatNumber, Uint8Array[]>();
  readonly #closed = new Set<VatNumber>();
  /** Promises already in a notify of this wave, by vat. */
  readonly #notified = new Map<VatNumber, Set<KRef>>();
  bytes = 0;

  constructor(state: KernelState) {
    this.#state = state;
  }

  add({ ordinal, item }: QueueEntry): void {
    switch (item.type) {
      case ItemType.send:
        return this.#addMessage(ordinal, item);
      case ItemType.notify:
        return this.#addNotify(ordinal, item.vat, item.promise);
      case ItemType.create:
      case ItemType.upgrade:
      case ItemType.terminate:
        if (this.#closed.has(item.vat)) return undefined;
        this.#closed.add(item.vat);
        this.items.push({ kind: 'lifecycle', ordinal, item });
        return undefined;
      default:
        throw TypeError(`unknown item ${String(item satisfies never)}`);
    }
  }

  #deliver(vat: VatNumber, tuple: DeliveryTuple): Uint8Array {
    const delivery = packFrame(tuple);
    const list = this.deliveries.get(vat);
    if (list === undefined) this.deliveries.set(vat, [delivery]);
    else list.push(delivery);
    this.bytes += delivery.length;
    return delivery;
  }

  #addMessage(ordinal: number, message: QueuedMessage): void {
    const state = this.#state;
    assert(!isPromiseKRef(message.target), 'the run queue names objects only');
    const vat = ownerOf(state, message.target);
    if (vat === undefined) {
      this.items.push({ kind: 'refused', ordinal, message });
      return;
    }
    if (this.#closed.has(vat)) return;
    const { target, body, slots, result } = message;
    const delivery = this.#deliver(vat, [
      Delivery.message,
      nameFor(state, vat, target),
      body,
      nameAll(state, vat, slots),
      result === undefined ? null : nameFor(state, vat, result),
    ]);
    this.items.push({ kind: 'message', ordinal, vat, message, delivery });
  }

  #addNotify(ordinal: number, vat: VatNumber, promise: KRef): void {
    if (this.#closed.has(vat)) return;
    const state = this.#state;
    const alive = state.vats.get(vat)?.state === VatState.running;
    const known = alive && state.clist(vat).byKRef.get(promise) !== undefined;
    const notified = this.#notified.get(vat) ?? new Set<KRef>();
    this.#notified.set(vat, notified);
    if (!known || notified.has(promise)) {
      this.items.push({ kind: 'idle', ordinal, promise });
      return;
    }
    const batch = this.#settledFrom(promise, notified);
    const resolutions = batch.map((kref): Resolution => {
      const row = getPromise(state, kref);
      assert(row.body !== null, 'a settled promise has data');
      const rejected = row.state === PromiseState.rejected;
      return [nameFor(state, vat, kref), rejected, row.body, nameAll(state, vat, row.slots)];
    });
    const delivery = this.#deliver(vat, [Delivery.notify, resolutions]);
    this.items.push({ kind: 'notify', ordinal, vat, promise, batch, delivery });
  }

  /** `promise` and every settled promise that its data reaches, in order of mention. */
  #settledFrom(promise: KRef, notified: Set<KRef>): KRef[] {
    const batch = [promise];
    notified.add(promise);
    for (const kref of batch) {
      for (const slot of getPromise(this.#state, kref).slots) {
        if (!isPromiseKRef(slot) || notified.has(slot)) continue;
        if (getPromise(this.#state, slot).state === PromiseState.unresolved) continue;
        notified.add(slot);
        batch.push(slot);
      }
    }
    return batch;
  }
}

/** Plans the next wave. Allocates names (c-list entries without counts); changes nothing else. */
export const planWave = (state: KernelState, limits: WaveLimits): WavePlan => {
  const planner = new Planner(state);
  for (const entry of state.queue.head(limits.waveLimit)) {
    planner.add(entry);
    if (planner.bytes >= limits.waveBytesMax) break;
  }
  const { items, deliveries } = planner;
  return { items, deliveries };
};
