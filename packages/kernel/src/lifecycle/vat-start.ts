/**
 * Starting an incarnation: startVat in a worker of its own, merged like any other crank.
 *
 * Invariant: the vat's row already names the incarnation; whoever starts it undoes what it did to
 * the tables, and lets the worker go, when the verdict is against it.
 */
import { packFrame, type Height, type Steps } from '@heirloom/store';
import {
  Delivery,
  FIRST_INCARNATION,
  FIRST_POSITION,
  positionAfter,
  TranscriptDigest,
  type BundleId,
  type HandOver,
  type ImageId,
  type Incarnation,
  type Position,
  type VatId,
  type VatNumber,
} from '@heirloom/worker';
import { inTurns } from '../base/giving-way.js';
import type { Clock } from '../base/kernel-host-powers.js';
import type { VatScript } from '../code/vat-script.js';
import type { KernelLog } from '../log/kernel-log.js';
import {
  exitReason,
  LIFECYCLE_RIGHTS,
  mergingCrank,
  type CrankContext,
  type Verdict,
} from '../merge/cranks.js';
import type { CrankRights } from '../merge/syscalls.js';
import { activate, nameFor, retirePromise } from '../objects/clist.js';
import { charging, crankCost } from '../services/meters.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import type { KernelParameters } from '../state/parameters.js';
import { Reap, Sweep } from '../state/schema.js';
import type { ToldBundles } from './told-bundles.js';
import type { UpgradeWarning } from './warnings/warning.js';
import type { OnlineVats } from '../vats/online.js';
import type { Pager } from '../vats/pager.js';
import type { VatWorker } from '../vats/vat-worker.js';

/** Where in history a crank stands. */
export interface Moment {
  /** The last committed block. */
  readonly height: Height;
  /** Waves are numbered within a block. */
  readonly wave: number;
}

/** For the host's statistics only. */
export interface UpgradeReport {
  readonly vatId: VatId;
  readonly incarnation: Incarnation;
  readonly succeeded: boolean;
  /** From the merge reaching the upgrade to the successor's startVat merged. */
  readonly milliseconds: number;
  /** Of a failed one: from the arrival of the failed crank until the predecessor can go on. */
  readonly resumeMs?: number;
}

/** Told why; for the host's log. */
type FaultObserver = (vatId: VatId, code: string, reason: Uint8Array) => void;

export interface LifecycleContext {
  readonly state: KernelState;
  readonly online: OnlineVats;
  readonly pager: Pager;
  scriptOf(bundleId: BundleId, imageId?: ImageId): VatScript;
  /** The image of new incarnations. */
  imageId(): ImageId;
  /** Can workers on it be asked what a start has made? */
  describes(imageId: ImageId): boolean;
  /** Are they to note where a start makes things? Undefined: none is. */
  readonly notesSites?: (imageId: ImageId) => boolean;
  readonly toldBundles: ToldBundles;
  /** `warnings`: of one that has succeeded. */
  readonly onUpgrade: (report: UpgradeReport, warnings?: readonly UpgradeWarning[]) => void;
  /** Of an upgrade that this kernel has carried out not long ago. */
  warningsOf(vatId: VatId, incarnation: number): readonly UpgradeWarning[];
  readonly log: KernelLog;
  readonly clock: Clock;
  /** A vat was ended, or could not be refreshed. */
  readonly onFault: FaultObserver;
  /** A vat was not made, or goes on as it was. */
  readonly onFailedStart: FaultObserver;
  readonly limits: Pick<KernelParameters, 'vatsMax' | 'cycleInterval'>;
}

export interface Started {
  readonly worker: VatWorker;
  readonly verdict: Verdict;
  /** The crank of startVat as the worker packed it. */
  readonly packed: Uint8Array;
  /** When that arrived; for the host's statistics only. */
  readonly arrivedMs: number;
}

/** A delivery outside the waves' order: the first of an incarnation, or of a fork. */
interface LoneDelivery {
  readonly position: Position;
  readonly delivery: Uint8Array;
  /** What it mentions: the vat is given it. */
  readonly slots: readonly KRef[];
  readonly rights: CrankRights;
  readonly observer?: StartObserver | undefined;
}

/** For the host's texts only. */
export interface StartObserver {
  /** What is to be looked at while the worker works. */
  meanwhile(): Steps<void>;
  /** The crank is here, and not merged yet. */
  arrived(packed: Uint8Array): void;
}

/** Has a worker that is not the vat's own yet do a delivery, merges the crank and records it. */
export const deliverAlone = async (
  { state, log, clock, toldBundles }: LifecycleContext,
  vat: VatNumber,
  worker: VatWorker,
  { position, delivery, slots, rights, observer }: LoneDelivery,
  moment: Moment,
): Promise<Started> => {
  const { incarnation, spaces, options } = state.vats.need(vat);
  worker.hand(toldBundles.unshown(vat));
  worker.deliver({ ...moment, firstPosition: position, deliveries: [delivery] });
  if (observer !== undefined) await inTurns(observer.meanwhile(), clock);
  const packed = await worker.nextCrank();
  const arrivedMs = clock.nowMs();
  observer?.arrived(packed);
  for (const kref of slots) activate(state, vat, kref);
  const crank: CrankContext = {
    ...{ vat, incarnation, spaces, rights },
    charge: chargeTo(state, options.meter),
  };
  const verdict = withExit(await inTurns(mergingCrank(state, crank, packed), clock));
  if (log.tellsCranks) {
    const { ok } = verdict;
    const code = verdict.ok ? null : verdict.code;
    log.crank(moment, { vat, incarnation, position, delivery, packed, ok, code, report: null });
  }
  if (verdict.ok) {
    const transcript = new TranscriptDigest();
    await inTurns(transcript.adding(packed), clock);
    const { checks, digest } = transcript.finish();
    const { height, wave } = moment;
    state.record(vat, incarnation, position, [height, wave, [delivery], checks, digest]);
    // For the worker this is a wave of its own: what it settled is forgotten (rules.md#w3).
    const { retired, kept } = verdict.effects;
    const stay = new Set(kept);
    for (const promise of retired) if (!stay.has(promise)) retirePromise(state, vat, promise);
  }
  return { worker, verdict, packed, arrivedMs };
};

/** Runs startVat of the incarnation that the vat's row names, in a thread of its own. */
export const startVat = async (
  context: LifecycleContext,
  vat: VatNumber,
  moment: Moment,
  isEmergency = false,
  observer?: StartObserver,
): Promise<Started> => {
  const { state, online } = context;
  const row = state.vats.need(vat);
  const { slots, incarnation } = row;
  const vrefs = slots.map(kref => nameFor(state, vat, kref));
  const told = context.toldBundles.atStart(vat, slots);
  const delivery = packFrame([Delivery.startVat, row.parameters, vrefs, isEmergency, ...told]);
  // The incarnation begins: it has named no promise, and has no history yet.
  state.clist(vat).ownPromises = { incarnation, greatest: -1 };
  const rows = await inTurns(state.rows.handingOver(row.spaces), context.clock);
  const handOver: HandOver = { height: moment.height, rows, preImages: [], history: vat };
  const script = context.scriptOf(row.bundleId, row.imageId);
  const worker = await online.start(vat, row, script, handOver);
  if (context.notesSites?.(row.imageId) === true) worker.noteSites();
  const rights = LIFECYCLE_RIGHTS;
  const first = { position: FIRST_POSITION, delivery, slots, rights, observer };
  let started: Started;
  try {
    started = await deliverAlone(context, vat, worker, first, moment);
  } catch (error) {
    online.discard(worker); // a dry run goes on without it
    throw error;
  }
  if (started.verdict.ok) {
    const counters = state.vatCounters.need(vat);
    // A new vat finds nothing to sweep but kinds that it has dismissed itself.
    const sweep =
      incarnation === FIRST_INCARNATION
        ? counters.sweep
        : sweepAfter(incarnation, context.limits.cycleInterval);
    const { refresh: refreshIn } = row.options;
    const due = { deliveries: 0, krefs: 0, reap: Reap.none, sweep, refreshIn };
    state.vatCounters.set(vat, { ...counters, ...due, position: positionAfter(FIRST_POSITION) });
    state.dueVats.add(vat);
  }
  return started;
};

/** What the incarnations before left is swept. */
const sweepAfter = (incarnation: Incarnation, cycleInterval: number): Sweep => {
  const findsCycles = cycleInterval > 0 && incarnation % cycleInterval === 0;
  return findsCycles ? Sweep.cycles : Sweep.due;
};

/** What has a crank paid for; nothing when there is no meter. */
export const chargeTo = (state: KernelState, meter: KRef | null): CrankContext['charge'] =>
  meter === null
    ? undefined
    : (crank, packedBytes) => charging(state, meter, crankCost(crank, packedBytes));

/** A vat that exits while it starts has not started. */
const withExit = (verdict: Verdict): Verdict => {
  if (!verdict.ok || verdict.effects.exit === undefined) return verdict;
  return { ok: false, code: 'EXIT_FAILURE', reason: exitReason(verdict.effects.exit) };
};
