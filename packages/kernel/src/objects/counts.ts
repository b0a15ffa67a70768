/**
 * Reference counts of the kernel's objects and promises.
 *
 * What counts: c-list entries of importers (objects) and of everybody (promises), messages on
 * queues, settled promises' data, recorded vat parameters, host pins. An owner's export counts
 * nothing. Invariants: reachable <= recognizable; nothing is freed before the wave ends
 * (rules.md#g1).
 */
import assert from 'node:assert/strict';
import type { Steps } from '@heirloom/store';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, showKRef, type KRef } from '../state/krefs.js';
import { PromiseState, type ObjectRow, type PromiseRow, type Reach } from '../state/schema.js';

export const getObject = (state: KernelState, kref: KRef): ObjectRow => state.objects.need(kref);
export const getPromise = (state: KernelState, kref: KRef): PromiseRow => state.promises.need(kref);

/** Where the messages that wait on a promise are kept. */
export const promiseQueueKey = (promise: KRef, ordinal: number): string => `${promise}/${ordinal}`;

const changeObject = (
  state: KernelState,
  kref: KRef,
  reachableBy: number,
  recognizableBy: number,
): void => {
  const before = getObject(state, kref);
  const reachable = before[2] + reachableBy;
  const recognizable = before[3] + recognizableBy;
  if (reachable < 0 || reachable > recognizable) {
    assert.fail(`counts of ${showKRef(kref)}: ${reachable}, ${recognizable}`);
  }
  const [owner, name, , , exported, spelled] = before;
  state.objects.set(kref, [owner, name, reachable, recognizable, exported, spelled]);
  if (reachable === 0) state.maybeFree.add(kref);
};

/** A promise's row with other things changed and `by` more references. */
export const updatePromise = (
  state: KernelState,
  kref: KRef,
  row: PromiseRow,
  by: number,
  changes: Partial<PromiseRow> = {},
): PromiseRow => {
  const references = row.references + by;
  if (references < 0) assert.fail(`references of ${showKRef(kref)}: ${references}`);
  const changed: PromiseRow = {
    state: changes.state ?? row.state,
    decider: changes.decider ?? row.decider,
    subscribers: changes.subscribers ?? row.subscribers,
    references,
    body: changes.body ?? row.body,
    slots: changes.slots ?? row.slots,
    queueCount: changes.queueCount ?? row.queueCount,
    queueBytes: changes.queueBytes ?? row.queueBytes,
  };
  state.promises.set(kref, changed);
  if (references === 0 || (by < 0 && changed.slots.length > 0)) state.maybeFree.add(kref);
  if (by !== 0) state.tangle.changed(kref, by);
  return changed;
};

/** Can the promise be in a cycle of settled promises at all? An unresolved one has no data. */
export const mayBeInCycle = ({ state, slots }: PromiseRow): boolean =>
  state !== PromiseState.unresolved && slots.some(isPromiseKRef);

/** One more holder that reaches and recognizes `kref`. */
export const hold = (state: KernelState, kref: KRef): void => {
  if (isPromiseKRef(kref)) updatePromise(state, kref, getPromise(state, kref), 1);
  else changeObject(state, kref, 1, 1);
};

export const release = (state: KernelState, kref: KRef, holders = 1): void => {
  if (isPromiseKRef(kref)) updatePromise(state, kref, getPromise(state, kref), -holders);
  else changeObject(state, kref, -holders, -holders);
};

/** One more holder that only recognizes the object. */
export const holdRecognizable = (state: KernelState, kref: KRef): void =>
  changeObject(state, kref, 0, 1);

/** A holder that recognized the object now reaches it too. */
export const holdReachable = (state: KernelState, kref: KRef): void =>
  changeObject(state, kref, 1, 0);

/** A holder no longer reaches the object, but recognizes it still. */
export const releaseReachable = (state: KernelState, kref: KRef): void =>
  changeObject(state, kref, -1, 0);

/** A holder goes that only recognized the object. */
export const releaseRecognizable = (state: KernelState, kref: KRef): void =>
  changeObject(state, kref, 0, -1);

export const holdAll = (state: KernelState, krefs: readonly KRef[]): void => {
  for (const kref of krefs) hold(state, kref);
};
export const releaseAll = (state: KernelState, krefs: readonly KRef[]): void => {
  for (const kref of krefs) release(state, kref);
};

/** So many references are worked off at a stretch, which costs less than to count the steps. */
const FEW = 64;
export const isFew = ({ length }: { readonly length: number }): boolean => length <= FEW;

/** The same in steps: vats decide how many. */
export function* holdingAll(state: KernelState, krefs: readonly KRef[]): Steps<void> {
  for (const kref of krefs) {
    hold(state, kref);
    yield;
  }
}
export function* releasingAll(state: KernelState, krefs: readonly KRef[]): Steps<void> {
  for (const kref of krefs) {
    release(state, kref);
    yield;
  }
}

/** How far the owner of an object believes that its export goes. */
export const setExported = (state: KernelState, kref: KRef, exported: Reach): void => {
  const [owner, vref, reachable, recognizable, , spelled] = getObject(state, kref);
  state.objects.set(kref, [owner, vref, reachable, recognizable, exported, spelled]);
};
