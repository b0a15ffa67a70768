/**
 * Eventual sends as liveslots uses them; eventual-send/handled-promise.ts makes them.
 *
 * A *presence* stands for an object of another vat, a *handled promise* has a handler that takes
 * what is sent to it. See docs/environment.md.
 */
import type { VRef } from '../protocol/refs.js';

export type SendOperation = 'get' | 'applyFunction' | 'applyMethod';

/** One eventual send on its way to a handler. Arguments are hardened. */
export interface Send {
  readonly operation: SendOperation;
  /** `undefined` for `applyFunction` only. */
  readonly property: string | symbol | undefined;
  /** Empty for `get`. */
  readonly args: readonly unknown[];
  readonly isSendOnly: boolean;
  /** The pending result. A handler with `queueSend` settles it, or gives it a handler. */
  readonly result: PromiseRecord;
}

/**
 * How sends to a presence or a pending promise are carried out. Either the standard methods of
 * `@endo/eventual-send` handlers, called with (target, property?, args?, returnedPromise), or the
 * fast path `queueSend`, which takes precedence. Neither is ever called in the turn of the send;
 * the sends of one turn to presences and handled promises arrive in order, in one microtask.
 */
export interface SendHandler {
  get?(target: unknown, property: PropertyKey, result?: Promise<unknown>): unknown;
  getSendOnly?(target: unknown, property: PropertyKey): void;
  applyFunction?(target: unknown, args: unknown[], result?: Promise<unknown>): unknown;
  applyFunctionSendOnly?(target: unknown, args: unknown[]): void;
  applyMethod?(
    target: unknown,
    property: PropertyKey | undefined,
    args: unknown[],
    result?: Promise<unknown>,
  ): unknown;
  applyMethodSendOnly?(target: unknown, property: PropertyKey | undefined, args: unknown[]): void;
  /** `target` is the record of the presence or promise. Throwing rejects the result. */
  queueSend?(send: Send, target: PromiseRecord): void;
}

/** pending → forwarded (to another pending promise) → presence | settled. */
export type PromiseState = 'pending' | 'forwarded' | 'presence' | 'settled';

/** What is known of a handled promise, or of a presence and its promise. */
export interface PromiseRecord {
  readonly promise: Promise<unknown>;
  readonly state: PromiseState;
  readonly handler: SendHandler | undefined;
  /** In state `presence`: the presence that the promise is fulfilled with. */
  readonly presence: object | undefined;
  /** For liveslots, which keeps it; nobody else looks at it. */
  vref: VRef | undefined;
}

export interface HandledPromises {
  /** The constructor that vat code sees as `globalThis.HandledPromise`. */
  readonly HandledPromise: unknown;
  /**
   * A bare presence (`Object.create(null)`, not yet frozen: decorate, then harden) and its
   * record.
   */
  makePresence(handler: SendHandler): { readonly presence: object; readonly record: PromiseRecord };
  /** A pending promise. Without a handler, sends wait for its resolution. */
  makePending(handler?: SendHandler): PromiseRecord;
  /** Gives a pending record a handler; sends that wait are dispatched to it, in order. */
  setHandler(record: PromiseRecord, handler: SendHandler): void;
  /** The record of a handled promise or of a presence; undefined for anything else. */
  recordOf(value: unknown): PromiseRecord | undefined;
  /** Settles like a promise's own resolve function: a promise is followed. No-op if not pending. */
  resolveRecord(record: PromiseRecord, value: unknown): void;
  /** No-op if not pending. Hardens `reason`. */
  rejectRecord(record: PromiseRecord, reason: unknown): void;
  /**
   * Has `observer` called before every send of vat code; what it throws, the send throws. True:
   * where it is made is kept with it.
   */
  watchSends(observer: () => boolean): void;
  /** An error with the frames of the call that has made the send, if that was kept. */
  siteOfSend(send: Send): Error | undefined;
  /** Runs `job` in the microtask of this turn's sends, after those already queued. */
  afterSends(job: () => void): void;
}
