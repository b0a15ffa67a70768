/**
 * Host inputs: they are numbered in order of call and appended to the block between runs
 * (rules.md#w6).
 *
 * Between runs an input is checked before it gets its number, so that what is refused leaves
 * nothing behind. While a run is in progress, how far it has got is the machine's speed: an input
 * gets its number at once, is checked where it is taken, and what is refused there is answered by a
 * rejection. Whether the host holds what it passes in is part of the check (rules.md#s5). A result
 * settles when the block that settles it is durable; an input without an answer, when the block
 * that contains it is. What inputs carry is in memory until they are durable: a kernel that owns
 * its blocks refuses what is too much of it.
 */
import assert from 'node:assert/strict';
import { atOnce, required } from '@heirloom/store';
import { Deferred } from '../base/deferred.js';
import { HostError, KernelError } from '../base/kernel-errors.js';
import { isHeld } from '../objects/held-references.js';
import { rejection } from '../objects/kernel-data.js';
import { answer } from '../objects/replies.js';
import { inputAfter, type InputNumber } from '../state/input-numbers.js';
import { showKRef, type KRef } from '../state/krefs.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import type { KernelCore } from './kernel-core.js';

/**
 * What a call of the host does when it is taken, and what its answer means.
 *
 * What is wrong with a call whatever the state is, is said by the function that makes the input;
 * what the state forbids, by `check`, right before `apply`, which must not throw, for it is part of
 * the block. What is overtaken later, by an item of the run queue that comes first, is said by the
 * item when its turn comes (`createInput`), or by nobody (`collectCyclesInput`).
 */
export interface Input<T> {
  /**
   * What the host passes in. Invariant: `apply` is called only if the host holds all of it then;
   * otherwise the call is refused with UNKNOWN_REFERENCE, as by `check`.
   */
  readonly references: readonly KRef[];
  /** Errors: KernelError says why the state, as it is now, forbids the call. Changes nothing. */
  readonly check?: (() => void) | undefined;
  /** Begins what takes time and changes no outcome: once, as soon as `check` allows the call. */
  readonly prepare?: (() => void) | undefined;
  /** Changes the state; returns the promise whose settlement answers it, if there is one. */
  apply(input: InputNumber): KRef | undefined;
  /** Reads what that promise was fulfilled with; `undefined` if there is none. */
  decode(value: unknown): T;
  /** Of the data that the host gives with it; absent: it is not counted. */
  readonly bytes?: number;
  /** It is taken by a store that needs another engine, and makes it fit. */
  readonly adoptsEngine?: true;
}

export const NO_REFERENCES: readonly KRef[] = [];

/** Data of inputs that are not durable yet, where the kernel owns its blocks. */
export const INPUT_BYTES_MAX = 2 ** 26;

type SilentInput = Pick<Input<void>, 'references' | 'check' | 'bytes'>;

/** An input without an answer: it resolves when it is durable. */
export const silentInput = (
  apply: () => void,
  { references = NO_REFERENCES, check, bytes = 0 }: Partial<SilentInput> = {},
): Input<void> => ({
  references,
  check,
  bytes,
  apply: () => {
    apply();
    return undefined;
  },
  decode: () => undefined,
});

/** An input that vats answer, with whatever they like. */
export const vatsInput = (
  apply: Input<unknown>['apply'],
  references: readonly KRef[],
  bytes = 0,
): Input<unknown> => ({
  references,
  apply,
  decode: value => value,
  bytes,
});

/** Errors: KernelError, of `check`, of either. */
export const checkedInput = <T>(input: Input<T>, check: () => void): Input<T> => ({
  ...input,
  check: () => {
    check();
    input.check?.();
  },
});

export interface TakenInput<T> {
  readonly input: InputNumber;
  readonly result: Promise<T>;
}

interface WaitingInput {
  readonly input: InputNumber;
  readonly given: Input<unknown>;
  /** It has been begun. */
  isPrepared: boolean;
  /** Of `resultOf`, called while it waits. */
  readonly askers: Deferred<unknown>[];
  fulfill(value: unknown): void;
  reject(reason: unknown): void;
}

const bytesOf = ({ bytes = 0 }: Input<unknown>): number => bytes;

/** What a call is refused with that passes in what the host does not hold. */
export const unknownReference = (kref: KRef): KernelError =>
  new KernelError('UNKNOWN_REFERENCE', `the host does not hold ${showKRef(kref)}`);

const prepare = (waiting: WaitingInput): void => {
  if (!waiting.isPrepared) waiting.given.prepare?.();
  waiting.isPrepared = true;
};

/** As the host is told it now; `resultOf` in a later process tells what the state has of it. */
const tellingRefusal =
  (refusal: KernelError, reject: (reason: unknown) => void) =>
  (reason: unknown): void => {
    const isEnd = reason instanceof HostError || reason instanceof KernelError;
    reject(isEnd ? reason : refusal);
  };

export class Inputs {
  readonly #core: KernelCore;
  /** By number, in order of call. */
  readonly #waiting = new Map<number, WaitingInput>();
  readonly #bytesMax: number;
  /** Data of inputs that wait. */
  #waitingBytes = 0;
  /** Data of inputs that were taken since the last commit. */
  #takenBytes = 0;
  #next: InputNumber;

  constructor(core: KernelCore, { bytesMax }: { readonly bytesMax: number }) {
    this.#core = core;
    this.#bytesMax = bytesMax;
    this.#next = inputAfter(core.state.counters.lastInput);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Numbers an input; it is taken at once, or when the present run has ended.
   *
   * Errors: KernelError that the state forbids it, if it would be taken at once: it has got no
   * number; ENGINE_NOT_ADOPTED; INPUTS_FULL.
   */
  add<T>(given: Input<T>, running: boolean): TakenInput<T> {
    this.#core.assertAlive();
    if (given.adoptsEngine !== true) this.#core.engine.assertFits();
    this.#assertRoom(given);
    if (!running) {
      this.takeAll();
      const refusal = this.#refusalOf(given);
      if (refusal !== undefined) throw refusal;
    }
    const isAllowed = running && this.#refusalOf(given) === undefined;
    const input = this.#next;
    this.#next = inputAfter(input);
    const result = new Deferred<T>();
    // Who waits for the answer must not keep the input, which has the data of its message.
    const { decode } = given;
    const fulfill = (value: unknown): void => {
      try {
        result.resolve(decode(value));
      } catch (error) {
        result.reject(error);
      }
    };
    const { reject } = result;
    const waiting = { input, given, isPrepared: false, askers: [], fulfill, reject };
    result.promise.catch(() => undefined); // the host may not care
    if (isAllowed) prepare(waiting);
    this.#waiting.set(input, waiting);
    this.#waitingBytes += bytesOf(given);
    if (!running) this.takeAll();
    return { input, result: result.promise };
  }

  /** What comes of an input, by its number. Errors: KernelError NO_RESULT. */
  async resultOf(input: number): Promise<unknown> {
    const waiting = this.#waiting.get(input);
    if (waiting === undefined) return this.#core.results.ofInput(input);
    const asker = new Deferred<unknown>();
    waiting.askers.push(asker);
    return asker.promise;
  }

  /** At a stretch: a call of the host's is over when its input is taken. */
  takeAll(): void {
    try {
      while (this.#waiting.size > 0) this.#takeNext();
    } catch (error) {
      throw this.#stop(error);
    }
  }

  /** The one that was called last, taken or not; the next one that is called has one more. */
  get lastCalled(): number {
    return this.#next - 1;
  }

  /**
   * Those up to `last`, as the beginning of a run: others have turns while what an input has set in
   * motion is done. What the host has called after the run was called amid it, and waits.
   */
  async takeInTurns(last: number): Promise<void> {
    try {
      while (this.#core.state.counters.lastInput < last) {
        await this.#core.doDeferred();
        this.#takeNext();
      }
    } catch (error) {
      throw this.#stop(error);
    }
  }

  #stop(error: unknown): Error {
    const failure = this.#core.stop(error);
    this.fail(failure);
    return failure;
  }

  /** What was taken is durable. */
  committed(): void {
    this.#takenBytes = 0;
  }

  /** One input alone always has room, however large it is. */
  #assertRoom(given: Input<unknown>): void {
    const before = this.#waitingBytes + this.#takenBytes;
    const bytes = bytesOf(given);
    if (bytes === 0 || before === 0 || before + bytes <= this.#bytesMax) return;
    const why = `inputs that are not durable yet have ${before} bytes of data: wait for a result`;
    throw new KernelError('INPUTS_FULL', why);
  }

  /** The kernel has failed: inputs that were not taken are refused. */
  fail(error: Error): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    rejectAll(waiting, error);
  }

  /** Why the state forbids it, if it does. */
  #refusalOf({ references, check }: Input<unknown>): KernelError | undefined {
    const unheld = references.find(kref => !isHeld(this.#core.state, kref));
    if (unheld !== undefined) return unknownReference(unheld);
    try {
      check?.();
      return undefined;
    } catch (error) {
      if (error instanceof KernelError) return error;
      throw error;
    }
  }

  /** It waits until it is taken: it may be asked for meanwhile. */
  #takeNext(): void {
    const { state } = this.#core;
    // What inputs before it have set in motion comes before what it queues.
    atOnce(state.doingDeferred());
    const input = inputAfter(state.counters.lastInput);
    this.#take(required(this.#waiting.get(input), 'inputs are taken in order of call'));
    this.#waiting.delete(input);
  }

  #take(waiting: WaitingInput): void {
    const { state, results } = this.#core;
    const { input, given, askers, fulfill, reject } = waiting;
    const bytes = bytesOf(given);
    this.#waitingBytes -= bytes;
    this.#takenBytes += bytes;
    assert.equal(state.nextInput(), input, 'an input has the number that the state gives it');
    const refusal = this.#refusalOf(given);
    if (refusal === undefined) {
      prepare(waiting);
      const promise = given.apply(input);
      state.endCrank();
      const answered = promise === undefined ? results.whenDurable() : results.wait(promise);
      answered.then(fulfill, reject);
    } else {
      const answered = results.wait(this.#refuse(input, refusal));
      state.endCrank();
      answered.then(fulfill, tellingRefusal(refusal, reject));
    }
    for (const { resolve } of askers) resolve(results.ofInput(input));
  }

  /** The state has the refusal as what comes of the input. */
  #refuse(input: InputNumber, { code, message }: KernelError): KRef {
    const { state, results } = this.#core;
    const result = results.create(input, KERNEL_DECIDES);
    answer(state, result, rejection(Error(`${code}: ${message}`)));
    return result;
  }
}

const rejectAll = (inputs: readonly WaitingInput[], error: Error): void => {
  for (const { askers, reject } of inputs) {
    reject(error);
    for (const asker of askers) asker.reject(error);
  }
};
