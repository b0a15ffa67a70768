/**
 * Reference counts of the kernel's objects and promises.
 *
 * What counts: c-list entries of importers (objects) and of everybody (promises), messages on
 * queues, settled promises' data, recorded vat parameters, host pins. An owner's export counts
 * nothing. Invariants: reachable <= recognizable; nothing is freed before the wave ends (rule G1).
 */
import assert from 'node:assert/strict';
import { isPromiseKRef, krefNumber, showKRef, type KRef } from './state/krefs.js';
import { keys } from './state/keys.js';
import { PromiseState, type ObjectRow, type PromiseRow } from './state/schema.js';
import type { KernelState } from './state/state.js';

export const objectKey = (kref: KRef): string => keys.object(krefNumber(kref));
export const promiseKey = (kref: KRef): string => keys.promise(krefNumber(kref));

export const getObject = (state: KernelState, kref: KRef): ObjectRow =>
  state.objects.need(objectKey(kref));
export const getPromise = (state: KernelState, kref: KRef): PromiseRow =>
  state.promises.need(promiseKey(kref));
export const setPromise = (state: KernelState, kref: KRef, row: PromiseRow): void =>
  state.promises.set(promiseKey(kref), row);

const changeObject = (
  state: KernelState,
  kref: KRef,
  reachableBy: number,
  recognizableBy: number,
): void => {
  const [owner, vref, reachable, recognizable] = getObject(state, kref);
  const row: ObjectRow = [owner, vref, reachable + reachableBy, recognizable + recognizableBy];
  assert(row[2] >= 0 && row[2] <= row[3], `counts of ${showKRef(kref)}: ${row[2]}, ${row[3]}`);
  state.objects.set(objectKey(kref), row);
  if (row[2] === 0) state.maybeFree.add(kref);
};

const changePromise = (state: KernelState, kref: KRef, by: number): void => {
  const row = getPromise(state, kref);
  const references = row.references + by;
  assert(references >= 0, `references of ${showKRef(kref)}: ${references}`);
  setPromise(state, kref, { ...row, references });
  if (references === 0) state.maybeFree.add(kref);
};

/** One more holder that reaches and recognizes `kref`. */
export const hold = (state: KernelState, kref: KRef): void => {
  if (isPromiseKRef(kref)) changePromise(state, kref, 1);
  else changeObject(state, kref, 1, 1);
};

export const release = (state: KernelState, kref: KRef): void => {
  if (isPromiseKRef(kref)) changePromise(state, kref, -1);
  else changeObject(state, kref, -1, -1);
};

/** A holder goes that only recognized the object. */
export const releaseRecognizable = (state: KernelState, kref: KRef): void =>
  changeObject(state, kref, 0, -1);

export const holdAll = (state: KernelState, krefs: readonly KRef[]): void => {
  for (const kref of krefs) hold(state, kref);
};
export const releaseAll = (state: KernelState, krefs: readonly KRef[]): void => {
  for (const kref of krefs) release(state, kref);
};

const freePromise = (state: KernelState, kref: KRef, row: PromiseRow): void => {
  for (let ordinal = 0; ordinal < row.queueCount; ordinal += 1) {
    const key = keys.promiseQueue(krefNumber(kref), ordinal);
    const message = state.promiseQueues.need(key);
    state.promiseQueues.delete(key);
    releaseAll(state, message.slots);
    if (message.result !== undefined) release(state, message.result);
  }
  if (row.state !== PromiseState.unresolved) releaseAll(state, row.slots);
  state.promises.delete(promiseKey(kref));
};

/**
 * Deletes promises that nothing refers to, in kref order, until none is left; releasing their data
 * can free more. Objects without a holder stay until their owner retires them.
 */
export const freeUnreferenced = (state: KernelState): void => {
  while (state.maybeFree.size > 0) {
    const krefs = [...state.maybeFree].sort((a, b) => a - b);
    state.maybeFree.clear();
    for (const kref of krefs) {
      if (!isPromiseKRef(kref)) continue;
      const row = state.promises.get(promiseKey(kref));
      if (row !== undefined && row.references === 0) freePromise(state, kref, row);
    }
  }
};
