/**
 * What the zygote image gives the supervisor and liveslots: the locked-down world of one vat.
 *
 * Types only, so that it may be imported from anywhere. See docs/environment.md.
 */
import type { StoreReader } from '@heirloom/store';
import type { Hardening } from '../liveslots/context.js';
import type { VRef } from '../protocol/refs.js';

/** What the thread (or child process) hands to the image that it runs. */
export interface ImageHost {
  readonly reader: StoreReader;
  post(frame: Uint8Array, transfer: readonly ArrayBuffer[]): void;
  /** Forces V8's collector, of this thread alone. */
  collectGarbage(): void;
  /** Does so before every crank: what V8 has collected must change no outcome (rules.md#o1). */
  readonly collectsEveryCrank?: boolean;
  /** The vat is suspected: every crank is posted before the next one begins (rules.md#h3). */
  readonly isCareful?: boolean;
}

/** What the image hands back. */
export interface ImageInstance {
  onMessage(frame: Uint8Array): void;
  /** Logs it as a console line of the vat; false if there is no vat yet. */
  onUnhandledRejection(reason: unknown): boolean;
}

/** What `new Supervisor(options)` takes. */
export interface SupervisorOptions {
  readonly host: ImageHost;
  readonly environment: VatEnvironment;
}

export type LogLevel = 'debug' | 'log' | 'info' | 'warn' | 'error' | 'trace';
/** Takes a line of vat code's console. Must not throw, must not call vat code. */
export type LogSink = (level: LogLevel, text: string) => void;

export interface VatCompartment {
  /**
   * Evaluates a script (a program, not a module) as `installBundle` wove it, and returns its
   * completion value.
   */
  evaluate(source: string): unknown;
}

/** Told in the middle of vat code. */
export interface CallDepthObserver {
  /** Calls of vat code nest too deep. Throws what vat code is to see. */
  exceeded(): never;
  /** Vat code may have seen an error that says that this host has no stack or memory left. */
  hostFailed(error: unknown): void;
}

/** How deep calls of vat code nest: see call-depth.ts. */
export interface CallDepth {
  watch(observer: CallDepthObserver): void;
  /** A crank begins: no call of vat code is in progress. */
  begin(): void;
}

export interface VatEnvironment {
  readonly hardening: Hardening;
  readonly callDepth: CallDepth;
  readonly handledPromises: HandledPromises;
  /**
   * A compartment with the globals of a vat and, in addition, `globals`: VatData, WeakMap, WeakSet
   * and, under `Symbol.for('@endo passStyleOf')`, passStyleOf. Of these, all but VatData are set in
   * every child compartment that vat code makes, too (rules.md#o1). An entry that is undefined is
   * left out. Console output goes to `log`.
   */
  makeCompartment(globals: Readonly<Record<PropertyKey, unknown>>, log: LogSink): VatCompartment;
}

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
  /** Has `observer` called before every send of vat code; what it throws, the send throws. */
  watchSends(observer: () => void): void;
  /** Runs `job` in the microtask of this turn's sends, after those already queued. */
  afterSends(job: () => void): void;
}
