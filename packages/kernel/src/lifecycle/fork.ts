/**
 * Forks: a vat made from the state of another (docs/upgrade/fork.md).
 *
 * Theory of operation. The fork has its parent's rows without a copy: what the parent has written
 * so far becomes a space that both list, below one of their own each (rules.md#u5). Transcript and
 * pre-images of the incarnation are copied, since each goes when its own vat's incarnation ends;
 * imports and promises get entries of the fork's own. Its worker replays the parent's transcript,
 * which makes the same heap, and is told then that it is another vat: one crank, which is kept with
 * all of this, or undone with it. Invariants: the parent has no crank in the wave (wave/plan.ts),
 * so its transcript is whole; it is told nothing; nobody decides a promise twice.
 */
import { atOnce, packFrame } from '@heirloom/store';
import {
  Delivery,
  positionAfter,
  ROOT_VREF,
  spaceOf,
  vatIdOf,
  type Spaces,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { inTurns } from '../base/giving-way.js';
import { NO_RIGHTS } from '../merge/cranks.js';
import { addEntry, nameFor } from '../objects/clist.js';
import { CollectAction, isMarked, mark } from '../objects/collect.js';
import {
  getObject,
  getPromise,
  hold,
  holdAll,
  holdRecognizable,
  releaseAll,
} from '../objects/counts.js';
import { spelledInterface } from '../objects/object-interfaces.js';
import { kernelData, SlotMark, type KernelData } from '../objects/kernel-data.js';
import { ownerOf } from '../objects/orphans.js';
import { makeObject, makePromise, subscribe, type Settlement } from '../objects/router.js';
import { creationAnswer } from '../services/vat-admin.js';
import { handingOver } from '../state/hand-over.js';
import { ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { heldBy, type ForkItem } from '../state/queue-items.js';
import { runningVats } from '../state/running-vats.js';
import { exportName, PromiseState, Reach, VatState, type VatRow } from '../state/schema.js';
import { copyHistory, NoFork, type Family } from './fork-history.js';
import { isRefreshDue } from './refresh.js';
import { needsStart, notRunning } from './replay-upgrade.js';
import { shareSpaces } from './shared-spaces.js';
import { gatheringNotified } from './termination.js';
import { deliverAlone, type LifecycleContext, type Moment, type Started } from './vat-start.js';

/** The counterparts, in the fork, of exports of its parent. Errors: NoFork. */
const exportNames = (state: KernelState, parent: VatNumber, exports: readonly KRef[]): VRef[] =>
  exports.map((kref, i) => {
    if (isPromiseKRef(kref) || ownerOf(state, kref) !== parent) {
      throw new NoFork(`exports[${i}] is no object of vat ${vatIdOf(parent)}`);
    }
    return exportName(getObject(state, kref));
  });

/** What the parent imports, under the same names. */
const copyImport = ({ state, parent, child }: Family, kref: KRef): void => {
  const [vref, reach] = state.clist(parent).byKRef.need(kref);
  if (reach === Reach.allocated) return;
  addEntry(state, child, kref, vref, reach);
  if (reach === Reach.reachable) hold(state, kref);
  else holdRecognizable(state, kref);
  const action = CollectAction.retireImport;
  if (isMarked(state, parent, action, kref)) mark(state, child, action, kref);
};

/** The same promise where others decide it; one of the fork's own where the parent does. */
const copyPromise = (
  { state, parent, child }: Family,
  kref: KRef,
  notified: ReadonlySet<KRef>,
): void => {
  const [vref, reach] = state.clist(parent).byKRef.need(kref);
  if (reach === Reach.allocated) return;
  const row = getPromise(state, kref);
  const isOpen = row.state === PromiseState.unresolved;
  const isSubscribed = isOpen ? row.subscribers.includes(parent) : notified.has(kref);
  if (isOpen && row.decider === parent) {
    const subscribers = isSubscribed ? [child] : [];
    const own = makePromise(state, { decider: child, subscribers, references: 1 });
    addEntry(state, child, own, vref, reach);
    return;
  }
  hold(state, kref);
  addEntry(state, child, kref, vref, reach);
  if (isSubscribed) subscribe(state, child, kref);
};

/** In order of their krefs. */
const copyNames = (family: Family): void => {
  const { state, parent } = family;
  const notified = atOnce(gatheringNotified(state, parent));
  for (const kref of [...state.clist(parent).byKRef.scan(ranges.byKRef(parent))]) {
    if (isPromiseKRef(kref)) copyPromise(family, kref, notified);
    else copyImport(family, kref);
  }
};

interface Child {
  readonly row: VatRow;
  readonly root: KRef;
  /** The objects that stand for the exports asked for. */
  readonly exports: readonly KRef[];
  readonly exportNames: readonly VRef[];
}

/** The fork's rows in the kernel's tables, at the position of its parent. Errors: NoFork. */
const makeChild = (
  state: KernelState,
  { vat: parent, child, name, body, slots, exports, hasParameters, dynamic }: ForkItem,
): Child => {
  const before = state.vats.need(parent);
  const { incarnation, previous } = before;
  const names = exportNames(state, parent, exports);
  const spaces: Spaces = [spaceOf(child), ...shareSpaces(state, parent)];
  const code = hasParameters ? { parameters: body, slots } : {};
  const options = { ...before.options, dynamic, critical: false, admin: null };
  const row: VatRow = { ...before, ...code, name, spaces, options };
  if (!hasParameters) holdAll(state, row.slots);
  if (previous !== null) holdAll(state, previous.slots);
  if (options.meter !== null) hold(state, options.meter);
  state.vats.create(child, row);
  state.spaceLists.added(child, spaces);
  const counters = state.vatCounters.need(parent);
  // The refresh that its parent waits for on the queue is its parent's alone.
  const refreshIn = isRefreshDue(state, parent) ? options.refresh : counters.refreshIn;
  state.vatCounters.create(child, { ...counters, refreshIn });
  state.dueVats.add(child);
  if (!dynamic) state.names.set(name, child);
  const named = (vref: VRef): string => {
    const kref = state.clist(parent).byVRef.get(vref);
    return kref === undefined ? '' : spelledInterface(state, kref);
  };
  const root = makeObject(state, child, ROOT_VREF, named(ROOT_VREF));
  const { byVRef } = state.clist(child);
  const own = names.map(
    vref => byVRef.get(vref) ?? makeObject(state, child, vref, named(vref)),
  );
  const family: Family = { state, parent, child, incarnation };
  copyNames(family);
  copyHistory(family);
  return { row, root, exports: own, exportNames: names };
};

/** A worker with the parent's heap, told that it is the fork. */
const startChild = async (
  context: LifecycleContext,
  { vat: parent, child: vat }: ForkItem,
  child: Child,
  moment: Moment,
): Promise<Started> => {
  const { state, online, clock } = context;
  const { row } = child;
  const { position } = state.vatCounters.need(vat);
  const handOver = await inTurns(handingOver(state, vat, row, moment.height, parent), clock);
  const script = context.scriptOf(row.bundleId, row.imageId);
  const worker = await online.start(vat, row, script, handOver);
  try {
    await worker.replay(position, state.recorded(parent, row.incarnation));
    const slots = row.slots.map(kref => nameFor(state, vat, kref));
    const told = context.toldBundles.among(vat, row.slots);
    const fork = [Delivery.fork, row.parameters, slots, child.exportNames, ...told] as const;
    const delivery = packFrame(fork);
    const first = { position, delivery, slots: row.slots, rights: NO_RIGHTS };
    return await deliverAlone(context, vat, worker, first, moment);
  } catch (error) {
    online.discard(worker);
    throw error;
  }
};

/** Why the request cannot even be tried. */
const refusalOf = (
  { state, limits }: LifecycleContext,
  { vat, name, dynamic }: ForkItem,
): Error | undefined => {
  if (state.vats.get(vat)?.state !== VatState.running) return notRunning(vat);
  if (state.stranded.has(vat)) return needsStart(vat);
  if (!dynamic && state.names.get(name) !== undefined) {
    return Error(`vat name ${JSON.stringify(name)} is taken`);
  }
  if (runningVats(state).length < limits.vatsMax) return undefined;
  return Error(`there are ${limits.vatsMax} vats already`);
};

/** Carries out a fork. Returns what its requester is told. Errors: HostError. */
export const forkVat = async (
  context: LifecycleContext,
  item: ForkItem,
  moment: Moment,
): Promise<Settlement> => {
  const { state, online, pager } = context;
  const { child: vat } = item;
  const refuse = (reason: KernelData): Settlement => {
    releaseAll(state, heldBy(item));
    return { rejected: true, ...reason };
  };
  const refusal = refusalOf(context, item);
  if (refusal !== undefined) return refuse(kernelData(refusal));
  const before = state.mark();
  let child: Child;
  try {
    child = makeChild(state, item);
  } catch (error) {
    if (!(error instanceof NoFork)) throw error;
    state.journal.rollback(before);
    return refuse(kernelData(Error(error.message)));
  }
  const { worker, verdict } = await startChild(context, item, child, moment);
  if (!verdict.ok) {
    online.discard(worker);
    context.onFailedStart(vatIdOf(item.child), verdict.code, verdict.reason.body);
    state.journal.rollback(before);
    return refuse(verdict.reason);
  }
  const counters = state.vatCounters.need(vat);
  state.vatCounters.set(vat, { ...counters, position: positionAfter(counters.position) });
  online.install(vat, worker);
  pager.began(vat);
  releaseAll(state, item.exports);
  return { rejected: false, ...answerOf(state, item, child) };
};

const answerOf = (
  state: KernelState,
  { child: vat, dynamic }: ForkItem,
  { root, exports }: Child,
): KernelData => {
  const made = exports.map(kref => new SlotMark(kref));
  return dynamic
    ? creationAnswer(state, vat, root, { exports: made })
    : kernelData({ root: new SlotMark(root), vatId: vatIdOf(vat), exports: made });
};
