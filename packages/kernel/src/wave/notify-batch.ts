/**
 * Of which promises one notify tells (rules.md#w3).
 *
 * A notify tells of a promise, and of the settled promises that its data reaches, as far as they
 * fit. The vat subscribes to the others when it sees their names, and is told at once. What a
 * notify tells of loses its name when the wave ends; so the ring of the promise comes whole, for
 * what is told of a ring later would mention the promise under a new name, and so on for ever.
 * Invariant: what a notify leaves out does not reach the promise that it is about. So each
 * notify leads to others that are further down only, and there is a last one.
 */
import type { Steps } from '@heirloom/store';
import { ELEMENT_WEIGHT, REFERENCE_WEIGHT } from '@heirloom/worker';
import type { ToldPromises } from '../merge/cranks.js';
import { getPromise, isFew } from '../objects/counts.js';
import { rejection } from '../objects/kernel-data.js';
import type { SettledRings } from '../objects/settled-rings.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { PromiseState, type PromiseRow } from '../state/schema.js';

/** Bytes of a notify after which what its data reaches is left to a notify of its own. */
const NOTIFY_BYTES_MAX = 2 ** 20;
/** Bytes of promises that hold each other: they are told together, whatever else fits. */
const RING_BYTES_MAX = 2 ** 24;

/** What a vat is told instead where a notify cannot hold what it has to. */
const RING_TOO_LARGE = rejection(
  RangeError('too much data: the promise is one of many that hold each other'),
);

/** More than a settled promise takes in a notify. */
const weightOf = ({ body, slots }: PromiseRow): number =>
  ELEMENT_WEIGHT + (body?.length ?? 0) + slots.length * REFERENCE_WEIGHT;

const NO_RING: ReadonlySet<KRef> = new Set();

export class NotifyBatches {
  readonly #state: KernelState;
  readonly #rings: SettledRings;

  constructor(state: KernelState, rings: SettledRings) {
    this.#state = state;
    this.#rings = rings;
  }

  endWave(): void {
    this.#rings.endWave();
  }

  /** As `batchOf`, of a promise whose data mentions none, and little else; else undefined. */
  plainBatchOf(promise: KRef, notified: Set<KRef>): ToldPromises | undefined {
    const { slots } = getPromise(this.#state, promise);
    if (!isFew(slots) || slots.some(isPromiseKRef)) return undefined;
    notified.add(promise);
    return { krefs: [promise] };
  }

  /** `notified`: what the vat is told in the wave before; what the batch has is added to it. */
  *batchOf(promise: KRef, notified: Set<KRef>): Steps<ToldPromises> {
    notified.add(promise);
    const row = getPromise(this.#state, promise);
    const plain = yield* this.#reaching(promise, notified, NO_RING, weightOf(row));
    let { krefs } = plain;
    if (plain.isCut) {
      const ring = yield* this.#rings.ringOf(promise);
      const bytes = ring === undefined ? Infinity : yield* this.#weighing(ring);
      if (ring === undefined || (ring.size > 1 && bytes > RING_BYTES_MAX)) {
        return { krefs: [promise], instead: RING_TOO_LARGE };
      }
      if (ring.size > 1) ({ krefs } = yield* this.#reaching(promise, notified, ring, bytes));
    }
    for (const kref of krefs) notified.add(kref);
    return { krefs };
  }

  *#weighing(ring: ReadonlySet<KRef>): Steps<number> {
    let bytes = 0;
    for (const kref of ring) {
      bytes += weightOf(getPromise(this.#state, kref));
      yield;
    }
    return bytes;
  }

  /** The promise, all of the ring, and others until one does not fit; `bytes` is of the former. */
  *#reaching(
    promise: KRef,
    notified: ReadonlySet<KRef>,
    ring: ReadonlySet<KRef>,
    bytes: number,
  ): Steps<{ readonly krefs: readonly KRef[]; readonly isCut: boolean }> {
    const batch = new Set([promise]);
    let weight = bytes;
    let isCut = false;
    // What is added while it is gone through has its turn.
    for (const kref of batch) {
      for (const slot of getPromise(this.#state, kref).slots) {
        if (!isPromiseKRef(slot) || notified.has(slot) || batch.has(slot)) continue;
        if (!ring.has(slot)) {
          if (isCut) continue;
          const row = getPromise(this.#state, slot);
          if (row.state === PromiseState.unresolved) continue;
          isCut = weight + weightOf(row) > NOTIFY_BYTES_MAX;
          if (isCut && ring.size === 0) return { krefs: [...batch], isCut };
          if (isCut) continue;
          weight += weightOf(row);
        }
        batch.add(slot);
      }
      yield;
    }
    return { krefs: [...batch], isCut };
  }
}
