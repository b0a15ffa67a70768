/**
 * C-lists: what each vat calls the kernel's objects and promises.
 *
 * Invariants: an object is never in its owner's import list; numbers are fixed when a wave starts,
 * reachability and counts when the crank is merged (rule W1); promises leave at the end of the wave
 * in which the vat settled them or was told (rule W3).
 */
import assert from 'node:assert/strict';
import {
  importRef,
  isAllocatedByVat,
  kernelPromiseRef,
  parseVRef,
  VatFault,
  type ParsedVRef,
  type VRef,
} from '@heirloom/worker';
import { getObject, hold, objectKey, release } from './counts.js';
import { makeObject, makePromise } from './router.js';
import { isPromiseKRef, showKRef, type KRef } from './state/krefs.js';
import { keys } from './state/keys.js';
import { Reach, type VatCounters, type VatNumber } from './state/schema.js';
import type { KernelState } from './state/state.js';

/** The vat whose names are being read, in its present incarnation. */
export interface Speaker {
  readonly vat: VatNumber;
  readonly incarnation: number;
}

const takeNumber = (
  state: KernelState,
  vat: VatNumber,
  counter: 'nextImport' | 'nextPromise',
): number => {
  const key = keys.vatCounters(vat);
  const row = state.vatCounters.need(key);
  const next: VatCounters = { ...row, [counter]: row[counter] + 1 };
  state.vatCounters.set(key, next);
  return row[counter];
};

const addEntry = (
  state: KernelState,
  vat: VatNumber,
  kref: KRef,
  vref: VRef,
  reach: Reach,
): void => {
  state.clist.create(keys.clist(vat, kref), [vref, reach]);
  state.exports.create(keys.export(vat, vref), kref);
};

/** What `vat` calls `kref`: allocated now if new to it, without counts. */
export const nameFor = (state: KernelState, vat: VatNumber, kref: KRef): VRef => {
  if (!isPromiseKRef(kref)) {
    const [owner, vref] = getObject(state, kref);
    if (owner === vat) return vref;
  }
  const entry = state.clist.get(keys.clist(vat, kref));
  if (entry !== undefined) return entry[0];
  const vref = isPromiseKRef(kref)
    ? kernelPromiseRef(takeNumber(state, vat, 'nextPromise'))
    : importRef(takeNumber(state, vat, 'nextImport'));
  addEntry(state, vat, kref, vref, Reach.allocated);
  return vref;
};

/** The vat has been given `kref`: from now on its entry counts. */
export const activate = (state: KernelState, vat: VatNumber, kref: KRef): void => {
  if (!isPromiseKRef(kref) && getObject(state, kref)[0] === vat) return;
  const key = keys.clist(vat, kref);
  const [vref, reach] = state.clist.need(key);
  if (reach === Reach.reachable) return;
  state.clist.set(key, [vref, Reach.reachable]);
  if (reach === Reach.allocated) hold(state, kref);
  else {
    const [owner, name, reachable, recognizable] = getObject(state, kref);
    state.objects.set(objectKey(kref), [owner, name, reachable + 1, recognizable]);
  }
};

/** Removes a promise's entry of `vat`, which has settled it or been told. */
export const retirePromise = (state: KernelState, vat: VatNumber, kref: KRef): void => {
  assert(isPromiseKRef(kref), `${showKRef(kref)} is no promise`);
  const key = keys.clist(vat, kref);
  const entry = state.clist.get(key);
  if (entry === undefined) return;
  state.clist.delete(key);
  state.exports.delete(keys.export(vat, entry[0]));
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

/** What the vat's own name stands for; a name it has not used before becomes an export. */
export const resolveName = (state: KernelState, speaker: Speaker, vref: VRef): KRef => {
  const { vat } = speaker;
  const known = state.exports.get(keys.export(vat, vref));
  if (known !== undefined) {
    checkKnown(state, speaker, vref, known);
    return known;
  }
  const parsed = parse(vref);
  if (!isAllocatedByVat(vref)) throw new VatFault('BAD_REFERENCE', `unknown reference ${vref}`);
  checkIncarnation(speaker, parsed, vref);
  if (parsed.type !== 'vatPromise') return makeObject(state, vat, vref);
  const promise = makePromise(state, vat, []);
  addEntry(state, vat, promise, vref, Reach.reachable);
  hold(state, promise);
  return promise;
};

const checkKnown = (state: KernelState, speaker: Speaker, vref: VRef, kref: KRef): void => {
  if (isAllocatedByVat(vref)) {
    if (vref.startsWith('o+e') || vref.startsWith('o+v')) {
      checkIncarnation(speaker, parse(vref), vref);
    }
    return;
  }
  const entry = state.clist.need(keys.clist(speaker.vat, kref));
  if (entry[1] !== Reach.reachable) {
    throw new VatFault('BAD_REFERENCE', `vat tried to access unreachable import ${vref}`);
  }
};

/** The fresh promise that will be the result of a send: the sender names it and is subscribed. */
export const makeResult = (state: KernelState, speaker: Speaker, vref: VRef): KRef => {
  const parsed = parse(vref);
  if (parsed.type !== 'vatPromise') {
    throw new VatFault('BAD_REFERENCE', `a result must be a promise of the vat: ${vref}`);
  }
  checkIncarnation(speaker, parsed, vref);
  if (state.exports.get(keys.export(speaker.vat, vref)) !== undefined) {
    throw new VatFault('BAD_REFERENCE', `result ${vref} is already allocated`);
  }
  const promise = makePromise(state, 0, [speaker.vat]);
  addEntry(state, speaker.vat, promise, vref, Reach.reachable);
  hold(state, promise);
  return promise;
};

/** The promise that the vat calls `vref`. */
export const resolvePromiseName = (state: KernelState, speaker: Speaker, vref: VRef): KRef => {
  const kref = resolveName(state, speaker, vref);
  if (!isPromiseKRef(kref)) throw new VatFault('BAD_REFERENCE', `${vref} is no promise`);
  return kref;
};
