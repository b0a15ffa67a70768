/**
 * Host objects as the state has them: names, calls on their way out, answers on their way in.
 *
 * Invariants: a call is a row from the merge that took it off the run queue until its answer, which
 * is an input, is taken; so it is carried out again after a crash, and answered once. References
 * among its arguments are pinned for the host, as those of results are.
 */
import assert from 'node:assert/strict';
import { getObject, releaseAll, release } from '../objects/counts.js';
import { pin } from '../objects/host-holds.js';
import { ownedRow } from '../objects/kernel-objects.js';
import { answer, takeResult } from '../objects/replies.js';
import type { Settlement } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import { objectKRef, type KRef } from '../state/krefs.js';
import { HOST_DECIDES, HOST_OWNS } from '../state/parties.js';
import type { QueuedMessage } from '../state/queue-items.js';

/** The host object of a name, made if there is none. */
export const provideHostObject = (state: KernelState, name: string): KRef => {
  const known = state.services.hostObjects.get(name);
  if (known !== undefined) return known;
  const kref = objectKRef(state.next('nextObject'));
  state.objects.create(kref, ownedRow(HOST_OWNS, name, 1));
  state.services.hostObjects.create(name, kref);
  return kref;
};

/** The name that the host gave an object of its own. */
export const hostObjectName = (state: KernelState, kref: KRef): string => {
  const [owner, name] = getObject(state, kref);
  assert.equal(owner, HOST_OWNS);
  return name;
};

/** A message to a host object leaves the run queue. Its row keeps the queue's references. */
export const takeHostCall = (state: KernelState, message: QueuedMessage): void => {
  const { services } = state;
  const call = services.nextHostCall;
  services.setCount('nextHostCall', call + 1);
  services.hostCalls.create(call, message);
  for (const kref of message.slots) pin(state, kref, 'calls');
  if (message.result !== undefined) takeResult(state, message.result, HOST_DECIDES);
};

/** The answer to a call: its result settles, what it mentioned is let go. */
export const applyAnswer = (state: KernelState, call: number, settlement: Settlement): void => {
  const message = state.services.hostCalls.get(call);
  assert(message !== undefined, 'a call is answered once');
  state.services.hostCalls.delete(call);
  if (message.result !== undefined) answer(state, message.result, settlement);
  release(state, message.target);
  releaseAll(state, message.slots);
};
