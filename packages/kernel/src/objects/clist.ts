/**
 * C-lists: what each vat calls the kernel's objects and promises.
 *
 * Invariants: an object is never in its owner's import list; numbers are fixed when a wave starts,
 * reachability and counts when the crank is merged (rules.md#w1); promises leave at the end of the
 * wave in which the vat settled them or was told (rules.md#w3), unless it says that not all of its
 * watchers have heard. A promise that the vat watches keeps its name from incarnation to
 * incarnation: `p+I/N` may be of an earlier one.
 */
import assert from 'node:assert/strict';
import {
  importRef,
  isAllocatedByVat,
  kernelPromiseRef,
  parseVRef,
  VatFault,
  type Incarnation,
  type ParsedVRef,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, showKRef, type KRef } from '../state/krefs.js';
import { NOBODY_DECIDES } from '../state/parties.js';
import { copiedCounters, exportName, PromiseState, Reach } from '../state/schema.js';
import {
  getObject,
  getPromise,
  hold,
  holdReachable,
  release,
  setExported,
  updatePromise,
} from './counts.js';
import { dismissedTag, makeRevoked, orphan, ownerOf } from './orphans.js';
import { makeObject, makePromise } from './router.js';

/** The vat whose names are being read, in its present incarnation. */
export interface Speaker {
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
}

const takeNumber = (
  state: KernelState,
  vat: VatNumber,
  counter: 'nextImport' | 'nextPromise',
): number => {
  const row = copiedCounters(state.vatCounters.need(vat));
  const number = row[counter];
  row[counter] = number + 1;
  state.vatCounters.set(vat, row);
  return number;
};

/** A name that the vat has from now on; counts are the caller's. */
export const addEntry = (
  state: KernelState,
  vat: VatNumber,
  kref: KRef,
  vref: VRef,
  reach: Reach,
): void => {
  const { byKRef, byVRef } = state.clist(vat);
  byKRef.create(kref, [vref, reach]);
  byVRef.create(vref, kref);
};

/**
 * What is left of an export whose incarnation has ended, or whose kind was dismissed, is nobody's:
 * the vat imports it like any other. Its name goes now instead of in the steps to come.
 */
const disown = (state: KernelState, vat: VatNumber, kref: KRef): void => {
  state.clist(vat).byVRef.delete(exportName(getObject(state, kref)));
  orphan(state, kref);
};

/** What `vat` calls `kref`: allocated now if new to it, without counts. */
export const nameFor = (state: KernelState, vat: VatNumber, kref: KRef): VRef => {
  const isPromise = isPromiseKRef(kref);
  if (!isPromise) {
    const row = getObject(state, kref);
    if (row[0] === vat) {
      if (ownerOf(state, kref) === vat) return exportName(row);
      disown(state, vat, kref);
    }
  }
  const { byKRef } = state.clist(vat);
  const entry = state.isOfThisBlock(kref) ? byKRef.getUnstored(kref) : byKRef.get(kref);
  if (entry !== undefined) return entry[0];
  const vref = isPromise
    ? kernelPromiseRef(takeNumber(state, vat, 'nextPromise'))
    : importRef(takeNumber(state, vat, 'nextImport'));
  addEntry(state, vat, kref, vref, Reach.allocated);
  return vref;
};

/** The vat is not given `kref` in this wave: a name that was fixed for it, and no more, goes. */
export const forgetAllocated = (state: KernelState, vat: VatNumber, kref: KRef): void => {
  const { byKRef, byVRef } = state.clist(vat);
  const entry = byKRef.get(kref);
  if (entry === undefined || entry[1] !== Reach.allocated) return;
  byKRef.delete(kref);
  byVRef.delete(entry[0]);
};

/** The vat has been given `kref`: from now on its entry counts. */
export const activate = (state: KernelState, vat: VatNumber, kref: KRef): void => {
  if (!isPromiseKRef(kref) && getObject(state, kref)[0] === vat) return;
  const reach = markReachable(state, vat, kref);
  if (reach === Reach.allocated) hold(state, kref);
  else if (reach === Reach.recognizable) holdReachable(state, kref);
};

/** Returns how far the entry went before. */
const markReachable = (state: KernelState, vat: VatNumber, kref: KRef): Reach => {
  const { byKRef } = state.clist(vat);
  const [vref, reach] = byKRef.need(kref);
  if (reach !== Reach.reachable) byKRef.set(kref, [vref, Reach.reachable]);
  return reach;
};

/** The vat has been given the authority to settle `result`, which leaves the queue. */
export const activateResult = (state: KernelState, vat: VatNumber, result: KRef): void => {
  const row = getPromise(state, result);
  const isFree = row.state === PromiseState.unresolved && row.decider === NOBODY_DECIDES;
  assert(isFree, 'decider is free');
  const isNew = markReachable(state, vat, result) === Reach.allocated;
  updatePromise(state, result, row, isNew ? 0 : -1, { decider: vat });
};

/** Removes a promise's entry of `vat`, which has settled it or been told. */
export const retirePromise = (state: KernelState, vat: VatNumber, kref: KRef): void => {
  if (!isPromiseKRef(kref)) assert.fail(`${showKRef(kref)} is no promise`);
  const { byKRef, byVRef } = state.clist(vat);
  const entry = byKRef.get(kref);
  if (entry === undefined) return;
  byKRef.delete(kref);
  byVRef.delete(entry[0]);
  if (entry[1] !== Reach.allocated) release(state, kref);
};

const parse = (vref: VRef): ParsedVRef => {
  const parsed = parseVRef(vref);
  if (parsed === undefined) {
    throw new VatFault('BAD_REFERENCE', `malformed reference ${JSON.stringify(vref)}`);
  }
  return parsed;
};

const checkIncarnation = (speaker: Speaker, parsed: ParsedVRef, vref: VRef): void => {
  const named = 'incarnation' in parsed ? parsed.incarnation : speaker.incarnation;
  if (named !== speaker.incarnation) {
    throw new VatFault('BAD_REFERENCE', `${vref} is of incarnation ${named}`);
  }
};

type VatPromise = Extract<ParsedVRef, { type: 'vatPromise' }>;

/**
 * Notes that the vat names a promise of its own. True: the name is not there yet, and no table need
 * be asked, which would cost more than all else.
 */
const noteName = (state: KernelState, vat: VatNumber, promise: VatPromise): boolean => {
  const { incarnation, n } = promise;
  const { ownPromises } = state.clist(vat);
  if (ownPromises?.incarnation !== incarnation || n <= ownPromises.greatest) return false;
  ownPromises.greatest = n;
  return true;
};

/** What the vat's own name stands for; a name it has not used before becomes an export. */
export const resolveName = (state: KernelState, speaker: Speaker, vref: VRef): KRef => {
  const { vat } = speaker;
  const known = state.clist(vat).byVRef.get(vref);
  if (known !== undefined) {
    checkKnown(state, speaker, vref, known);
    return known;
  }
  const parsed = parse(vref);
  if (!isAllocatedByVat(vref)) throw new VatFault('BAD_REFERENCE', `unknown reference ${vref}`);
  checkIncarnation(speaker, parsed, vref);
  if (parsed.type !== 'vatPromise') {
    const tag = dismissedTag(state.vats.need(vat), vref);
    return tag === undefined ? makeObject(state, vat, vref) : makeRevoked(state, tag);
  }
  noteName(state, vat, parsed);
  const promise = makePromise(state, { decider: vat, subscribers: [], references: 1 });
  addEntry(state, vat, promise, vref, Reach.reachable);
  return promise;
};

const checkKnown = (state: KernelState, speaker: Speaker, vref: VRef, kref: KRef): void => {
  if (isAllocatedByVat(vref)) {
    if (vref.startsWith('o+e') || vref.startsWith('o+v')) {
      checkIncarnation(speaker, parse(vref), vref);
    }
    if (isPromiseKRef(kref)) return;
    // Exported again after the kernel dropped it.
    if (getObject(state, kref)[4] !== Reach.reachable) setExported(state, kref, Reach.reachable);
    return;
  }
  const [, reach] = state.clist(speaker.vat).byKRef.need(kref);
  if (reach !== Reach.reachable) {
    throw new VatFault('BAD_REFERENCE', `vat tried to access unreachable import ${vref}`);
  }
};

/**
 * The fresh promise that will be the result of a send: the sender names it and is subscribed. Its
 * count includes the sender's entry and the message's.
 */
export const makeResult = (state: KernelState, speaker: Speaker, vref: VRef): KRef => {
  const { vat } = speaker;
  const parsed = parse(vref);
  if (parsed.type !== 'vatPromise') {
    throw new VatFault('BAD_REFERENCE', `a result must be a promise of the vat: ${vref}`);
  }
  checkIncarnation(speaker, parsed, vref);
  const isNew = noteName(state, vat, parsed);
  if (!isNew && state.clist(vat).byVRef.get(vref) !== undefined) {
    throw new VatFault('BAD_REFERENCE', `result ${vref} is already allocated`);
  }
  const made = { decider: NOBODY_DECIDES, subscribers: [vat], references: 2 };
  const promise = makePromise(state, made);
  addEntry(state, vat, promise, vref, Reach.reachable);
  return promise;
};

/** The promise that the vat calls `vref`. */
export const resolvePromiseName = (state: KernelState, speaker: Speaker, vref: VRef): KRef => {
  const kref = resolveName(state, speaker, vref);
  if (!isPromiseKRef(kref)) throw new VatFault('BAD_REFERENCE', `${vref} is no promise`);
  return kref;
};
