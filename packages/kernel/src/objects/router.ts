/**
 * Where messages go, and what a settlement sets in motion.
 *
 * A send is routed when it is merged (rules.md#w2). The run queue holds only messages to objects; a
 * message to an unresolved promise waits on that promise, and moves to the tail of the run queue
 * when it settles. So two sends to one reference never overtake each other.
 *
 * A settlement may move ten thousand messages, and refuse as long a chain as vats like: what does
 * so is written as steps, one for each message.
 */
import assert from 'node:assert/strict';
import { atOnce, type Steps } from '@heirloom/store';
import { isVatNumber, type VatNumber, type VRef } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, objectKRef, promiseKRef, type KRef } from '../state/krefs.js';
import { NOBODY_DECIDES, type Decider, type Subscriber } from '../state/parties.js';
import {
  ItemType,
  messageWeight,
  type QueuedMessage,
  type SendItem,
} from '../state/queue-items.js';
import { PromiseState, Reach, settledBody, type PromiseRow } from '../state/schema.js';
import {
  getPromise,
  hold,
  holdAll,
  holdingAll,
  isFew,
  promiseQueueKey,
  release,
  releasingAll,
  updatePromise,
} from './counts.js';
import { tellingHost } from './host-holds.js';
import { dataNotCallable, rejection, soleReference, VAT_TERMINATED } from './kernel-data.js';

/** A settlement: data is canonical bytes and the references that it mentions. */
export interface Settlement {
  readonly rejected: boolean;
  readonly body: Uint8Array;
  readonly slots: readonly KRef[];
}

interface NewPromise {
  readonly decider: Decider;
  readonly subscribers: readonly Subscriber[];
  /** How many hold it from the start. */
  readonly references: number;
}

/** A new unresolved promise. */
export const makePromise = (state: KernelState, given: NewPromise): KRef => {
  const kref = promiseKRef(state.next('nextPromise'));
  const { decider, subscribers, references } = given;
  state.promises.create(kref, {
    state: PromiseState.unresolved,
    decider,
    subscribers,
    references,
    body: null,
    slots: NO_SLOTS,
    queueCount: 0,
    queueBytes: 0,
  });
  return kref;
};
const NO_SLOTS: readonly KRef[] = [];

/** Forks call it outside of a crank, so it throws no `VatFault`. */
export const makeObject = (
  state: KernelState,
  owner: VatNumber,
  vref: VRef,
  spelled = '',
): KRef => {
  const kref = objectKRef(state.next('nextObject'));
  state.objects.create(kref, [owner, vref, 0, 0, Reach.reachable, spelled]);
  state.maybeFree.add(kref);
  state.clist(owner).byVRef.create(vref, kref);
  return kref;
};

/** A promise that is to be settled, and with what. */
interface Settling {
  readonly promise: KRef;
  readonly settlement: Settlement;
}

/** An item of the queue, as its sender made it. */
const sendItem = ({ target, body, slots, result, sender }: QueuedMessage): SendItem =>
  sender === undefined
    ? { type: ItemType.send, target, body, slots, result }
    : { type: ItemType.send, target, body, slots, result, sender };

/** Routes a message whose mentions are already counted; or says why nobody will receive it. */
const route = (state: KernelState, message: QueuedMessage): Settlement | undefined => {
  const { target } = message;
  if (!isPromiseKRef(target)) {
    state.enqueue(sendItem(message));
    return undefined;
  }
  const row = getPromise(state, target);
  switch (row.state) {
    case PromiseState.unresolved: {
      const queueBytes = row.queueBytes + messageWeight(message);
      if (row.queueCount >= state.promiseQueueMax || queueBytes > PROMISE_QUEUE_BYTES_MAX) {
        return QUEUE_IS_FULL;
      }
      state.promiseQueues.create(promiseQueueKey(target, row.queueCount), message);
      // The queue hangs on its promise: it does not keep it.
      updatePromise(state, target, row, -1, { queueCount: row.queueCount + 1, queueBytes });
      return undefined;
    }
    case PromiseState.fulfilled: {
      const object = soleReference(settledBody(row), row.slots);
      if (object === undefined || isPromiseKRef(object)) {
        return { rejected: true, ...dataNotCallable(message.body, message.slots) };
      }
      hold(state, object);
      release(state, target);
      state.enqueue(sendItem({ ...message, target: object }));
      return undefined;
    }
    case PromiseState.rejected:
      return { rejected: true, body: settledBody(row), slots: row.slots };
    default:
      throw TypeError(`unknown promise state ${String(row.state satisfies never)}`);
  }
};

/** Data of the messages that wait on one promise. */
const PROMISE_QUEUE_BYTES_MAX = 2 ** 26;
/** Data of messages of one sender that settlements move to the run queue in a wave. */
const MOVED_BYTES_MAX = PROMISE_QUEUE_BYTES_MAX;
/** A message with no more is moved in any case. */
const ALWAYS_MOVED_BYTES = 1_024;

const QUEUE_IS_FULL = rejection(Error('too many messages wait on the promise'));

/**
 * Sends a message: counts its target and its slots, then routes it. The result's promise has been
 * made with the queue's reference in its count. Gives the steps that are left, if it takes many.
 */
export const startSending = (
  state: KernelState,
  message: QueuedMessage,
): Steps<void> | undefined => {
  hold(state, message.target);
  if (!isFew(message.slots)) return sendingMany(state, message);
  holdAll(state, message.slots);
  return startRouting(state, message);
};

/** What it mentions is counted. */
const startRouting = (
  state: KernelState,
  message: QueuedMessage,
): Steps<void> | undefined => {
  const { sender } = state;
  const { target, body, slots, result } = message;
  const sent = sender === undefined ? message : { target, body, slots, result, sender };
  const refusal = route(state, sent);
  return refusal === undefined ? undefined : refusing(state, sent, refusal);
};

/** Its target is counted. */
function* sendingMany(state: KernelState, message: QueuedMessage): Steps<void> {
  yield* holdingAll(state, message.slots);
  const rest = startRouting(state, message);
  if (rest !== undefined) yield* rest;
}

/** As `startSending`. */
export function* sending(state: KernelState, message: QueuedMessage): Steps<void> {
  const rest = startSending(state, message);
  if (rest !== undefined) yield* rest;
}

/** The same at a stretch. */
export const send = (state: KernelState, message: QueuedMessage): void =>
  atOnce(sending(state, message));

/** Nobody will receive a message: what it mentions is let go. Its result is still to be settled. */
function* declining(
  state: KernelState,
  message: QueuedMessage,
  settlement: Settlement,
): Steps<Settling | undefined> {
  const { target, slots, result } = message;
  // Held for as long as it takes to settle: the reason may be the data of what is let go.
  yield* holdingAll(state, settlement.slots);
  release(state, target);
  yield* releasingAll(state, slots);
  if (result !== undefined) return { promise: result, settlement };
  yield* releasingAll(state, settlement.slots);
  return undefined;
}

/** A message that nobody will receive: its result is rejected, what it mentions is let go. */
export function* refusing(
  state: KernelState,
  message: QueuedMessage,
  reason: Settlement = VAT_TERMINATED,
): Steps<void> {
  yield* settlingAll(state, yield* declining(state, message, reason));
}

/** The same at a stretch. */
export const refuse = (state: KernelState, message: QueuedMessage, reason: Settlement): void =>
  atOnce(refusing(state, message, reason));

/** The messages of a promise that has settled, from the `next`th on. */
interface Flow {
  readonly promise: KRef;
  readonly count: number;
  next: number;
}

/**
 * Rejects the result of a refused message and what that sets in motion: a message that waited on
 * the result is refused in its turn, and so on. Vats decide how long that chain is, so no frame of
 * the stack may stand for a link of it.
 */
function* settlingAll(state: KernelState, first: Settling | undefined): Steps<void> {
  if (first !== undefined) yield* flowing(state, [yield* rejectingResult(state, first)]);
}

function* flowing(state: KernelState, flows: Flow[]): Steps<void> {
  for (;;) {
    const flow = flows.at(-1);
    if (flow === undefined) return;
    if (flow.next === flow.count) {
      flows.pop();
      continue;
    }
    const key = promiseQueueKey(flow.promise, flow.next);
    flow.next += 1;
    const message = state.promiseQueues.need(key);
    state.promiseQueues.delete(key);
    const refusal = mayMove(state, message) ? route(state, message) : QUEUE_IS_FULL;
    if (refusal !== undefined) {
      const refused = yield* declining(state, message, refusal);
      if (refused !== undefined) flows.push(yield* rejectingResult(state, refused));
    }
    yield;
  }
}

/** Is there room for a message that has waited, beside those of its sender that were moved? */
const mayMove = (state: KernelState, message: QueuedMessage): boolean => {
  const weight = messageWeight(message);
  const { movedBytes } = state;
  const moved = weight + movedBytes.of(message.sender);
  if (weight > ALWAYS_MOVED_BYTES && moved > MOVED_BYTES_MAX) return false;
  movedBytes.add(message.sender, weight);
  return true;
};

function* rejectingResult(
  state: KernelState,
  { promise, settlement }: Settling,
): Steps<Flow> {
  const row = getPromise(state, promise);
  assert(row.decider === NOBODY_DECIDES, 'a queued result has no decider');
  const flow = yield* settlingOne(state, promise, settlement);
  yield* releasingAll(state, settlement.slots);
  release(state, promise);
  return flow;
}

/**
 * Settles an unresolved promise: subscribers are notified in order of their numbers, then the
 * messages that waited on it are routed, in order.
 *
 * Errors: asserts that the promise is unresolved; authority is the caller's business.
 */
export function* settling(
  state: KernelState,
  promise: KRef,
  settlement: Settlement,
): Steps<void> {
  yield* flowing(state, [yield* settlingOne(state, promise, settlement)]);
}

/** The same; gives the steps that are left, if it takes many. */
export const startSettling = (
  state: KernelState,
  promise: KRef,
  settlement: Settlement,
): Steps<void> | undefined => {
  const { queueCount, subscribers } = getPromise(state, promise);
  const isShort = queueCount === 0 && isFew(settlement.slots) && isFew(subscribers);
  if (!isShort || !subscribers.every(isVatNumber)) return settling(state, promise, settlement);
  holdAll(state, settlement.slots);
  settleHeld(state, promise, settlement);
  return undefined;
};

/** The same at a stretch. */
export const settle = (state: KernelState, promise: KRef, settlement: Settlement): void =>
  atOnce(settling(state, promise, settlement));

/** Settles one promise; its messages are still to be routed. */
function* settlingOne(
  state: KernelState,
  promise: KRef,
  settlement: Settlement,
): Steps<Flow> {
  const { queueCount, subscribers } = getPromise(state, promise);
  yield* holdingAll(state, settlement.slots);
  const { settled, vats } = settleHeld(state, promise, settlement, false);
  if (vats.length < subscribers.length) yield* tellingHost(state, promise, settled);
  for (const vat of vats) enqueueNotify(state, vat, promise);
  return { promise, count: queueCount, next: 0 };
}

/** What the settlement mentions is counted. Gives the subscribers that are vats. */
const settleHeld = (
  state: KernelState,
  promise: KRef,
  { rejected, body, slots }: Settlement,
  notifies = true,
): { readonly settled: PromiseRow; readonly vats: readonly VatNumber[] } => {
  const row = getPromise(state, promise);
  assert(row.state === PromiseState.unresolved, 'a promise settles once');
  const vats = row.subscribers.filter(isVatNumber);
  // Each notify on the queue holds it, and so does each message that is about to be routed.
  const settled = updatePromise(state, promise, row, vats.length + row.queueCount, {
    state: rejected ? PromiseState.rejected : PromiseState.fulfilled,
    decider: NOBODY_DECIDES,
    subscribers: [],
    body,
    slots,
    queueCount: 0,
    queueBytes: 0,
  });
  if (notifies) for (const vat of vats) enqueueNotify(state, vat, promise);
  return { settled, vats };
};

const enqueueNotify = (state: KernelState, vat: VatNumber, promise: KRef): void => {
  const { sender } = state;
  const { notify: type } = ItemType;
  state.enqueue(sender === undefined ? { type, vat, promise } : { type, vat, promise, sender });
};

/** Subscribes a vat or the host: a vat gets a notify at once when the promise has settled. */
export const subscribe = (state: KernelState, who: Subscriber, promise: KRef): void => {
  const row = getPromise(state, promise);
  if (row.state !== PromiseState.unresolved) {
    assert(isVatNumber(who), 'the host is told of settled promises otherwise');
    updatePromise(state, promise, row, 1);
    enqueueNotify(state, who, promise);
  } else if (!row.subscribers.includes(who)) {
    const subscribers = [...row.subscribers, who].sort((a, b) => a - b);
    updatePromise(state, promise, row, 0, { subscribers });
  }
};
