/**
 * What one wave will do, fixed before anything runs (rules.md#w1, rules.md#w5, rules.md#w7).
 *
 * A plan says for each item that it takes off the run queue which vat gets it, and the packed
 * delivery in that vat's names. It allocates names and changes nothing else (but see `nameFor` for
 * names of ended incarnations, `addMigrations` for vats that have nothing to migrate). Items whose
 * vat an earlier lifecycle item of the wave names are left where they are.
 */
import assert from 'node:assert/strict';
import { packFrame, type Steps } from '@heirloom/store';
import {
  Delivery,
  isVatNumber,
  type DeliveryTuple,
  type Resolution,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { mustMerge } from '../lifecycle/shared-spaces.js';
import type { ToldBundles } from '../lifecycle/told-bundles.js';
import { hasVersions } from '../lifecycle/versioned-kinds.js';
import type { ToldPromises } from '../merge/cranks.js';
import { nameFor } from '../objects/clist.js';
import {
  CollectAction,
  takingCollectBatches,
  type CollectBatch,
} from '../objects/collect.js';
import { getPromise, isFew } from '../objects/counts.js';
import { ownerOf } from '../objects/orphans.js';
import type { Settlement } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { HOST_OWNS, type Owner } from '../state/parties.js';
import {
  howOf,
  itemWeight,
  ItemType,
  type LifecycleItem,
  type NotifyItem,
  type QueuedMessage,
  type RunQueueItem,
  type SendItem,
  type UpgradeItem,
} from '../state/queue-items.js';
import type { QueueEntry } from '../state/run-queue.js';
import {
  Migration,
  PromiseState,
  Reap,
  settledBody,
  Sweep,
  VatState,
  type PromiseRow,
  type VatCounters,
} from '../state/schema.js';
import { UpgradeMode } from '../state/upgrade-options.js';
import { askingToWait } from './drain.js';
import { takingShares, type Taker } from './fair-share.js';
import type { NotifyBatches } from './notify-batch.js';

export type PlannedItem =
  /** Comes from the run queue. */
  | QueuedItem
  /** The kernel's own: garbage that a vat is told of, a reap, a sweep, a migration. */
  | CollectItem;

type CollectItem = { readonly vat: VatNumber; readonly delivery: Uint8Array } & (
  | { readonly kind: 'collect'; readonly batch: CollectBatch }
  | { readonly kind: 'reap'; readonly isFull: boolean }
  | { readonly kind: 'sweep' }
  | { readonly kind: 'migrate'; readonly isFirst: boolean }
);

type QueuedItem = { readonly ordinal: number } & (
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
      readonly batch: ToldPromises;
      readonly delivery: Uint8Array;
    }
  /** The target is the host's (HOST_OWNS) or the kernel's own (KERNEL_OWNS). */
  | { readonly kind: 'outside'; readonly owner: Owner; readonly message: QueuedMessage }
  /** For a stranded vat. */
  | { readonly kind: 'parked'; readonly vat: VatNumber; readonly item: RunQueueItem }
  /** Nobody answers for the target. */
  | { readonly kind: 'refused'; readonly message: QueuedMessage }
  /** The vat no longer knows the promise, has ended, or has it in an earlier batch. */
  | { readonly kind: 'idle'; readonly vat: VatNumber; readonly promise: KRef }
  | { readonly kind: 'lifecycle'; readonly item: LifecycleItem }
);

/** One that a vat gets a delivery for. */
export type CrankItem = Extract<QueuedItem, { kind: 'message' | 'notify' }> | CollectItem;

/** A lifecycle item at its place on the run queue. */
export type DrainEntry = QueueEntry & { readonly item: UpgradeItem };

export interface WavePlan {
  readonly items: readonly PlannedItem[];
  /** Those of the items that carry one, in order. */
  readonly lifecycle: readonly LifecycleItem[];
  /** Upgrades that stay on the run queue for a wave more: drain.ts. */
  readonly drains: readonly DrainEntry[];
  /** In order of first delivery. */
  readonly deliveries: ReadonlyMap<VatNumber, readonly Uint8Array[]>;
  /** Of vats that are reaped in this wave: what later deliveries of the wave name. */
  readonly named: ReadonlyMap<VatNumber, ReadonlySet<KRef>>;
}

export interface WaveLimits {
  readonly waveLimit: number;
  readonly waveBytesMax: number;
  readonly sweepRowsMax: number;
}

/** References in garbage deliveries of one wave, at most. */
const COLLECT_MAX = 4_096;
/** What a message that waits for the answer of a message adds to that one's bytes (rules.md#w5). */
const WAITING_WEIGHT = 2_048;

const COLLECT_DELIVERIES = {
  [CollectAction.dropExport]: Delivery.dropExports,
  [CollectAction.retireExport]: Delivery.retireExports,
  [CollectAction.retireImport]: Delivery.retireImports,
} as const;

/** Who knows what is told beside the tables. */
export interface WaveSources {
  readonly told: Pick<ToldBundles, 'among'>;
  readonly batches: NotifyBatches;
}

class Planner implements Taker {
  readonly #state: KernelState;
  readonly #told: WaveSources['told'];
  readonly #batches: NotifyBatches;
  readonly items: PlannedItem[] = [];
  readonly lifecycle: LifecycleItem[] = [];
  readonly drains: DrainEntry[] = [];
  readonly deliveries = new Map<VatNumber, Uint8Array[]>();
  readonly #closed = new Set<VatNumber>();
  /** Those of the closed vats that are told how promises settle. */
  readonly #draining = new Set<VatNumber>();
  /**
   * Vats that a lifecycle item names before anything else: they hear of no garbage first
   * (rules.md#h3).
   */
  readonly #headed: ReadonlySet<VatNumber>;
  readonly named = new Map<VatNumber, Set<KRef>>();
  /** Promises already in a notify of this wave, by vat. */
  readonly #notified = new Map<VatNumber, Set<KRef>>();
  /** Items that leave the run queue. */
  taken = 0;
  /** Of deliveries, of messages that no vat is given, and for those that wait for answers. */
  bytes = 0;

  constructor(state: KernelState, headed: ReadonlySet<VatNumber>, { told, batches }: WaveSources) {
    this.#state = state;
    this.#headed = headed;
    this.#told = told;
    this.#batches = batches;
  }

  /** Takes an item off the run queue, if it does not have to stay there. */
  add(entry: QueueEntry): boolean | Steps<boolean> {
    const before = this.items.length;
    const rest = this.#add(entry);
    return rest === undefined ? this.#isTaken(before) : this.#adding(rest, before);
  }

  *#adding(rest: Steps<void>, before: number): Steps<boolean> {
    yield* rest;
    return this.#isTaken(before);
  }

  #isTaken(before: number): boolean {
    const isTaken = this.items.length > before;
    if (isTaken) this.taken += 1;
    return isTaken;
  }

  /** Gives the steps that are left, if it takes many. */
  #add({ ordinal, item }: QueueEntry): Steps<void> | undefined {
    switch (item.type) {
      case ItemType.send:
        return this.#addMessage(ordinal, item);
      case ItemType.notify:
        return this.#addNotify(ordinal, item);
      case ItemType.create:
      case ItemType.upgrade:
      case ItemType.dryRun:
      case ItemType.terminate:
      case ItemType.fork:
        return this.#addingLifecycle(ordinal, item);
      default:
        throw TypeError(`unknown item ${String(item satisfies never)}`);
    }
  }

  *#addingLifecycle(ordinal: number, item: LifecycleItem): Steps<void> {
    if (this.#closed.has(item.vat)) return;
    this.#closed.add(item.vat);
    // A replay needs the transcript whole: what the wave does to the vat comes first.
    if (needsReplay(item) && this.deliveries.has(item.vat)) return;
    if (item.type === ItemType.fork && mustWaitForRows(this.#state, item.vat)) return;
    if (
      item.type === ItemType.upgrade &&
      (yield* askingToWait(this.#state, item, this.deliveries.has(item.vat)))
    ) {
      this.#draining.add(item.vat);
      this.drains.push({ ordinal, item });
      return;
    }
    this.items.push({ kind: 'lifecycle', ordinal, item });
    this.lifecycle.push(item);
  }

  /**
   * Adds what comes before everything else of the wave: what vats are told of garbage, then reaps
   * (rules.md#g1).
   */
  *addingCollection(limits: WaveLimits): Steps<void> {
    const state = this.#state;
    for (const batch of yield* takingCollectBatches(state, COLLECT_MAX, this.#headed)) {
      const { vat, action, krefs } = batch;
      const vrefs = yield* this.#naming(krefs, kref => nameFor(state, vat, kref));
      const delivery = this.#deliver(vat, [COLLECT_DELIVERIES[action], vrefs]);
      this.items.push({ kind: 'collect', vat, batch, delivery });
    }
    for (const vat of this.#due('reap')) {
      if (this.#headed.has(vat)) continue;
      const isFull = this.#state.vatCounters.need(vat).reap === Reap.full;
      const delivery = this.#deliver(vat, [Delivery.reap, null, limits.sweepRowsMax, isFull]);
      this.items.push({ kind: 'reap', vat, isFull, delivery });
      this.named.set(vat, new Set());
    }
  }

  /** After everything else of the wave. */
  addSweeps(limits: WaveLimits): void {
    for (const vat of this.#due('sweep')) {
      if (this.#closed.has(vat) || this.#headed.has(vat)) continue;
      const findsCycles = this.#state.vatCounters.need(vat).sweep === Sweep.cycles;
      const sweep = [Delivery.sweep, limits.sweepRowsMax, findsCycles] as const;
      const delivery = this.#deliver(vat, sweep);
      this.items.push({ kind: 'sweep', vat, delivery });
    }
  }

  /** Once nothing is to be swept: what is dead must not be shown to vat code again. */
  addMigrations(limits: WaveLimits): void {
    for (const vat of this.#due('migrate')) {
      if (this.#closed.has(vat) || this.#headed.has(vat)) continue;
      const counters = this.#state.vatCounters.need(vat);
      if (!hasVersions(this.#state, vat)) {
        this.#state.vatCounters.set(vat, { ...counters, migration: Migration.none });
        continue;
      }
      const isFirst = counters.migration === Migration.fromStart;
      const delivery = this.#deliver(vat, [Delivery.migrate, limits.sweepRowsMax, isFirst]);
      this.items.push({ kind: 'migrate', vat, isFirst, delivery });
    }
  }

  #due(what: Due): VatNumber[] {
    const state = this.#state;
    return [...state.dueVats]
      .sort((a, b) => a - b)
      .filter(vat => state.vats.get(vat)?.state === VatState.running && !state.stranded.has(vat))
      .filter(vat => isDue(state.vatCounters.need(vat), what));
  }

  #name(vat: VatNumber, kref: KRef): VRef {
    this.named.get(vat)?.add(kref);
    return nameFor(this.#state, vat, kref);
  }

  #namingAll(vat: VatNumber, krefs: readonly KRef[]): Steps<VRef[]> {
    return this.#naming(krefs, kref => this.#name(vat, kref));
  }

  *#naming(krefs: readonly KRef[], name: (kref: KRef) => VRef): Steps<VRef[]> {
    const vrefs: VRef[] = [];
    for (const kref of krefs) {
      vrefs.push(name(kref));
      yield;
    }
    return vrefs;
  }

  #deliver(vat: VatNumber, tuple: DeliveryTuple): Uint8Array {
    const delivery = packFrame(tuple);
    const list = this.deliveries.get(vat);
    if (list === undefined) this.deliveries.set(vat, [delivery]);
    else list.push(delivery);
    this.bytes += delivery.length;
    return delivery;
  }

  #addMessage(ordinal: number, message: SendItem): Steps<void> | undefined {
    const state = this.#state;
    assert(!isPromiseKRef(message.target), 'the run queue names objects only');
    const vat = ownerOf(state, message.target);
    if (vat === undefined) {
      this.#countUngiven(message);
      this.#countWaiting(message);
      this.items.push({ kind: 'refused', ordinal, message });
      return undefined;
    }
    if (!isVatNumber(vat)) {
      this.#countUngiven(message);
      // The host answers in an input.
      if (vat !== HOST_OWNS) this.#countWaiting(message);
      this.items.push({ kind: 'outside', ordinal, owner: vat, message });
      return undefined;
    }
    if (this.#closed.has(vat)) return undefined;
    if (state.stranded.has(vat)) {
      this.#countUngiven(message);
      this.items.push({ kind: 'parked', ordinal, vat, item: message });
      return undefined;
    }
    this.#countWaiting(message);
    const to = this.#name(vat, message.target);
    if (!isFew(message.slots)) return this.#addingMentions(ordinal, vat, to, message);
    this.#addNamed(ordinal, vat, to, message, this.#nameFew(vat, message.slots));
    return undefined;
  }

  *#addingMentions(
    ordinal: number,
    vat: VatNumber,
    to: VRef,
    message: SendItem,
  ): Steps<void> {
    this.#addNamed(ordinal, vat, to, message, yield* this.#namingAll(vat, message.slots));
  }

  #nameFew(vat: VatNumber, krefs: readonly KRef[]): VRef[] {
    const vrefs: VRef[] = [];
    for (const kref of krefs) vrefs.push(this.#name(vat, kref));
    return vrefs;
  }

  /** `named`: what the vat calls what the message mentions. */
  #addNamed(
    ordinal: number,
    vat: VatNumber,
    to: VRef,
    message: SendItem,
    named: readonly VRef[],
  ): void {
    const { body, slots, result } = message;
    const delivery = this.#deliver(vat, [
      Delivery.message,
      to,
      body,
      named,
      result === undefined ? null : this.#name(vat, result),
      ...this.#told.among(vat, slots, this.named.has(vat)),
    ]);
    this.items.push({ kind: 'message', ordinal, vat, message, delivery });
  }

  /** Its data is in memory with it until the commit, and so are the references that this has. */
  #countUngiven(message: SendItem): void {
    this.bytes += itemWeight(message);
  }

  /** Messages that wait for its answer are moved or refused in the same wave. */
  #countWaiting({ result }: SendItem): void {
    const state = this.#state;
    if (result !== undefined) this.bytes += WAITING_WEIGHT * getPromise(state, result).queueCount;
  }

  #addNotify(ordinal: number, item: NotifyItem): Steps<void> | undefined {
    const { vat, promise } = item;
    if (this.#closed.has(vat) && !this.#draining.has(vat)) return undefined;
    const state = this.#state;
    if (state.stranded.has(vat)) {
      this.items.push({ kind: 'parked', ordinal, vat, item });
      return undefined;
    }
    const alive = state.vats.get(vat)?.state === VatState.running;
    const known = alive && state.clist(vat).byKRef.get(promise) !== undefined;
    const notified = this.#notified.get(vat) ?? new Set<KRef>();
    this.#notified.set(vat, notified);
    if (!known || notified.has(promise)) {
      this.items.push({ kind: 'idle', ordinal, vat, promise });
      return undefined;
    }
    const batch = this.#batches.plainBatchOf(promise, notified);
    if (batch === undefined) return this.#addingBatch(ordinal, item, notified);
    const { rejected, body, slots } = settlementOf(getPromise(state, promise));
    const name = this.#name(vat, promise);
    const resolution: Resolution = [name, rejected, body, this.#nameFew(vat, slots)];
    this.#addResolutions(ordinal, item, batch, [resolution], slots);
    return undefined;
  }

  *#addingBatch(ordinal: number, item: NotifyItem, notified: Set<KRef>): Steps<void> {
    const { vat, promise } = item;
    const batch = yield* this.#batches.batchOf(promise, notified);
    const resolutions: Resolution[] = [];
    const mentioned: KRef[] = [];
    for (const kref of batch.krefs) {
      const { rejected, body, slots } =
        batch.instead ?? settlementOf(getPromise(this.#state, kref));
      const name = this.#name(vat, kref);
      resolutions.push([name, rejected, body, yield* this.#namingAll(vat, slots)]);
      for (const slot of slots) mentioned.push(slot);
    }
    this.#addResolutions(ordinal, item, batch, resolutions, mentioned);
  }

  #addResolutions(
    ordinal: number,
    { vat, promise }: NotifyItem,
    batch: ToldPromises,
    resolutions: readonly Resolution[],
    mentioned: readonly KRef[],
  ): void {
    const told = this.#told.among(vat, mentioned, this.named.has(vat));
    const delivery = this.#deliver(vat, [Delivery.notify, resolutions, ...told]);
    this.items.push({ kind: 'notify', ordinal, vat, promise, batch, delivery });
  }
}

const settlementOf = (row: PromiseRow): Settlement => ({
  rejected: row.state === PromiseState.rejected,
  body: settledBody(row),
  slots: row.slots,
});

const needsReplay = (item: LifecycleItem): boolean =>
  item.type === ItemType.fork ||
  (item.type === ItemType.upgrade && howOf(item).mode === UpgradeMode.replay);

/** A vat that ends or gets nothing is not waited for: its fork is refused. */
const mustWaitForRows = (state: KernelState, vat: VatNumber): boolean =>
  state.vats.get(vat)?.state === VatState.running && mustMerge(state, vat);

type Due = 'reap' | 'sweep' | 'migrate';

const isDue = ({ reap, sweep, migration }: VatCounters, what: Due): boolean => {
  switch (what) {
    case 'reap':
      return reap !== Reap.none;
    case 'sweep':
      return sweep !== Sweep.none;
    case 'migrate':
      return migration !== Migration.none && sweep === Sweep.none;
  }
};

/** The vats of the lifecycle items that the queue begins with. */
const headedBy = (entries: Iterable<QueueEntry>): ReadonlySet<VatNumber> => {
  const headed = new Set<VatNumber>();
  for (const { item } of entries) {
    if (item.type === ItemType.send || item.type === ItemType.notify) break;
    headed.add(item.vat);
  }
  return headed;
};

/** Plans the next wave. Allocates names (c-list entries without counts); changes nothing else. */
export function* planningWave(
  state: KernelState,
  limits: WaveLimits,
  sources: WaveSources,
): Steps<WavePlan> {
  const planner = new Planner(state, headedBy(state.queue.entries()), sources);
  yield* planner.addingCollection(limits);
  yield* takingShares(state.queue, limits, planner);
  planner.addSweeps(limits);
  planner.addMigrations(limits);
  const { items, lifecycle, drains, deliveries, named } = planner;
  return { items, lifecycle, drains, deliveries, named };
}
