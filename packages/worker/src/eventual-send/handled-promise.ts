/**
 * `HandledPromise` with the contract of the shim of `@endo/eventual-send`, and its inside for
 * liveslots.
 *
 * Loaded before `ses`, which takes it for an intrinsic: the constructor has exactly the properties
 * that SES permits. `E` of stock bundles finds it as `globalThis.HandledPromise`.
 * Differences that vat code could see are listed in docs/environment.md.
 */
import type { Hardening } from '../contracts/hardening.js';
import type { HandledPromises, PromiseRecord, SendHandler } from '../contracts/handled-promises.js';
import { siteOfSend } from './send-sites.js';
import { isObject, propertyOf } from '../values.js';
import { RecordState, recordOf } from './promise-record.js';
import { annotate, makeError } from './send-dispatch.js';
import { SendTurns } from './send-turns.js';
import type { SendRequest } from './send-turns.js';

const { create, freeze, setPrototypeOf, defineProperties, getOwnPropertyDescriptors } = Object;
const { ownKeys } = Reflect;
const NativePromise = Promise;
const ProxyOf = Proxy;
const TypeErrorOf = TypeError;

interface PresenceOptions {
  readonly proxy?: {
    readonly handler: ProxyHandler<object>;
    readonly target: object;
    readonly revokerCallback?: (revoke: () => void) => void;
  };
}

type Executor = (
  resolve: (value?: unknown) => void,
  reject: (reason?: unknown) => void,
  resolveWithPresence: (handler?: SendHandler, options?: PresenceOptions) => unknown,
) => void;

/** What methods a handler has shows when a send needs one. */
const isHandler = (handler: unknown): handler is SendHandler => isObject(handler);

function assertHandler(handler: unknown): asserts handler is SendHandler {
  if (isHandler(handler)) return;
  throw makeError(
    ({ details: X }, q) => X`Handler ${q(handler)} cannot be a primitive`,
    TypeErrorOf,
  );
}

const makePresenceValue = ({ proxy }: PresenceOptions): object => {
  if (proxy === undefined) return create(null);
  const { handler, target, revokerCallback } = proxy;
  if (revokerCallback === undefined) return new ProxyOf(target, handler);
  const revocable = ProxyOf.revocable(target, handler);
  revokerCallback(revocable.revoke);
  return revocable.proxy;
};

const toPropertyKey = (specimen: unknown): string | symbol =>
  typeof specimen === 'symbol' ? specimen : String(specimen);

/** The executor's three functions for one promise. */
const runExecutor = (
  turns: SendTurns,
  record: RecordState,
  executor: Executor,
  pendingHandler: SendHandler | undefined,
): void => {
  let target: unknown = null;
  const resolve = (value?: unknown): void => {
    if (record.state !== 'pending') return;
    target = value;
    turns.resolve(record, value);
  };
  const reject = (reason?: unknown): void => turns.reject(record, reason);
  const resolveWithPresence = (
    handler = pendingHandler,
    options: PresenceOptions = {},
  ): unknown => {
    if (record.state !== 'pending') return target;
    try {
      assertHandler(handler);
      const presence = makePresenceValue(options);
      target = presence;
      turns.resolveWithPresence(record, presence, handler);
      return presence;
    } catch (error) {
      annotate(error, ({ details: X }) => X`during resolveWithPresence`);
      turns.reject(record, error);
      throw error;
    }
  };
  executor(resolve, reject, resolveWithPresence);
};

const makeStatics = (turns: SendTurns): Record<string, unknown> => {
  const send = (request: Omit<SendRequest, 'isSendOnly'>): Promise<unknown> =>
    turns.send({ ...request, isSendOnly: false }).promise;
  const sendOnly = (request: Omit<SendRequest, 'isSendOnly'>): void => {
    turns.send({ ...request, isSendOnly: true });
  };
  const property = undefined;
  // Concise methods are no constructors. `[...args]` comes before anything else, as in the shim.
  return {
    get(target: unknown, prop: unknown) {
      return send({ target, operation: 'get', property: toPropertyKey(prop), args: [] });
    },
    getSendOnly(target: unknown, prop: unknown) {
      sendOnly({ target, operation: 'get', property: toPropertyKey(prop), args: [] });
    },
    applyFunction(target: unknown, args: Iterable<unknown>) {
      const list = [...args];
      return send({ target, operation: 'applyFunction', property, args: list });
    },
    applyFunctionSendOnly(target: unknown, args: Iterable<unknown>) {
      const list = [...args];
      sendOnly({ target, operation: 'applyFunction', property, args: list });
    },
    applyMethod(target: unknown, prop: unknown, args: Iterable<unknown>) {
      const name = toPropertyKey(prop);
      const list = [...args];
      return send({ target, operation: 'applyMethod', property: name, args: list });
    },
    applyMethodSendOnly(target: unknown, prop: unknown, args: Iterable<unknown>) {
      const name = toPropertyKey(prop);
      const list = [...args];
      sendOnly({ target, operation: 'applyMethod', property: name, args: list });
    },
    resolve(value: unknown) {
      return turns.promiseFor(value);
    },
  };
};

const makeConstructor = (turns: SendTurns, hardening: Hardening): object => {
  function HandledPromise(
    this: object,
    executor: Executor,
    pendingHandler: SendHandler | undefined = undefined,
  ): Promise<unknown> {
    if (new.target === undefined) {
      throw makeError(({ details: X }) => X`must be invoked with "new"`);
    }
    const newTarget: Function = new.target;
    const isOwn = newTarget === HandledPromise;
    // As in the shim, a falsy handler is none: sends wait for the resolution.
    const handler = pendingHandler ? pendingHandler : undefined;
    const record = RecordState.pending(hardening, handler, isOwn ? undefined : newTarget);
    if (handler !== undefined) assertHandler(handler);
    runExecutor(turns, record, executor, handler);
    return record.promise;
  }
  HandledPromise.prototype = NativePromise.prototype;
  setPrototypeOf(HandledPromise, NativePromise);
  defineProperties(HandledPromise, getOwnPropertyDescriptors(makeStatics(turns)));
  // One level only: lockdown hardens the rest, which is all intrinsic.
  freeze(HandledPromise);
  for (const key of ownKeys(HandledPromise)) {
    const value = propertyOf(HandledPromise, key);
    if (key !== 'prototype') freeze(value);
  }
  return HandledPromise;
};

/** `fatal` takes exceptions of `afterSends` jobs: bugs of ours, which must not pass silently. */
export const makeHandledPromises = (
  hardening: Hardening,
  fatal: (error: unknown) => void,
): HandledPromises => {
  const turns = new SendTurns(hardening, fatal);
  // Records are only ever made here, so the public interface is safe to narrow.
  const stateOf = (record: PromiseRecord): RecordState => record as RecordState;
  return freeze({
    HandledPromise: makeConstructor(turns, hardening),
    makePresence: (handler: SendHandler) => {
      const presence: object = create(null);
      return { presence, record: RecordState.presence(hardening, presence, handler) };
    },
    makePending: (handler?: SendHandler) => RecordState.pending(hardening, handler),
    setHandler: (record: PromiseRecord, handler: SendHandler) =>
      turns.setHandler(stateOf(record), handler),
    recordOf,
    resolveRecord: (record: PromiseRecord, value: unknown) => turns.resolve(stateOf(record), value),
    rejectRecord: (record: PromiseRecord, reason: unknown) => turns.reject(stateOf(record), reason),
    watchSends: (observer: () => boolean) => turns.watch(observer),
    siteOfSend,
    afterSends: (job: () => void) => turns.afterSends(job),
  });
};
