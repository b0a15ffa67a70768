/**
 * Eventual sends: who waits where, and in which microtask each is carried out.
 *
 * Theory of operation. A send never runs in the turn that makes it.
 *  - To a presence or a pending handled promise it joins the open *batch*: one microtask carries
 *  out
 *    the whole batch in order of sending.
 *  - To anything else it gets a microtask of its own, as with the shim, and closes the batch: the
 *    next send to a presence opens a new one behind it. So all sends of a turn keep their order.
 * A send to a pending promise is also kept in that promise's queue; its batch entry only says "one
 * send of this promise is due". If the promise is settled with a local value first, the queue moves
 * to reactions of the native promise at that moment, before any later send; if it is forwarded, the
 * queue follows; if it has no handler, the queue waits for a resolution or for `setHandler`.
 *
 * Invariant: `record.turns` counts the batch entries that stand for sends in `record.queue`.
 */
import type { Hardening } from '../contracts/hardening.js';
import type { SendHandler, SendOperation } from '../contracts/handled-promises.js';
import { RecordState, SendJob, isSafePromise, recordOf, shorten } from './promise-record.js';
import { SendBatches, type BatchJob } from './send-batch.js';
import { hereAndNow, isDoubtful, madeAt, sentHere } from './send-sites.js';
import { callHandler, dispatchLocally } from './send-dispatch.js';
import type { HandlerCall } from './send-dispatch.js';

const { apply } = Reflect;
const NativePromise = Promise;
const { then } = Promise.prototype;
const TypeErrorOf = TypeError;
const SETTLED = NativePromise.resolve();

export interface SendRequest {
  readonly target: unknown;
  readonly operation: SendOperation;
  readonly property: string | symbol | undefined;
  /** Fresh: it is frozen, and its members hardened. */
  readonly args: unknown[];
  readonly isSendOnly: boolean;
  /** What handlers see as the promise of the result, if not that. */
  readonly returned?: { readonly promise: Promise<unknown> | undefined };
}

const ignore = (): void => {};

export class SendTurns {
  readonly #hardening: Hardening;
  readonly #fatal: (error: unknown) => void;
  readonly #batches: SendBatches;
  #observer: (() => boolean) | undefined;

  /** `fatal` takes what a job of `afterSends` threw: a bug of ours. */
  constructor(hardening: Hardening, fatal: (error: unknown) => void) {
    this.#hardening = hardening;
    this.#fatal = fatal;
    this.#batches = new SendBatches((record, job) => this.#runEntry(record, job));
  }

  /** `observer` is called before every send. True: it will be asked where that was made. */
  watch(observer: () => boolean): void {
    this.#observer = observer;
  }

  send(request: SendRequest): RecordState {
    const isNoted = this.#observer?.() === true;
    const { operation, property, isSendOnly } = request;
    const { harden, isHardened, bornHardened } = this.#hardening;
    const { target, args } = request;
    if (!isHardened(target)) harden(target);
    let isHopeless = target === undefined || target === null;
    for (let i = 0; i < args.length; i += 1) {
      const arg = args[i];
      if (isHardened(arg)) continue;
      harden(arg);
      isHopeless ||= isDoubtful(arg);
    }
    bornHardened(args);
    const result = RecordState.pending(this.#hardening, undefined);
    const returned = request.returned === undefined ? result.promise : request.returned.promise;
    const site = isHopeless ? hereAndNow() : undefined;
    const job = new SendJob(operation, property, args, isSendOnly, result, returned, site);
    if (isNoted) sentHere(job);
    this.#enqueue(job, target);
    if (isSendOnly) void apply(then, result.promise, [undefined, ignore]);
    return result;
  }

  /** `HandledPromise.resolve`: a promise for `value` that no code of vats can interfere with. */
  promiseFor(value: unknown): Promise<unknown> {
    const record = recordOf(value);
    if (record !== undefined && record.presence === value) return record.promise;
    const promise = NativePromise.resolve(value);
    void this.#hardening.harden(promise);
    if (isSafePromise(promise)) return promise;
    const adopt = (): Promise<unknown> => {
      const copy = RecordState.pending(this.#hardening, undefined);
      void promise.then(
        result => this.resolve(copy, result),
        (reason: unknown) => this.reject(copy, reason),
      );
      return copy.promise;
    };
    return this.#hardening.harden(apply(then<unknown>, SETTLED, [adopt]));
  }

  resolve(record: RecordState, value: unknown): void {
    if (record.state !== 'pending') return;
    const other = recordOf(value);
    if (other === undefined) {
      this.#settle(record, value);
    } else if (other.presence === value) {
      this.#adoptPresence(record, other, value);
    } else {
      this.#follow(record, shorten(other));
    }
  }

  /** Errors: whatever hardening `reason` throws; the record is still pending then. */
  reject(record: RecordState, reason: unknown): void {
    if (record.state !== 'pending') return;
    this.#hardening.harden(reason);
    // A trap of `reason` may have settled it meanwhile; resolve and reject then do nothing.
    record.state = 'settled';
    record.nativeReject(reason);
    this.#moveQueueToReactions(record);
  }

  /** Fulfils a pending record with a presence that is new. */
  resolveWithPresence(record: RecordState, presence: object, handler: SendHandler): void {
    record.becomePresence(presence, handler);
    record.nativeResolve(presence);
    this.#schedule(record);
  }

  setHandler(record: RecordState, handler: SendHandler): void {
    if (record.state !== 'pending') return;
    record.handler = handler;
    this.#schedule(record);
  }

  afterSends(job: () => void): void {
    this.#batches.push(undefined, job);
  }

  #enqueue(job: SendJob, target: unknown): void {
    const known = recordOf(target);
    if (known === undefined) {
      this.#react(this.promiseFor(target), job);
      return;
    }
    const record = shorten(known);
    if (record.state === 'presence') {
      this.#batches.push(record, job);
    } else if (record.state === 'pending') {
      (record.queue ??= []).push(job);
      record.turns += 1;
      this.#batches.push(record, undefined);
    } else {
      this.#react(record.promise, job);
    }
  }

  #settle(record: RecordState, value: unknown): void {
    record.state = 'settled';
    record.handler = undefined;
    record.nativeResolve(value);
    this.#moveQueueToReactions(record);
  }

  #adoptPresence(record: RecordState, source: RecordState, value: unknown): void {
    record.state = 'presence';
    record.presence = source.presence;
    record.handler = source.handler;
    record.nativeResolve(value);
    this.#schedule(record);
  }

  #follow(record: RecordState, end: RecordState): void {
    // A cycle: the native promise rejects itself.
    if (end === record || end.state === 'settled') {
      this.#settle(record, end.promise);
      return;
    }
    if (end.state === 'presence') {
      this.#adoptPresence(record, end, end.promise);
      return;
    }
    record.state = 'forwarded';
    record.to = end;
    record.handler = undefined;
    record.nativeResolve(end.promise);
    const { queue } = record;
    if (queue === undefined) return;
    record.queue = undefined;
    end.queue = end.queue === undefined ? queue : [...end.queue, ...queue];
    end.turns += record.turns;
    record.turns = 0;
    if (end.handler !== undefined) this.#schedule(end);
  }

  #moveQueueToReactions(record: RecordState): void {
    const { queue } = record;
    if (queue === undefined) return;
    record.queue = undefined;
    for (const job of queue) this.#react(record.promise, job);
  }

  /** Gives every send in the record's queue an entry in the batch. */
  #schedule(record: RecordState): void {
    const { queue } = record;
    if (queue === undefined) return;
    while (record.turns < queue.length) {
      record.turns += 1;
      this.#batches.push(record, undefined);
    }
  }

  /** Carries `job` out in a microtask of its own, once `promise` is settled. */
  #react(promise: Promise<unknown>, job: SendJob): void {
    this.#batches.close();
    const onFulfilled = (value: unknown): void => {
      const record = recordOf(value);
      if (record !== undefined && record.presence === value) this.#toHandler(record, job);
      else this.#finish(job, () => dispatchLocally(job, value));
    };
    // One microtask more, as with the shim, where a rejection passes by the reaction to a value.
    const onRejected = (reason: unknown): void => {
      void apply(then, SETTLED, [() => this.#rejectSafely(job.result, reason)]);
    };
    void apply(then, promise, [onFulfilled, onRejected]);
  }

  #runEntry(record: RecordState | undefined, job: BatchJob): void {
    if (typeof job === 'function') this.#runHook(job);
    else if (record === undefined) throw new TypeErrorOf('a send without a record');
    else if (job === undefined) this.#runQueued(shorten(record));
    else this.#toHandler(record, job);
  }

  #runHook(hook: () => void): void {
    try {
      hook();
    } catch (error) {
      this.#fatal(error);
    }
  }

  #runQueued(record: RecordState): void {
    record.turns -= 1;
    if (record.state === 'pending' && record.handler === undefined) return;
    const job = record.queue?.shift();
    if (job !== undefined) this.#toHandler(record, job);
  }

  #toHandler(record: RecordState, job: SendJob): void {
    const { handler } = record;
    if (handler === undefined) throw new TypeErrorOf('a send has come where no handler is');
    if (handler.queueSend !== undefined) {
      try {
        handler.queueSend(job, record);
      } catch (error) {
        madeAt(error, job.site);
        this.#rejectSafely(job.result, error);
      }
      return;
    }
    const compose: HandlerCall['compose'] = (sent, to, returned) =>
      this.#compose(sent, to, returned);
    const isPresence = record.state === 'presence';
    const name = isPresence ? 'presenceHandler' : 'pendingHandler';
    const target = isPresence ? record.presence : record.promise;
    this.#finish(job, () => callHandler(job, { name, handler, target, compose }));
  }

  /** A method call as `get`, then `applyFunction`, for handlers without `applyMethod`. */
  #compose(job: SendJob, target: unknown, returned: Promise<unknown> | undefined): unknown {
    const method = this.send({
      target,
      operation: 'get',
      property: job.property,
      args: [],
      isSendOnly: false,
      returned: { promise: undefined },
    });
    const result = this.send({
      target: method.promise,
      operation: 'applyFunction',
      property: undefined,
      args: [...job.args],
      isSendOnly: false,
      returned: { promise: returned },
    });
    return result.promise;
  }

  #finish(job: SendJob, carryOut: () => unknown): void {
    try {
      this.resolve(job.result, this.#hardening.harden(carryOut()));
    } catch (error) {
      madeAt(error, job.site);
      this.#rejectSafely(job.result, error);
    }
  }

  /** What cannot be hardened cannot be a reason: the error of hardening it is one then. */
  #rejectSafely(record: RecordState, reason: unknown): void {
    try {
      this.reject(record, reason);
    } catch (error) {
      this.#rejectWithError(record, error);
    }
  }

  #rejectWithError(record: RecordState, error: unknown): void {
    try {
      this.reject(record, error);
    } catch {
      this.reject(record, new TypeErrorOf('reason of rejection cannot be hardened'));
    }
  }
}
