/**
 * The end of a vat, and the removal of what ended incarnations leave (rules G4, U3).
 *
 * Ending costs the promises that the vat decides; its rows, names and transcripts go later, a
 * bounded number per wave, by the kernel itself.
 */
import { retirePromise } from './clist.js';
import { getObject, getPromise, objectKey, release, releaseRecognizable } from './counts.js';
import { VAT_TERMINATED } from './kernel-data.js';
import { settle, type Router, type Settlement } from './router.js';
import { isPromiseKRef, type KRef } from './state/krefs.js';
import { keys, ranges, type KeyRange } from './state/keys.js';
import { NOBODY, PromiseState, Reach, VatState, type CleanupRow, type VatNumber } from './state/schema.js';
import type { KernelState } from './state/state.js';

/** Every promise in the vat's c-list, in kref order. */
export const promisesOf = (state: KernelState, vat: VatNumber): KRef[] =>
  [...state.clist.scan(ranges.clistPromises(vat))].map(keys.clistKRef);

/**
 * Rejects what the vat decides, in kref order (rule U2), and takes all its promises out of its
 * c-list: nobody is left who knows them.
 */
export const abandonPromises = (router: Router, vat: VatNumber, reason: Settlement): void => {
  const { state } = router;
  const promises = promisesOf(state, vat);
  for (const promise of promises) {
    const row = getPromise(state, promise);
    if (row.state === PromiseState.unresolved && row.decider === vat) {
      settle(router, promise, reason);
    }
  }
  for (const promise of promises) retirePromise(state, vat, promise);
};

/** Notes that an incarnation has ended and how far its transcript goes. */
export const noteEnded = (state: KernelState, vat: VatNumber, wholeVat: boolean): void => {
  const { incarnation } = state.vats.need(keys.vat(vat));
  const { position } = state.vatCounters.need(keys.vatCounters(vat));
  const row: CleanupRow = { position: 0, positionEnd: position, wholeVat };
  state.cleanup.create(keys.cleanup(vat, incarnation), row);
};

/** Ends a running vat. Its worker is the caller's to kill. */
export const endVat = (router: Router, vat: VatNumber): void => {
  const { state } = router;
  const row = state.vats.need(keys.vat(vat));
  noteEnded(state, vat, true);
  state.vats.set(keys.vat(vat), { ...row, state: VatState.terminated });
  state.names.delete(keys.name(row.name));
  abandonPromises(router, vat, VAT_TERMINATED);
};

/** Takes up to `limit` names out of a dead vat's c-list, letting go of what it imported. */
const removeNames = (state: KernelState, vat: VatNumber, limit: number): number => {
  const imports = state.clist.keys(ranges.clist(vat), limit);
  for (const key of imports) {
    const kref = keys.clistKRef(key);
    const [vref, reach] = state.clist.need(key);
    state.clist.delete(key);
    state.exports.delete(keys.export(vat, vref));
    if (reach === Reach.reachable) release(state, kref);
    else if (reach === Reach.recognizable && !isPromiseKRef(kref)) releaseRecognizable(state, kref);
  }
  return imports.length;
};

/** Makes an object nobody's; one that nobody refers to goes. */
const orphan = (state: KernelState, kref: KRef): void => {
  const [, vref, reachable, recognizable] = getObject(state, kref);
  if (recognizable === 0) state.objects.delete(objectKey(kref));
  else state.objects.set(objectKey(kref), [NOBODY, vref, reachable, recognizable]);
};

/** Takes up to `limit` exports of a range out of a vat's c-list; their objects are orphaned. */
const removeExports = (state: KernelState, range: KeyRange, limit: number): number => {
  const exports = state.exports.keys(range, limit);
  for (const key of exports) {
    const kref = state.exports.need(key);
    state.exports.delete(key);
    if (!isPromiseKRef(kref)) orphan(state, kref);
  }
  return exports.length;
};

/** One bounded step over one ended incarnation; `true` when nothing of it is left. */
const cleanUp = (
  state: KernelState,
  [vat, incarnation]: readonly [VatNumber, number],
  row: CleanupRow,
  limit: number,
): boolean => {
  let left = limit;
  const end = Math.min(row.positionEnd, row.position + left);
  for (let at = row.position; at < end; at += 1) state.forgetEntry(vat, incarnation, at);
  left -= end - row.position;
  state.cleanup.set(keys.cleanup(vat, incarnation), { ...row, position: end });
  left -= state.rows.forgetPreImages(vat, incarnation, left);
  if (!row.wholeVat) {
    for (const range of ranges.mortalExports(vat, incarnation)) {
      left -= removeExports(state, range, left);
    }
    return left > 0;
  }
  left -= removeNames(state, vat, left);
  left -= removeExports(state, ranges.exports(vat), left);
  const { spaces } = state.vats.need(keys.vat(vat));
  for (const space of spaces) left -= state.rows.forgetSpace(space, left);
  if (left <= 0) return false;
  state.vatCounters.delete(keys.vatCounters(vat));
  state.vats.delete(keys.vat(vat));
  return true;
};

/** The kernel's own housekeeping at the end of a wave: at most `limit` rows. */
export const cleanUpStep = (state: KernelState, limit: number): void => {
  const [key] = state.cleanup.keys(ranges.cleanup, 1);
  if (key === undefined) return;
  const ended = keys.cleanupOf(key);
  if (cleanUp(state, ended, state.cleanup.need(key), limit)) state.cleanup.delete(key);
};
