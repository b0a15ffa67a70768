/**
 * What nobody holds any more goes: objects and promises whose counts have reached nil, and promises
 * that only each other hold.
 *
 * Invariants: this happens at the end of a wave and before a commit only (rules.md#g1). One such
 * time does no more than so much work; what is left is left for the next one, in rows
 * (state/due-krefs.ts, state/tangle.ts), and waves go on until nothing is. Until then counts of
 * what has not been looked at are right, and nobody can come to hold it: nobody has it.
 */
import { atOnce, type Steps } from '@heirloom/store';
import { isVatNumber, ROOT_VREF, type VatNumber } from '@heirloom/worker';
import { ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { KERNEL_OWNS, NOBODY_OWNS, REVOKED } from '../state/parties.js';
import type { QueuedMessage } from '../state/queue-items.js';
import { PromiseState, Reach, type ObjectRow, type PromiseRow } from '../state/schema.js';
import { SearchPhase } from '../state/tangle.js';
import { CollectAction, mark } from './collect.js';
import { mayBeInCycle, promiseQueueKey, release, releasingAll } from './counts.js';
import { GarbageWork } from './garbage-work.js';
import { forgetKernelObject } from './kernel-objects.js';
import { ownerOf } from './orphans.js';
import { searchingCycles } from './promise-cycles.js';

/** What letting go of a reference costs more than looking at one. */
const RELEASE = 4;
const KILOBYTE = 1_000;

const releaseCost = ({ body, slots }: QueuedMessage): number =>
  RELEASE * (2 + slots.length) + body.length / KILOBYTE;

/** The messages that wait on it go from the last to the first, so that what is left is a queue. */
function* freeingQueue(
  state: KernelState,
  kref: KRef,
  queueCount: number,
  work: GarbageWork,
): Steps<number> {
  let left = queueCount;
  while (left > 0 && work.isLeft) {
    left -= 1;
    const key = promiseQueueKey(kref, left);
    const message = state.promiseQueues.need(key);
    work.spend(releaseCost(message));
    state.promiseQueues.delete(key);
    yield* releasingAll(state, message.slots);
    if (message.result !== undefined) release(state, message.result);
  }
  return left;
}

function* freeingPromise(
  state: KernelState,
  kref: KRef,
  row: PromiseRow,
  work: GarbageWork,
): Steps<void> {
  const queueCount = yield* freeingQueue(state, kref, row.queueCount, work);
  if (queueCount > 0) {
    state.promises.set(kref, { ...row, queueCount });
    state.maybeFree.add(kref);
    return;
  }
  if (row.state !== PromiseState.unresolved) {
    work.spend(RELEASE * row.slots.length);
    state.tangle.gone(kref, row.slots);
    yield* releasingAll(state, row.slots);
  }
  state.promises.delete(kref);
}

/** Nobody answers to it and nobody reaches it: those who recognise it are told, then it goes. */
const freeOrphan = (
  state: KernelState,
  kref: KRef,
  recognizable: number,
  work: GarbageWork,
): void => {
  if (recognizable === 0) {
    state.objects.delete(kref);
    return;
  }
  for (const vat of importersOf(state, kref, work)) {
    mark(state, vat, CollectAction.retireImport, kref);
  }
};

/** The vats that run and have an entry for an import. */
const importersOf = (state: KernelState, kref: KRef, work: GarbageWork): VatNumber[] => {
  const vats = [...state.vats.scan(ranges.vats)];
  work.spend(RELEASE * vats.length);
  return vats.filter(vat => state.clist(vat).byKRef.get(kref) !== undefined);
};

const freeObject = (state: KernelState, kref: KRef, row: ObjectRow, work: GarbageWork): void => {
  const [owner, vref, reachable, recognizable, exported, spelled] = row;
  if (reachable > 0 || (vref === ROOT_VREF && owner !== NOBODY_OWNS)) return;
  if (owner === KERNEL_OWNS) {
    forgetKernelObject(state, kref);
    state.objects.set(kref, [NOBODY_OWNS, vref, reachable, recognizable, exported, spelled]);
    return freeOrphan(state, kref, recognizable, work);
  }
  if (owner === NOBODY_OWNS || owner === REVOKED) {
    return freeOrphan(state, kref, recognizable, work);
  }
  // Names that an ended incarnation or vat left are taken away in steps: then it is an orphan.
  if (!isVatNumber(owner) || ownerOf(state, kref) === undefined) return undefined;
  if (exported === Reach.reachable) mark(state, owner, CollectAction.dropExport, kref);
  if (recognizable === 0) mark(state, owner, CollectAction.retireExport, kref);
  return undefined;
};

function* looking(state: KernelState, kref: KRef, work: GarbageWork): Steps<void> {
  work.spend(RELEASE);
  if (!isPromiseKRef(kref)) {
    const row = state.objects.get(kref);
    if (row !== undefined) freeObject(state, kref, row, work);
    return;
  }
  const row = state.promises.get(kref);
  if (row === undefined) return;
  if (row.references === 0) yield* freeingPromise(state, kref, row, work);
  else if (!state.tangle.isDoomed(kref)) {
    work.spend(row.slots.length / RELEASE);
    if (mayBeInCycle(row)) state.suspects.add(kref);
  }
}

/**
 * Looks at everything whose counts may have reached nil, in kref order, until nothing is left:
 * releasing the data of a promise can free more.
 */
function* freeingCounted(state: KernelState, work: GarbageWork): Steps<void> {
  const { maybeFree } = state;
  while (maybeFree.size > 0 && work.isLeft) {
    for (const kref of maybeFree.take(work.left)) {
      if (work.isLeft) yield* looking(state, kref, work);
      else maybeFree.add(kref);
      yield;
    }
  }
}

const canSearch = ({ suspects, tangle }: KernelState): boolean =>
  suspects.size > 0 || tangle.phase !== SearchPhase.none || tangle.singly > 0;

/** Frees what nobody holds, as far as one wave's work reaches. */
export function* freeing(state: KernelState, work = new GarbageWork()): Steps<void> {
  yield* freeingCounted(state, work);
  while (work.isLeft && canSearch(state)) {
    yield* searchingCycles(state, work);
    yield* freeingCounted(state, work);
  }
  state.hasGarbageLeft = state.isGarbageLeft();
}

/** The same at a stretch. */
export const freeUnreferenced = (state: KernelState, work = new GarbageWork()): void =>
  atOnce(freeing(state, work));
