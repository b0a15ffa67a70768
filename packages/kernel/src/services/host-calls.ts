/**
 * Host objects as the state has them: names, calls on their way out, answers on their way in.
 *
 * Invariants: a call is a row from the merge that took it off the run queue until its answer, which
 * is an input, is taken; so it is carried out again after a crash, and answered once. References
 * among its arguments are pinned for the host, as those of results are.
 */
import assert from 'node:assert/strict';
import type { Steps } from '@heirloom/store';
import { getObject, release, releasingAll } from '../objects/counts.js';
import { pin } from '../objects/host-holds.js';
import { ownedRow } from '../objects/kernel-objects.js';
import { answering, takeResult } from '../objects/replies.js';
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
export function* takingHostCall(state: KernelState, message: QueuedMessage): Steps<void> {
  const { services } = state;
  const call = services.nextHostCall;
  services.setCount('nextHostCall', call + 1);
  services.hostCalls.create(call, message);
  for (const kref of message.slots) {
    pin(state, kref, 'calls');
    yield;
  }
  if (message.result !== undefined) takeResult(state, message.result, HOST_DECIDES);
}

/** Is it a call that no input has answered? */
export const isUnanswered = ({ answered, services }: KernelState, call: number): boolean =>
  !answered.has(call) && services.hostCalls.get(call) !== undefined;

/** An input answers a call. */
export const applyAnswer = (state: KernelState, call: number, settlement: Settlement): void => {
  assert(isUnanswered(state, call), 'a call is answered once');
  state.answered.add(call);
  state.defer(answeringCall(state, call, settlement));
};

/** Its result settles, what it mentioned is let go. */
function* answeringCall(state: KernelState, call: number, settlement: Settlement): Steps<void> {
  const message = state.services.hostCalls.need(call);
  state.answered.delete(call);
  state.services.hostCalls.delete(call);
  if (message.result !== undefined) yield* answering(state, message.result, settlement);
  release(state, message.target);
  yield* releasingAll(state, message.slots);
}
