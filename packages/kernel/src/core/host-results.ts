/**
 * Results that the host waits for: told after the block that settled them is durable.
 *
 * Invariants (rules.md#s2): every host input has a number; the row of its result stays until the
 * block after the one that settled it, so that a host that crashed before it was told can still
 * ask.
 */
import type { Steps } from '@heirloom/store';
import { Deferred } from '../base/deferred.js';
import { asShortOrInTurns } from '../base/giving-way.js';
import { KernelError } from '../base/kernel-errors.js';
import type { Clock } from '../base/kernel-host-powers.js';
import { getPromise, release } from '../objects/counts.js';
import { makePromise } from '../objects/router.js';
import { isInputNumber, type InputNumber } from '../state/input-numbers.js';
import { ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { HOST_SUBSCRIBES, type Decider } from '../state/parties.js';
import { PromiseState, settledBody, type PromiseRow } from '../state/schema.js';
import type { HostData } from './host-data.js';

/** Where an error was thrown that is data now. */
type TraceOf = (body: Uint8Array, promise: KRef) => string | undefined;

interface HostResultsOptions {
  readonly state: KernelState;
  readonly data: HostData;
  readonly traceOf: TraceOf;
  readonly clock: Pick<Clock, 'nowMs' | 'nextTurn'>;
}

/** How a promise has settled, as the host sees it. */
interface Told {
  readonly rejected: boolean;
  readonly value: unknown;
}

export class HostResults {
  readonly #state: KernelState;
  readonly #data: HostData;
  readonly #traceOf: TraceOf;
  readonly #clock: HostResultsOptions['clock'];
  readonly #waiters = new Map<KRef, Deferred<unknown>[]>();
  #untilDurable: Deferred<undefined>[] = [];
  /** Inputs settled in earlier blocks, whose rows go with the next commit. */
  #told: InputNumber[] = [];

  constructor({ state, data, traceOf, clock }: HostResultsOptions) {
    this.#state = state;
    this.#data = data;
    this.#traceOf = traceOf;
    this.#clock = clock;
    for (const input of state.hostResults.scan(ranges.hostResults)) {
      const [, height] = state.hostResults.need(input);
      if (height > 0) this.#told.push(input);
    }
  }

  /**
   * The promise for the result of a host input; its count includes the host's reference and that
   * of the item. `decider` is NOBODY_DECIDES for a message's result.
   */
  create(input: InputNumber, decider: Decider): KRef {
    const state = this.#state;
    const subscribers = [HOST_SUBSCRIBES];
    const promise = makePromise(state, { decider, subscribers, references: 2 });
    state.hostSettlements.expect(input, promise);
    return promise;
  }

  wait(promise: KRef): Promise<unknown> {
    const waiter = new Deferred<unknown>();
    const waiters = this.#waiters.get(promise);
    if (waiters === undefined) this.#waiters.set(promise, [waiter]);
    else waiters.push(waiter);
    return waiter.promise;
  }

  /** Resolves to nothing when the present block is durable. */
  whenDurable(): Promise<undefined> {
    const waiter = new Deferred<undefined>();
    this.#untilDurable.push(waiter);
    return waiter.promise;
  }

  /**
   * The result of an input: at once if the last block settled it. What this block has settled may
   * be undone yet, and is told once it is durable.
   */
  ofInput(input: number): Promise<unknown> {
    const row = isInputNumber(input) ? this.#state.hostResults.get(input) : undefined;
    if (row === undefined) {
      const why = `input ${input} has no result to tell: none was taken, or it was told`;
      return Promise.reject(new KernelError('NO_RESULT', why));
    }
    const [promise, height] = row;
    const waiting = this.wait(promise);
    if (height > 0 && height <= this.#state.height) {
      void asShortOrInTurns(
        this.#telling(promise, getPromise(this.#state, promise)), this.#clock);
    }
    return waiting;
  }

  /** A block to come tells what comes of this input. */
  awaits(input: number): boolean {
    const row = isInputNumber(input) ? this.#state.hostResults.get(input) : undefined;
    return row !== undefined && (row[1] === 0 || row[1] > this.#state.height);
  }

  /** Somebody waits for the end of the block, whatever is in it. */
  get someWaitForBlock(): boolean {
    return this.#untilDurable.length > 0;
  }

  /** Before a commit: rows of results told in earlier blocks go. */
  forgetTold(): void {
    for (const input of this.#told) {
      release(this.#state, this.#state.hostSettlements.forget(input));
    }
    this.#told = [];
  }

  /**
   * At the end of a commit: the host is told what the block settled, in that order. A promise where
   * that takes long: the row of a result goes with the next commit, so that waits until it is told.
   */
  tell(): undefined | Promise<void> {
    return asShortOrInTurns(this.#tellingAll(), this.#clock) ?? undefined;
  }

  *#tellingAll(): Steps<void> {
    this.#state.hostTellings.toldResults();
    for (const { promise, row, input } of this.#state.hostSettlements.take()) {
      if (input !== undefined) this.#told.push(input);
      yield* this.#telling(promise, row);
    }
    const waiters = this.#untilDurable;
    this.#untilDurable = [];
    for (const waiter of waiters) waiter.resolve(undefined);
  }

  /** The kernel has failed: nobody will be told anything else. */
  fail(error: Error): void {
    for (const waiters of this.#waiters.values()) {
      for (const waiter of waiters) waiter.reject(error);
    }
    this.#waiters.clear();
    for (const waiter of this.#untilDurable) waiter.reject(error);
    this.#untilDurable = [];
  }

  *#telling(promise: KRef, row: PromiseRow): Steps<void> {
    const waiters = this.#waiters.get(promise);
    if (waiters === undefined) return;
    this.#waiters.delete(promise);
    const { rejected, value } = yield* this.#reading(promise, row);
    for (const waiter of waiters) {
      if (rejected) waiter.reject(value);
      else waiter.resolve(value);
    }
    yield;
  }

  /** The kernel never reads bodies: what a vat's worker made up may be no data at all. */
  *#reading(promise: KRef, row: PromiseRow): Steps<Told> {
    try {
      const body = settledBody(row);
      const rejected = row.state === PromiseState.rejected;
      const data = { body, slots: row.slots };
      if (!rejected) return { rejected, value: yield* this.#data.decoding(data) };
      const trace = this.#traceOf(body, promise);
      return { rejected, value: yield* this.#data.decodingRejection(data, trace) };
    } catch (error) {
      const message = 'the vat settled the result with bytes that are no data';
      return { rejected: true, value: new KernelError('BAD_DATA', message, { cause: error }) };
    }
  }
}
