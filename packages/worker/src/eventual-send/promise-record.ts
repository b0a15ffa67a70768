/**
 * What is known of one handled promise, or of one presence and its promise.
 *
 * The record is stamped on the promise (and on the presence) as a private field: one load to find
 * it, nothing to collect, and no way for vat code to see or forge it. A proxy never shows the
 * record of its target.
 *
 * States: `pending`, then one of
 *   `forwarded`  follows another pending record; `to` leads there (see `shorten`)
 *   `presence`   fulfilled with a presence; `handler` is the presence's
 *   `settled`    anything else: only the native promise knows what, and whether yet
 * Sends to a pending promise wait in `queue`, in order, until the queue's turn (send-turns.ts) or
 * the resolution takes them out.
 */
import type { Hardening } from '../contracts/hardening.js';
import type { VRef } from '../protocol/refs.js';
import { isObject } from '../values.js';
import type {
  PromiseRecord,
  PromiseState,
  Send,
  SendHandler,
  SendOperation,
} from '../contracts/handled-promises.js';

const { getOwnPropertyDescriptor, getPrototypeOf, isFrozen } = Object;
const NativePromise = Promise;
const promisePrototype = Promise.prototype;

class Returned {
  constructor(value: object) {
    return value;
  }
}

class Stamp extends Returned {
  readonly #record: RecordState;

  constructor(value: object, record: RecordState) {
    super(value);
    this.#record = record;
  }

  static recordOf(value: object): RecordState | undefined {
    return #record in value ? value.#record : undefined;
  }
}

/** The record of a handled promise or presence. */
export const recordOf = (value: unknown): RecordState | undefined =>
  isObject(value) ? Stamp.recordOf(value) : undefined;

export class RecordState implements PromiseRecord {
  state: PromiseState = 'pending';
  handler: SendHandler | undefined;
  presence: object | undefined;
  to: RecordState | undefined;
  vref: VRef | undefined;
  /** Sends that wait for this promise; `undefined` when there never was one. */
  queue: SendJob[] | undefined;
  /** How many entries of the send turns still stand for a send in `queue`. */
  turns = 0;
  nativeResolve: (value: unknown) => void = ignore;
  nativeReject: (reason: unknown) => void = ignore;
  #promise: Promise<unknown> | undefined;
  readonly #hardening: Hardening;

  private constructor(hardening: Hardening, handler: SendHandler | undefined) {
    this.#hardening = hardening;
    this.handler = handler;
  }

  /** A pending promise; `newTarget` is the class whose instance it is to be. */
  static pending(
    hardening: Hardening,
    handler: SendHandler | undefined,
    newTarget?: Function,
  ): RecordState {
    const record = new RecordState(hardening, handler);
    const executor = (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
      record.nativeResolve = resolve;
      record.nativeReject = reject;
    };
    if (newTarget === undefined) {
      record.#promise = hardening.bornHardened(new NativePromise(executor));
    } else {
      const promise: Promise<unknown> = Reflect.construct(NativePromise, [executor], newTarget);
      record.#promise = hardening.harden(promise);
    }
    new Stamp(record.#promise, record);
    return record;
  }

  /** A presence; its promise is made when somebody asks for it. */
  static presence(hardening: Hardening, presence: object, handler: SendHandler): RecordState {
    const record = new RecordState(hardening, handler);
    record.state = 'presence';
    record.presence = presence;
    new Stamp(presence, record);
    return record;
  }

  get promise(): Promise<unknown> {
    if (this.#promise === undefined) {
      const made: Promise<unknown> = NativePromise.resolve(this.presence);
      this.#promise = this.#hardening.bornHardened(made);
      new Stamp(made, this);
    }
    return this.#promise;
  }

  /** Makes a pending record that of a presence that is new. */
  becomePresence(presence: object, handler: SendHandler): void {
    this.state = 'presence';
    this.presence = presence;
    this.handler = handler;
    new Stamp(presence, this);
  }
}

function ignore(): void {}

/** The record at the end of a chain of forwarded ones; the chain is shortened on the way. */
export const shorten = (record: RecordState): RecordState => {
  let end = record;
  while (end.to !== undefined) end = end.to;
  let link = record;
  while (link.to !== undefined && link !== end) {
    const { to } = link;
    link.to = end;
    link = to;
  }
  return end;
};

/** What may be used without running code of whoever made it. */
export const isSafePromise = (promise: Promise<unknown>): boolean =>
  isFrozen(promise) &&
  getPrototypeOf(promise) === promisePrototype &&
  NativePromise.resolve(promise) === promise &&
  getOwnPropertyDescriptor(promise, 'then') === undefined &&
  getOwnPropertyDescriptor(promise, 'constructor') === undefined;

/** One eventual send. */
export class SendJob implements Send {
  constructor(
    readonly operation: SendOperation,
    readonly property: string | symbol | undefined,
    readonly args: readonly unknown[],
    readonly isSendOnly: boolean,
    readonly result: RecordState,
    /** Handed to the handler's method as the promise of the result. */
    readonly returned: Promise<unknown> | undefined,
    /** See send-sites.ts. */
    readonly site: Error | undefined,
  ) {}
}
