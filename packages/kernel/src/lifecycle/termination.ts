/**
 * The end of a vat, and the removal of what ended incarnations leave (rules.md#g4, rules.md#u3).
 *
 * Ending costs the promises that the vat decides; its rows, names and transcripts go later, a
 * bounded number per wave, by the kernel itself.
 */
import { rowDurablePromise, rowWatch, type Steps } from '@heirloom/store';
import {
  vatIdOf,
  type Incarnation,
  type Spaces,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { HostError } from '../base/kernel-errors.js';
import { retirePromise } from '../objects/clist.js';
import {
  getPromise,
  release,
  releaseAll,
  releaseRecognizable,
  releasingAll,
} from '../objects/counts.js';
import { hasRevokedNames, revokeStep } from '../objects/dismissed-kinds.js';
import { describeData, VAT_TERMINATED } from '../objects/kernel-data.js';
import { removeExports } from '../objects/orphans.js';
import { settling, subscribe, type Settlement } from '../objects/router.js';
import { settlingDone } from '../services/vat-admin.js';
import { dismissalsKey, endedKey, endedOf, ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { ItemType } from '../state/queue-items.js';
import { PromiseState, Reach, VatState, type CleanupRow } from '../state/schema.js';
import { shareStep } from './shared-spaces.js';

/** Every promise in the vat's c-list, in kref order. */
export function* gatheringPromises(state: KernelState, vat: VatNumber): Steps<KRef[]> {
  const promises: KRef[] = [];
  for (const kref of state.clist(vat).byKRef.scan(ranges.clistPromises(vat))) {
    promises.push(kref);
    yield;
  }
  return promises;
}

/** What of a vat's promises outlives its incarnation, by the vat's names. */
interface KeptPromises {
  /** The vat has recorded a watch: name and subscription stay. */
  isWatched(vref: VRef): boolean;
  /** The vat has written down how its successor settles it: it stays unresolved. */
  isDurable(vref: VRef): boolean;
}

/** Rows of the vat, keyed by the promise's name, say so: docs/protocol.md. */
export const watchesIn = (state: KernelState, spaces: Spaces): KeptPromises => ({
  isWatched: vref => state.rows.has(spaces, rowWatch(vref)),
  isDurable: vref => state.rows.has(spaces, rowDurablePromise(vref)),
});

const NOTHING_KEPT: KeptPromises = { isWatched: () => false, isDurable: () => false };

/** Of a vat's promises, the unresolved ones that it decides, but for those that it keeps. */
export function* choosingRejected(
  state: KernelState,
  vat: VatNumber,
  promises: readonly KRef[],
  kept: KeptPromises,
): Steps<KRef[]> {
  const { byKRef } = state.clist(vat);
  const rejected: KRef[] = [];
  for (const promise of promises) {
    const row = getPromise(state, promise);
    const isDecided = row.state === PromiseState.unresolved && row.decider === vat;
    if (isDecided && !kept.isDurable(byKRef.need(promise)[0])) rejected.push(promise);
    yield;
  }
  return rejected;
}

/** All promises of a vat that is about to lose its incarnation. */
export interface VatPromises {
  readonly promises: readonly KRef[];
  /** Those that will be rejected. */
  readonly rejected: readonly KRef[];
}

export function* gatheringAll(
  state: KernelState,
  vat: VatNumber,
  kept = watchesIn(state, state.vats.need(vat).spaces),
): Steps<VatPromises> {
  const promises = yield* gatheringPromises(state, vat);
  return { promises, rejected: yield* choosingRejected(state, vat, promises, kept) };
}

/** The promises that the vat is to be told of and has not been. */
export function* gatheringNotified(state: KernelState, vat: VatNumber): Steps<ReadonlySet<KRef>> {
  const notified = new Set<KRef>();
  for (const { item } of state.queue.entries()) {
    if (item.type === ItemType.notify && item.vat === vat) notified.add(item.promise);
    yield;
  }
  return notified;
}

/**
 * Rejects what the vat decides, in kref order (rules.md#u2), and takes its promises out of its
 * c-list: nobody is left who knows them. What is watched stays, name and subscription; if it has
 * just been rejected, the notify is on the queue; of what has settled before, and not all watchers
 * have heard, the successor is told once more. What is durable stays as it is. Returns how many it
 * has rejected. `known`: what `gatheringAll` has found, if that has been asked already.
 */
export function* abandoningPromises(
  state: KernelState,
  vat: VatNumber,
  reason: Settlement,
  kept: KeptPromises = NOTHING_KEPT,
  known?: VatPromises,
): Steps<number> {
  const { byKRef } = state.clist(vat);
  const { promises, rejected } = known ?? (yield* gatheringAll(state, vat, kept));
  const isRejected = new Set(rejected);
  const settled: KRef[] = [];
  for (const promise of rejected) {
    yield* settling(state, promise, reason);
    yield;
  }
  for (const promise of promises) {
    const [vref] = byKRef.need(promise);
    const isWatched = kept.isWatched(vref);
    if (!isWatched && !kept.isDurable(vref)) retirePromise(state, vat, promise);
    else if (isWatched && !isRejected.has(promise)) {
      if (getPromise(state, promise).state !== PromiseState.unresolved) settled.push(promise);
    }
    yield;
  }
  const notified = settled.length === 0 ? isRejected : yield* gatheringNotified(state, vat);
  for (const promise of settled) {
    if (!notified.has(promise)) subscribe(state, vat, promise);
    yield;
  }
  return rejected.length;
}

/** Notes that an incarnation has ended: what it leaves is to be removed. */
export const noteEnded = (state: KernelState, vat: VatNumber, wholeVat: boolean): void => {
  const { incarnation } = state.vats.need(vat);
  state.cleanup.create(endedKey(vat, incarnation), { wholeVat });
};

/**
 * Ends a running vat: `end` is what its adminNode says of it. Its worker is the caller's to kill.
 *
 * Errors: HostError CRITICAL_VAT when the host may not go on without the vat: nothing of the block
 * is kept.
 */
export function* endingVat(state: KernelState, vat: VatNumber, end: Settlement): Steps<void> {
  const row = state.vats.need(vat);
  const { dynamic, critical, meter } = row.options;
  if (critical) {
    const reason = describeData(end);
    throw new HostError('CRITICAL_VAT', `critical vat ${vatIdOf(vat)} failed: ${reason}`);
  }
  noteEnded(state, vat, true);
  // What was parked is refused at its place, as all that is sent to the vat from now on.
  state.endStranding(vat);
  state.vats.set(vat, { ...row, state: VatState.terminated, slots: [], previous: null });
  if (!dynamic) state.names.delete(row.name);
  yield* abandoningPromises(state, vat, VAT_TERMINATED);
  yield* settlingDone(state, vat, row, end);
  if (meter !== null) release(state, meter);
  yield* releasingAll(state, row.slots);
  if (row.previous !== null) yield* releasingAll(state, row.previous.slots);
}

/** Takes up to `limit` names out of a dead vat's c-list, letting go of what it imported. */
const removeNames = (state: KernelState, vat: VatNumber, limit: number): number => {
  const { byKRef, byVRef } = state.clist(vat);
  const imports = byKRef.keys(ranges.byKRef(vat), limit);
  for (const kref of imports) {
    const [vref, reach] = byKRef.need(kref);
    byKRef.delete(kref);
    byVRef.delete(vref);
    if (reach === Reach.reachable) release(state, kref);
    else if (reach === Reach.recognizable && !isPromiseKRef(kref)) releaseRecognizable(state, kref);
  }
  return imports.length;
};

/** One bounded step over one ended incarnation: what is left of the limit, and if it is gone. */
const cleanUp = (
  state: KernelState,
  [vat, incarnation]: readonly [VatNumber, Incarnation],
  row: CleanupRow,
  limit: number,
): { readonly left: number; readonly isGone: boolean } => {
  let left = limit;
  left -= state.transcript.remove(ranges.transcript(vat, incarnation), left);
  left -= state.rows.preImages.remove(ranges.preImages(vat, incarnation), left);
  if (!row.wholeVat) {
    for (const range of ranges.mortalExports(vat, incarnation)) {
      left -= removeExports(state, vat, range, left);
    }
    return { left, isGone: left > 0 };
  }
  left -= removeNames(state, vat, left);
  left -= removeExports(state, vat, ranges.byVRef(vat), left);
  const { spaces, slots, dismissed } = state.vats.need(vat);
  for (const space of spaces) {
    // What others list too goes with the last of them.
    if (state.spaceLists.usersOf(space) === 1) left -= state.rows.forgetSpace(space, left);
  }
  if (left <= 0) return { left, isGone: false };
  state.spaceLists.left(spaces);
  releaseAll(state, slots);
  for (const [kind] of dismissed) {
    const key = dismissalsKey(vat, kind);
    if (state.dismissals.get(key) !== undefined) state.dismissals.delete(key);
  }
  state.vatCounters.delete(vat);
  state.vats.delete(vat);
  return { left, isGone: true };
};

/** Is anything of ended incarnations and vats, or of dismissed kinds, left to be removed? */
export const hasRemains = (state: KernelState): boolean =>
  state.cleanup.has(ranges.cleanup) ||
  hasRevokedNames(state) ||
  state.spaceLists.nextWork() !== undefined;

/** Removes up to `limit` rows; returns how many. */
const removeStep = (state: KernelState, limit: number): number => {
  const [key] = state.cleanup.keys(ranges.cleanup, 1);
  if (key === undefined) return revokeStep(state, limit);
  const { left, isGone } = cleanUp(state, endedOf(key), state.cleanup.need(key), limit);
  if (isGone) state.cleanup.delete(key);
  return limit - left;
};

/**
 * The kernel's own housekeeping at the end of a wave: at most `limit` rows, of which half are for
 * shared spaces first, and half for what is to be removed. Returns how many.
 */
export const cleanUpStep = (state: KernelState, limit: number): number => {
  const merged = shareStep(state, Math.ceil(limit / 2));
  const removed = removeStep(state, limit - merged);
  return merged + removed + shareStep(state, limit - merged - removed);
};
