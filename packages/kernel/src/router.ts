/**
 * Where messages go, and what a settlement sets in motion.
 *
 * Rule W2: a send is routed when it is merged. The run queue holds only messages to objects; a
 * message to an unresolved promise waits on that promise, and moves to the tail of the run queue
 * when it settles. So two sends to one reference never overtake each other.
 */
import { strict as assert } from 'node:assert';
import { getObject, getPromise, hold, holdAll, release, releaseAll, setPromise } from './counts.js';
import { dataNotCallable, soleReference, VAT_TERMINATED } from './kernel-data.js';
import { isPromiseKRef, krefNumber, objectKRef, promiseKRef, type KRef } from './state/krefs.js';
import { keys } from './state/keys.js';
import {
  HOST_SUBSCRIBES,
  ItemType,
  KERNEL_DECIDES,
  NOBODY,
  PromiseState,
  VatState,
  type PromiseRow,
  type QueuedMessage,
  type VatNumber,
} from './state/schema.js';
import type { KernelState } from './state/state.js';
import { parseVRef, type VRef } from '@heirloom/worker';

/** A settlement: data is canonical bytes and the references that it mentions. */
export interface Settlement {
  readonly rejected: boolean;
  readonly body: Uint8Array;
  readonly slots: readonly KRef[];
}

/** Told about promises that the host waits for; it may look at the row until the block ends. */
export type HostSettled = (promise: KRef, row: PromiseRow) => void;

export interface Router {
  readonly state: KernelState;
  readonly hostSettled: HostSettled;
}

/** A new unresolved promise, referred to by nobody yet. */
export const makePromise = (
  state: KernelState,
  decider: number,
  subscribers: readonly number[],
): KRef => {
  const n = state.next('nextPromise');
  state.promises.create(keys.promise(n), {
    state: PromiseState.unresolved,
    decider,
    subscribers,
    references: 0,
    body: null,
    slots: [],
    queueCount: 0,
  });
  return promiseKRef(n);
};

export const makeObject = (state: KernelState, owner: VatNumber, vref: VRef): KRef => {
  const n = state.next('nextObject');
  state.objects.create(keys.object(n), [owner, vref, 0, 0]);
  const kref = objectKRef(n);
  state.exports.create(keys.export(owner, vref), kref);
  return kref;
};

/** The vat that would receive a message to this object now; `undefined` when nobody would. */
export const ownerOf = (state: KernelState, kref: KRef): VatNumber | undefined => {
  const [owner, vref] = getObject(state, kref);
  if (owner === NOBODY) return undefined;
  const vat = state.vats.need(keys.vat(owner));
  if (vat.state === VatState.terminated) return undefined;
  const parsed = parseVRef(vref);
  assert(parsed !== undefined, 'stored vref is well formed');
  const mortal = parsed.type === 'ephemeral' || parsed.type === 'virtual';
  if (mortal && parsed.incarnation < vat.incarnation) return undefined;
  return owner;
};

/** A message to the tail of the run queue. Takes over the counts of what the message mentions. */
const enqueueSend = (state: KernelState, message: QueuedMessage): void => {
  state.enqueue({ type: ItemType.send, ...message });
};

/** Routes a message whose mentions are already counted (target, slots, result). */
const route = (router: Router, message: QueuedMessage): void => {
  const { state } = router;
  const { target } = message;
  if (!isPromiseKRef(target)) {
    enqueueSend(state, message);
    return;
  }
  const row = getPromise(state, target);
  switch (row.state) {
    case PromiseState.unresolved: {
      const key = keys.promiseQueue(krefNumber(target), row.queueCount);
      state.promiseQueues.create(key, message);
      // The queue hangs on its promise: it does not keep it.
      setPromise(state, target, {
        ...row,
        queueCount: row.queueCount + 1,
      });
      release(state, target);
      return;
    }
    case PromiseState.fulfilled: {
      const object = soleReference(row.body!, row.slots);
      if (object !== undefined && !isPromiseKRef(object)) {
        hold(state, object);
        release(state, target);
        enqueueSend(state, { ...message, target: object });
      } else refuse(router, message, { rejected: true, ...dataNotCallable(message.body, message.slots) });
      return;
    }
    case PromiseState.rejected:
      refuse(router, message, { rejected: true, body: row.body!, slots: row.slots });
      return;
    default:
      throw TypeError(`unknown promise state ${String(row.state satisfies never)}`);
  }
};

/** Sends a message: counts what it mentions, then routes it. */
export const send = (router: Router, message: QueuedMessage): void => {
  const { state } = router;
  hold(state, message.target);
  holdAll(state, message.slots);
  if (message.result !== undefined) hold(state, message.result);
  route(router, message);
};

/** A message that nobody will receive: its result is rejected, what it mentions is let go. */
export const refuse = (
  router: Router,
  message: QueuedMessage,
  reason: Settlement = VAT_TERMINATED,
): void => {
  const { state } = router;
  if (message.result !== undefined) {
    const row = getPromise(state, message.result);
    assert(row.decider === NOBODY, 'a queued result has no decider');
    settle(router, message.result, reason);
    release(state, message.result);
  }
  release(state, message.target);
  releaseAll(state, message.slots);
};

/**
 * Settles an unresolved promise: subscribers are notified in order of their numbers, then the
 * messages that waited on it are routed, in order.
 *
 * Errors: asserts that the promise is unresolved; authority is the caller's business.
 */
export const settle = (router: Router, promise: KRef, settlement: Settlement): void => {
  const { state } = router;
  const row = getPromise(state, promise);
  assert(row.state === PromiseState.unresolved, 'a promise settles once');
  const settled: PromiseRow = {
    ...row,
    state: settlement.rejected ? PromiseState.rejected : PromiseState.fulfilled,
    decider: NOBODY,
    subscribers: [],
    body: settlement.body,
    slots: settlement.slots,
    queueCount: 0,
  };
  holdAll(state, settlement.slots);
  setPromise(state, promise, settled);
  for (const subscriber of row.subscribers) {
    if (subscriber === HOST_SUBSCRIBES) router.hostSettled(promise, settled);
    else notify(state, subscriber, promise);
  }
  for (let ordinal = 0; ordinal < row.queueCount; ordinal += 1) {
    const key = keys.promiseQueue(krefNumber(promise), ordinal);
    const message = state.promiseQueues.need(key);
    state.promiseQueues.delete(key);
    hold(state, promise);
    route(router, message);
  }
};

const notify = (state: KernelState, vat: VatNumber, promise: KRef): void => {
  hold(state, promise);
  state.enqueue({ type: ItemType.notify, vat, promise });
};

/** Subscribes a vat: at once a notify when the promise has settled. */
export const subscribe = (state: KernelState, vat: number, promise: KRef): void => {
  const row = getPromise(state, promise);
  if (row.state !== PromiseState.unresolved) {
    assert(vat !== HOST_SUBSCRIBES);
    notify(state, vat, promise);
  } else if (!row.subscribers.includes(vat)) {
    const subscribers = [...row.subscribers, vat].sort((a, b) => a - b);
    setPromise(state, promise, { ...row, subscribers });
  }
};

/** Who may settle a promise from now on. */
export const setDecider = (state: KernelState, promise: KRef, decider: number): void => {
  const row = getPromise(state, promise);
  assert(row.state === PromiseState.unresolved && row.decider === NOBODY, 'decider is free');
  assert(decider > 0 || decider === KERNEL_DECIDES || decider === NOBODY);
  setPromise(state, promise, { ...row, decider });
};
