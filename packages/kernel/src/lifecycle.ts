/**
 * Lifecycle items, carried out when the merge reaches them, on the tables as they then are (U1).
 *
 * A creation or an upgrade is one crank: what it does to the tables before startVat, and startVat,
 * are merged or undone together. An upgrade that fails leaves the predecessor's worker untouched.
 */
import { packFrame } from '@heirloom/store';
import {
  Delivery,
  ROOT_VREF,
  TranscriptDigest,
  vatIdOf,
  type HandOver,
  type VatId,
} from '@heirloom/worker';
import { runningVats } from './boot.js';
import { activate, nameFor, retirePromise } from './clist.js';
import { crankCost, charge } from './services/meters.js';
import { creationAnswer } from './services/vat-admin.js';
import {
  exitReason,
  LIFECYCLE_RIGHTS,
  mergeCrank,
  type CrankContext,
  type Verdict,
} from './cranks.js';
import { release, releaseAll } from './counts.js';
import { nowMs } from './host-powers.js';
import { disconnection, kernelData, rejection, SlotMark, type KernelData } from './kernel-data.js';
import type { KernelLog } from './log/kernel-log.js';
import type { KernelParameters } from './parameters.js';
import { notRunning, replayUpgrade } from './replay-upgrade.js';
import { makeObject, settle, type Router } from './router.js';
import {
  FIRST_VAT_COUNTERS,
  ItemType,
  Reap,
  Sweep,
  STATIC_VAT,
  UpgradeMode,
  VatState,
  type LifecycleItem,
  type VatNumber,
  type VatRow,
} from './state/schema.js';
import { abandonPromises, endVat, noteEnded, watchesIn } from './termination.js';
import type { OnlineVats } from './vats/online.js';
import type { Pager } from './vats/pager.js';
import type { VatWorker } from './vats/vat-worker.js';
import type { KRef } from './state/krefs.js';
import type { VatScript } from './vats/zygote-pool.js';
import type { WavePlan } from './wave.js';

/** Where in history a crank stands. */
export interface Moment {
  /** The last committed block. */
  readonly height: number;
  /** Waves are numbered within a block. */
  readonly wave: number;
}

/** For the host's statistics only. */
export interface UpgradeReport {
  readonly vatId: VatId;
  readonly incarnation: number;
  readonly succeeded: boolean;
  /** From the merge reaching the upgrade to the successor's startVat merged. */
  readonly milliseconds: number;
}

export interface LifecycleContext {
  readonly router: Router;
  readonly online: OnlineVats;
  readonly pager: Pager;
  scriptOf(bundleId: string, imageId?: string): VatScript;
  /** The image of new incarnations. */
  imageId(): string;
  readonly onUpgrade: (report: UpgradeReport) => void;
  readonly log: KernelLog;
  readonly limits: Pick<KernelParameters, 'vatsMax' | 'cycleInterval'>;
}

interface Started {
  readonly worker: VatWorker;
  readonly verdict: Verdict;
  /** The crank of startVat as the worker packed it. */
  readonly packed: Uint8Array;
}

/** Runs startVat of the incarnation that the vat's row names, in a thread of its own. */
const start = async (
  context: LifecycleContext,
  vat: VatNumber,
  moment: Moment,
): Promise<Started> => {
  const { router, online } = context;
  const { state } = router;
  const row = state.vats.need(vat);
  const slots = row.slots.map(kref => nameFor(state, vat, kref));
  const delivery = packFrame([Delivery.startVat, row.parameters, slots]);
  const space = row.spaces[0]!;
  const handOver: HandOver = { height: moment.height, rows: state.rows.handOver(space) };
  const script = context.scriptOf(row.bundleId, row.imageId);
  const worker = await online.start(vat, row, script, handOver);
  worker.deliver({ ...moment, firstPosition: 0, deliveries: [delivery] });
  const packed = await worker.nextCrank();
  for (const kref of row.slots) activate(state, vat, kref);
  const { incarnation } = row;
  const crank: CrankContext = {
    ...{ vat, incarnation, space, rights: LIFECYCLE_RIGHTS },
    charge: chargeTo(router, row.options.meter),
  };
  const verdict = withExit(mergeCrank(router, crank, packed));
  if (context.log.tellsCranks) {
    const { ok } = verdict;
    const code = verdict.ok ? null : verdict.code;
    const told = { vat, incarnation, position: 0, delivery, packed, ok, code, report: null };
    context.log.crank(moment, told);
  }
  if (verdict.ok) {
    const transcript = new TranscriptDigest();
    transcript.add(packed);
    const { checks, digest } = transcript.finish();
    const { height, wave } = moment;
    state.record(vat, incarnation, 0, [height, wave, [delivery], checks, digest]);
    const counters = state.vatCounters.need(vat);
    // A new vat finds nothing to sweep but kinds that it has dismissed itself.
    const sweep =
      incarnation === 0 ? counters.sweep : sweepAfter(incarnation, context.limits.cycleInterval);
    const due = { deliveries: 0, krefs: 0, reap: Reap.none, sweep };
    state.vatCounters.set(vat, { ...counters, ...due, position: 1 });
    state.dueVats.add(vat);
    // For the worker startVat is a wave of its own: what it settled is forgotten (rule W3).
    for (const promise of verdict.effects.retired) retirePromise(state, vat, promise);
  }
  return { worker, verdict, packed };
};

/** What the incarnations before left is swept. */
const sweepAfter = (incarnation: number, cycleInterval: number): Sweep => {
  const findsCycles = cycleInterval > 0 && incarnation % cycleInterval === 0;
  return findsCycles ? Sweep.cycles : Sweep.due;
};

/** What has a crank paid for; nothing when there is no meter. */
export const chargeTo = (router: Router, meter: KRef | null): CrankContext['charge'] =>
  meter === null
    ? undefined
    : (crank, packedBytes) => charge(router, meter, crankCost(crank, packedBytes));

/** A vat that exits while it starts has not started. */
const withExit = (verdict: Verdict): Verdict => {
  if (!verdict.ok || verdict.effects.exit === undefined) return verdict;
  return { ok: false, code: 'EXIT_FAILURE', reason: exitReason(verdict.effects.exit) };
};

const finish = (
  router: Router,
  item: LifecycleItem,
  answer: { readonly rejected: boolean } & KernelData,
): void => {
  settle(router, item.result, answer);
  release(router.state, item.result);
};

const createVat = async (
  context: LifecycleContext,
  item: LifecycleItem,
  moment: Moment,
): Promise<void> => {
  const { router, online, pager } = context;
  const { state } = router;
  const { vat, text: name, bundleId, body: parameters, slots, options = STATIC_VAT } = item;
  const mark = state.mark();
  const refuse = (reason: KernelData): void => {
    releaseAll(state, slots);
    if (options.meter !== null) release(state, options.meter);
    finish(router, item, { rejected: true, ...reason });
  };
  if (!options.dynamic && state.names.get(name) !== undefined) {
    return refuse(kernelData(Error(`vat name ${JSON.stringify(name)} is taken`)));
  }
  if (runningVats(state).length >= context.limits.vatsMax) {
    return refuse(kernelData(Error(`there are ${context.limits.vatsMax} vats already`)));
  }
  const row: VatRow = {
    name,
    state: VatState.running,
    incarnation: 0,
    bundleId,
    imageId: context.imageId(),
    parameters,
    slots,
    spaces: [vat],
    options,
    dismissed: [],
  };
  state.vats.create(vat, row);
  state.vatCounters.create(vat, FIRST_VAT_COUNTERS);
  if (!options.dynamic) state.names.set(name, vat);
  const root = makeObject(state, vat, ROOT_VREF);
  const { worker, verdict } = await start(context, vat, moment);
  if (verdict.ok) {
    online.install(vat, worker);
    pager.began(vat);
    const answer = options.dynamic
      ? creationAnswer(state, vat, root)
      : kernelData({ root: new SlotMark(root), vatId: vatIdOf(vat) });
    return finish(router, item, { rejected: false, ...answer });
  }
  online.discard(worker);
  state.journal.rollback(mark);
  return refuse(verdict.reason);
};

/** What a vat is upgraded to. */
export interface Successor {
  readonly bundleId: string;
  readonly parameters: Uint8Array;
  readonly slots: readonly KRef[];
  /** Of the object that the predecessor's promises are rejected with. */
  readonly message: string;
}

/**
 * The one crank of an upgrade: leftovers and startVat. Whoever calls it undoes it as a whole, or
 * makes the worker the vat's own.
 */
export const startSuccessor = async (
  context: LifecycleContext,
  vat: VatNumber,
  { bundleId, parameters, slots, message }: Successor,
  moment: Moment,
): Promise<Started & { readonly incarnation: number }> => {
  const { router } = context;
  const { state } = router;
  const before = state.vats.need(vat);
  const incarnation = before.incarnation + 1;
  noteEnded(state, vat, false);
  const isWatched = watchesIn(state, before.spaces[0]!);
  abandonPromises(router, vat, disconnection(message, before.incarnation), isWatched);
  releaseAll(state, before.slots);
  const imageId = context.imageId();
  const row: VatRow = { ...before, incarnation, bundleId, imageId, parameters, slots };
  state.vats.set(vat, row);
  return { ...(await start(context, vat, moment)), incarnation };
};

const upgradeVat = async (
  context: LifecycleContext,
  item: LifecycleItem,
  moment: Moment,
): Promise<void> => {
  const { router, online, pager } = context;
  const { state } = router;
  const { vat, bundleId, body: parameters, slots } = item;
  const before = state.vats.get(vat);
  if (before?.state !== VatState.running) {
    releaseAll(state, slots);
    return finish(router, item, rejection(notRunning(vat)));
  }
  const began = nowMs();
  if (item.upgrade?.mode === UpgradeMode.replay) {
    const verdict = await replayUpgrade(context, vat, bundleId, moment);
    finish(router, item, verdict);
    return tellUpgrade(context, vat, before.incarnation, { began, succeeded: !verdict.rejected });
  }
  const mark = state.mark();
  const next = { bundleId, parameters, slots, message: item.text };
  const { worker, verdict, incarnation } = await startSuccessor(context, vat, next, moment);
  if (verdict.ok) {
    online.install(vat, worker);
    pager.began(vat);
    const { abandonedNames } = verdict.effects;
    const more = abandonedNames.length > 0 ? { abandonedNames } : {};
    const answer = kernelData({ incarnationNumber: incarnation, ...more });
    finish(router, item, { rejected: false, ...answer });
  } else {
    online.discard(worker);
    state.journal.rollback(mark);
    releaseAll(state, slots);
    finish(router, item, { rejected: true, ...verdict.reason });
  }
  tellUpgrade(context, vat, incarnation, { began, succeeded: verdict.ok });
};

const tellUpgrade = (
  context: LifecycleContext,
  vat: VatNumber,
  incarnation: number,
  { began, succeeded }: { readonly began: number; readonly succeeded: boolean },
): void => {
  const milliseconds = nowMs() - began;
  context.onUpgrade({ vatId: vatIdOf(vat), incarnation, succeeded, milliseconds });
};

const terminateVat = (context: LifecycleContext, item: LifecycleItem): void => {
  const { router, online } = context;
  const { state } = router;
  const { body, slots } = item;
  if (state.vats.get(item.vat)?.state !== VatState.running) {
    releaseAll(state, slots);
    return finish(router, item, rejection(notRunning(item.vat)));
  }
  endVat(router, item.vat, { rejected: true, body, slots });
  releaseAll(state, slots);
  online.remove(item.vat);
  return finish(router, item, { rejected: false, ...kernelData(undefined) });
};

/** Waits until the threads that a wave's creations and upgrades will take are ready for them. */
export const reserveWorkers = async (context: LifecycleContext, plan: WavePlan): Promise<void> => {
  const needed = plan.items.flatMap(item => {
    if (item.kind !== 'lifecycle' || item.item.type === ItemType.terminate) return [];
    const { vat, bundleId, upgrade } = item.item;
    // A replay stays on the vat's own image.
    const isReplay = upgrade?.mode === UpgradeMode.replay;
    const image = isReplay ? context.router.state.vats.get(vat)?.imageId : undefined;
    return [{ vat, script: context.scriptOf(bundleId, image) }];
  });
  await context.online.reserve(needed);
};

/** Carries out one lifecycle item. Its result is decided by the kernel and always settled. */
export const carryOut = async (
  context: LifecycleContext,
  item: LifecycleItem,
  moment: Moment,
): Promise<void> => {
  switch (item.type) {
    case ItemType.create:
      return createVat(context, item, moment);
    case ItemType.upgrade:
      return upgradeVat(context, item, moment);
    case ItemType.terminate:
      return terminateVat(context, item);
    default:
      throw TypeError(`unknown lifecycle item ${String(item satisfies never)}`);
  }
};
