/**
 * One wave: plan, dispatch to every vat in parallel, merge in queue order.
 *
 * Invariants: cranks are merged strictly in queue order, whichever thread finished first; a vat
 * that has ended in the wave has its later items rejected at their own places (rules.md#w4);
 * promise names settled in the wave go when it ends (rules.md#w3), and so does what nothing refers
 * to (rules.md#g1).
 */
import assert from 'node:assert/strict';
import { packFrame, type Steps } from '@heirloom/store';
import {
  Delivery,
  TranscriptDigest,
  vatIdOf,
  type CrankReport,
  type Incarnation,
  type MigrationReport,
  type Position,
  type VatNumber,
} from '@heirloom/worker';
import { asShortOrInTurns, Turn } from '../base/giving-way.js';
import { carryOut, reserveWorkers } from '../lifecycle/items.js';
import { cleanUpStep, endingVat } from '../lifecycle/termination.js';
import { chargeTo, type LifecycleContext, type Moment } from '../lifecycle/vat-start.js';
import { logEnd, logLifecycle } from '../log/lifecycle.js';
import {
  acceptMessage,
  acceptNotify,
  mergingCrank,
  MIGRATION_RIGHTS,
  NO_RIGHTS,
  startMerging,
  type CrankContext,
  type Verdict,
} from '../merge/cranks.js';
import type { CrankEffects, CrankRights } from '../merge/syscalls.js';
import { retirePromise } from '../objects/clist.js';
import { applyingCollectBatch } from '../objects/collect.js';
import { release } from '../objects/counts.js';
import { freeing } from '../objects/freeing.js';
import { refusalOf } from '../objects/orphans.js';
import { refusing, type Settlement } from '../objects/router.js';
import { takingHostCall } from '../services/host-calls.js';
import { acceptingKernelCall } from '../services/kernel-messages.js';
import { draining } from '../services/meters.js';
import { SettledRings } from '../objects/settled-rings.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import type { KernelParameters } from '../state/parameters.js';
import { KERNEL_OWNS } from '../state/parties.js';
import { ItemType, type LifecycleItem, type QueuedMessage } from '../state/queue-items.js';
import type { Running } from '../state/note-record.js';
import { VatState, type VatRow } from '../state/schema.js';
import { countersAfter } from './counters-after.js';
import { countWave } from './drain.js';
import { NotifyBatches } from './notify-batch.js';
import { runningIn, senderIn } from './parties-of-wave.js';
import {
  planningWave,
  type CrankItem,
  type PlannedItem,
  type WaveLimits,
  type WavePlan,
  type WaveSources,
} from './plan.js';
import { Dispatch } from './wave-dispatch.js';
import { WaveParts, type PartImages } from './wave-parts.js';

export interface WaveStats {
  /** Items taken off the run queue. */
  readonly items: number;
  /** Cranks of vats that were merged. */
  readonly cranks: number;
  /** Vats that were to be made. */
  readonly creations: number;
  /** Rows that the kernel removed of ended incarnations and vats, or moved between spaces. */
  readonly cleanups: number;
}

interface WaveRunnerOptions extends LifecycleContext {
  readonly limits: KernelParameters;
  /** A step of a migration was merged. */
  readonly onMigration: (vat: VatNumber, isFirst: boolean, report: MigrationReport) => void;
  /** How many vats run at a time. */
  readonly threads: number;
  readonly images: PartImages;
  /** Told before anything of a wave runs. */
  readonly onRunning: (moment: Moment, running: readonly Running[]) => void;
}

/** What one wave did to one vat so far: becomes one transcript row. */
interface VatRecord {
  readonly incarnation: Incarnation;
  readonly firstPosition: Position;
  readonly deliveries: Uint8Array[];
  readonly digest: TranscriptDigest;
}

/** One wave in progress. */
interface Wave {
  readonly moment: Moment;
  readonly plan: WavePlan;
  readonly dispatch: Dispatch;
  /** Promises whose names in an incarnation go when the wave ends. */
  readonly retired: [vat: VatNumber, incarnation: Incarnation, promise: KRef][];
  /** Of vats that have watchers which have not heard: promises that keep their names. */
  readonly kept: Map<VatNumber, Set<KRef>>;
  readonly records: Map<VatNumber, VatRecord>;
  readonly parts: WaveParts;
}

/** One that has been merged, or undone. */
interface MergedCrank {
  readonly item: CrankItem;
  readonly incarnation: Incarnation;
  readonly packed: Uint8Array;
  readonly wave: Wave;
  /** Who pays for it. */
  readonly meter: KRef | null;
}

const keepIn = (kept: Wave['kept'], vat: VatNumber, promises: readonly KRef[]): void => {
  const all = kept.get(vat) ?? new Set();
  for (const promise of promises) all.add(promise);
  kept.set(vat, all);
};

/** The sums of a longer one are made in steps. */
const LONG_CRANK_BYTES = 4 * 1024 * 1024;

export class WaveRunner {
  readonly #options: WaveRunnerOptions;
  readonly #sources: WaveSources;
  readonly #ordinaryRights: CrankRights;

  constructor(options: WaveRunnerOptions) {
    this.#options = options;
    const { crankWeightMax } = options.limits;
    this.#ordinaryRights =
      crankWeightMax === 0 ? NO_RIGHTS : { ...NO_RIGHTS, weightMax: crankWeightMax };
    const { state, toldBundles } = options;
    const batches = new NotifyBatches(state, new SettledRings(state));
    this.#sources = { told: toldBundles, batches };
  }

  /** Runs one wave. A HostError leaves the tables in the middle: the kernel must stop. */
  async run(moment: Moment): Promise<WaveStats> {
    const { state, limits } = this.#options;
    state.movedBytes.clear();
    const plan = await this.#inTurns(planningWave(state, limits, this.#sources));
    state.endCrank();
    this.#options.online.assertWhole(plan.deliveries.keys());
    this.#options.onRunning(moment, runningIn(state, plan));
    // A vat keeps its code while its successor's thread gets ready.
    await reserveWorkers(this.#options, plan.lifecycle);
    const parts = new WaveParts(state, this.#options.images);
    const dispatch = this.#dispatch(plan, moment, parts);
    const nothing = { retired: [], kept: new Map(), records: new Map() };
    const wave: Wave = { moment, plan, dispatch, parts, ...nothing };
    let cranks = 0;
    let items = 0;
    for (const entry of plan.drains) countWave(state, entry);
    const turn = new Turn(this.#options.clock);
    for (const item of plan.items) {
      if (parts.holdsBack(item)) continue;
      items += 1;
      if ('ordinal' in item) state.queue.remove(item.ordinal);
      state.sender = senderIn(item);
      const merged = this.#merge(item, wave);
      // No turn of the event loop where the crank is there already.
      if (merged === true || (merged !== false && (await merged))) cranks += 1;
      state.endCrank();
      const others = turn.end();
      if (others !== undefined) await others;
    }
    state.sender = undefined;
    const cleanups = await this.#inTurns(this.#ending(wave));
    this.#options.pager.endWave();
    const creations = plan.lifecycle.filter(isCreation).length;
    return { items, cranks, creations, cleanups };
  }

  /** Work that vats decide the length of. */
  #inTurns<T>(steps: Steps<T>): T | Promise<T> {
    return asShortOrInTurns(steps, this.#options.clock);
  }

  *#ending({ moment, retired, kept, records, parts }: Wave): Steps<number> {
    const { state, limits } = this.#options;
    const { height, wave } = moment;
    for (const [vat, { incarnation, firstPosition, deliveries, digest }] of records) {
      const { checks, digest: hash } = digest.finish();
      state.record(vat, incarnation, firstPosition, [height, wave, deliveries, checks, hash]);
    }
    for (const [vat, incarnation, promise] of retired) {
      // A successor that has been given the promise meanwhile has a name of its own for it.
      const isOver = state.vats.get(vat)?.incarnation !== incarnation;
      if (!isOver && kept.get(vat)?.has(promise) !== true) retirePromise(state, vat, promise);
      yield;
    }
    yield* parts.forgettingNames();
    state.movedBytes.clear();
    this.#sources.batches.endWave();
    const cleanups = cleanUpStep(state, limits.cleanupRowsMax);
    yield* freeing(state);
    state.endCrank();
    return cleanups;
  }

  #dispatch({ deliveries }: WavePlan, moment: Moment, waveParts: WaveParts): Dispatch {
    const { state, pager, threads, toldBundles } = this.#options;
    const parts = [...deliveries].map(([vat, list]) => {
      const { position: firstPosition } = state.vatCounters.need(vat);
      const bundles = toldBundles.unshown(vat);
      const holdsBack = waveParts.mayHoldBack(vat);
      return { vat, bundles, wave: { ...moment, firstPosition, deliveries: list, holdsBack } };
    });
    return new Dispatch(pager, parts, threads);
  }

  /** Settles one item of the plan. Returns whether a crank was merged; a promise only to wait. */
  #merge(item: PlannedItem, wave: Wave): boolean | Promise<boolean> {
    const { state } = this.#options;
    switch (item.kind) {
      case 'message':
      case 'notify':
      case 'collect':
      case 'reap':
      case 'sweep':
      case 'migrate':
        return this.#mergeVatCrank(item, wave);
      case 'parked':
        state.stranded.park(item.vat, item.ordinal, item.item);
        return false;
      case 'refused':
        return this.#refuse(item.message);
      case 'outside':
        return this.#inTurnsAll(
          item.owner === KERNEL_OWNS
            ? acceptingKernelCall(state, item.message)
            : takingHostCall(state, item.message),
        );
      case 'idle':
        release(state, item.promise);
        return false;
      case 'lifecycle':
        return this.#carryOut(item.item, wave.moment);
      default:
        throw TypeError(`unknown planned item ${String(item satisfies never)}`);
    }
  }

  #refuse(message: QueuedMessage): false | Promise<false> {
    const { state } = this.#options;
    return this.#inTurnsAll(refusing(state, message, refusalOf(state, message.target)));
  }

  /** Of an item without a crank. */
  #inTurnsAll(steps: Steps<void>): false | Promise<false> {
    const done = this.#inTurns(steps);
    return done === undefined ? false : done.then(() => false as const);
  }

  async #carryOut(item: LifecycleItem, moment: Moment): Promise<false> {
    const { log, state } = this.#options;
    await carryOut(this.#options, item, moment);
    if (log.isOn) logLifecycle(log, state, moment, item, this.#options);
    return false;
  }

  #mergeVatCrank(item: CrankItem, wave: Wave): boolean | Promise<boolean> {
    const { state } = this.#options;
    const row = state.vats.get(item.vat);
    if (row?.state !== VatState.running) {
      if (item.kind === 'message') return this.#refuse(item.message);
      if (item.kind === 'notify') release(state, item.promise);
      return false;
    }
    const next = wave.dispatch.nextCrank(item.vat);
    if (next instanceof Uint8Array) return this.#conclude(item, row, next, wave);
    return next.then(packed => this.#conclude(item, row, packed, wave));
  }

  /** A promise where it takes long. */
  #conclude(
    item: CrankItem,
    row: VatRow,
    packed: Uint8Array,
    wave: Wave,
  ): true | Promise<true> {
    const { state } = this.#options;
    const { vat } = item;
    const { incarnation, spaces } = row;
    wave.parts.count(vat, packed);
    const rights = this.#rightsOf(item, wave);
    const isMetered = item.kind === 'message' || item.kind === 'notify';
    const meter = isMetered ? row.options.meter : null;
    const context = { vat, incarnation, spaces, rights, charge: chargeTo(state, meter) };
    const rest = this.#accept(item, incarnation, wave);
    const merging =
      rest === undefined
        ? startMerging(state, context, packed)
        : this.#concluding(rest, context, packed);
    const verdict = 'ok' in merging ? merging : this.#inTurns(merging);
    const crank = { item, incarnation, packed, wave, meter };
    return verdict instanceof Promise
      ? verdict.then(late => this.#merged(crank, late))
      : this.#merged(crank, verdict);
  }

  *#concluding(rest: Steps<void>, context: CrankContext, packed: Uint8Array): Steps<Verdict> {
    yield* rest;
    return yield* mergingCrank(this.#options.state, context, packed);
  }

  /** The crank is merged, or undone. A promise where its vat ends, and that takes long. */
  #merged(crank: MergedCrank, verdict: Verdict): true | Promise<true> {
    const ended = this.#ended(crank, verdict);
    return ended === undefined ? true : ended.then(() => true as const);
  }

  #ended(crank: MergedCrank, verdict: Verdict): undefined | Promise<void> {
    const { state } = this.#options;
    const { item, incarnation, packed, wave, meter } = crank;
    const { vat } = item;
    if (this.#options.log.tellsCranks) this.#logCrank(crank, verdict);
    if (!verdict.ok) {
      return this.#terminate(vat, wave, verdict, meter);
    }
    const { effects, report } = verdict;
    for (const promise of effects.retired) wave.retired.push([vat, incarnation, promise]);
    if (effects.kept.length > 0) keepIn(wave.kept, vat, effects.kept);
    if (item.kind === 'migrate') {
      assert(report?.length === 5, 'a report of a migration');
      this.#options.onMigration(vat, item.isFirst, report);
    }
    const counters = state.vatCounters.need(vat);
    const { position } = counters;
    state.vatCounters.set(vat, countersAfter(state, this.#options.limits, item, counters, report));
    const record = recordOf(wave, vat, incarnation, position);
    record.deliveries.push(recordedDelivery(item, report, this.#options.limits));
    const { digest } = record;
    const summed =
      packed.length > LONG_CRANK_BYTES ? this.#inTurns(digest.adding(packed)) : digest.add(packed);
    const { exit } = effects;
    return summed instanceof Promise
      ? summed.then(() => this.#exiting(vat, wave, exit))
      : this.#exiting(vat, wave, exit);
  }

  #exiting(vat: VatNumber, wave: Wave, exit: CrankEffects['exit']): undefined | Promise<void> {
    if (exit === undefined) return undefined;
    const { log, state } = this.#options;
    if (log.isOn) logEnd(log, state, wave.moment, vat, 'EXIT');
    return this.#endVat(vat, wave, { rejected: false, ...exit });
  }

  #logCrank({ item, incarnation, packed, wave }: MergedCrank, verdict: Verdict): void {
    const { log, state } = this.#options;
    const { vat, delivery } = item;
    const { position } = state.vatCounters.need(vat);
    const { ok } = verdict;
    const code = verdict.ok ? null : verdict.code;
    const report = verdict.ok ? verdict.report : null;
    log.crank(wave.moment, { vat, incarnation, position, delivery, packed, ok, code, report });
  }

  /**
   * Applies what the item itself does, before the crank's own syscalls (rules.md#w1). Gives the
   * steps that are left, if it takes many.
   */
  #accept(item: CrankItem, incarnation: Incarnation, wave: Wave): Steps<void> | undefined {
    const { state } = this.#options;
    switch (item.kind) {
      case 'message':
        return acceptMessage(state, item.vat, item.message);
      case 'notify':
        for (const promise of item.batch.krefs) wave.retired.push([item.vat, incarnation, promise]);
        return acceptNotify(state, item.vat, item.promise, item.batch);
      case 'collect':
        return applyingCollectBatch(state, item.batch);
      case 'reap':
      case 'sweep':
      case 'migrate':
        return undefined;
      default:
        throw TypeError(`unknown item ${String(item satisfies never)}`);
    }
  }

  #rightsOf(item: CrankItem, { plan }: Wave): CrankRights {
    if (item.kind === 'migrate') return MIGRATION_RIGHTS;
    if (item.kind === 'message' || item.kind === 'notify') return this.#ordinaryRights;
    if (item.kind !== 'reap' && item.kind !== 'sweep') return NO_RIGHTS;
    const named = item.kind === 'reap' ? plan.named.get(item.vat) : undefined;
    return { ...NO_RIGHTS, collects: true, isNamedInWave: kref => named?.has(kref) ?? false };
  }

  #terminate(
    vat: VatNumber,
    wave: Wave,
    verdict: Extract<Verdict, { ok: false }>,
    meter: KRef | null,
  ): undefined | Promise<void> {
    const { onFault, log, state } = this.#options;
    if (log.isOn) logEnd(log, state, wave.moment, vat, verdict.code);
    onFault(vatIdOf(vat), verdict.code, verdict.reason.body);
    const drained = verdict.code === 'METER_UNDERFLOW' ? meter : null;
    return this.#endVat(vat, wave, { rejected: true, ...verdict.reason }, drained);
  }

  /** `drained`: the meter that its last crank was too dear for. */
  #endVat(
    vat: VatNumber,
    wave: Wave,
    end: Settlement,
    drained: KRef | null = null,
  ): undefined | Promise<void> {
    const { state, online } = this.#options;
    const ended = (): void => {
      online.remove(vat);
      wave.records.delete(vat);
      wave.parts.ended(vat);
    };
    const ending = this.#inTurns(endingMetered(state, vat, end, drained));
    if (ending !== undefined) return ending.then(ended);
    ended();
    return undefined;
  }
}

function* endingMetered(
  state: KernelState,
  vat: VatNumber,
  end: Settlement,
  drained: KRef | null,
): Steps<void> {
  if (drained !== null) yield* draining(state, drained);
  yield* endingVat(state, vat, end);
}

const isCreation = ({ type }: LifecycleItem): boolean =>
  type === ItemType.create || type === ItemType.fork;

/** A reap is recorded with what it found dead: a replay does not ask V8 (rules.md#g5). */
const recordedDelivery = (
  item: CrankItem,
  report: CrankReport,
  { sweepRowsMax }: WaveLimits,
): Uint8Array =>
  item.kind === 'reap' && report !== null
    ? packFrame([Delivery.reap, report, sweepRowsMax, item.isFull])
    : item.delivery;

const recordOf = (
  wave: Wave,
  vat: VatNumber,
  incarnation: Incarnation,
  firstPosition: Position,
): VatRecord => {
  const known = wave.records.get(vat);
  if (known !== undefined) return known;
  const record = { incarnation, firstPosition, deliveries: [], digest: new TranscriptDigest() };
  wave.records.set(vat, record);
  return record;
};
