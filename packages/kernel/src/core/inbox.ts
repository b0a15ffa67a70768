/**
 * Host inputs: they are numbered in order of call and appended to the block between runs
 * (rules.md#w6).
 *
 * An input is checked before it gets its number, so that what is refused leaves nothing behind. Its
 * result settles when the block that settles it is durable; an input without an answer, when the
 * block that contains it is.
 */
import assert from 'node:assert/strict';
import { Deferred } from '../base/deferred.js';
import { inputAfter, type InputNumber } from '../state/input-numbers.js';
import type { KRef } from '../state/krefs.js';
import type { KernelCore } from './kernel-core.js';

/**
 * What a call of the host does when it is taken, and what its answer means.
 *
 * What is wrong with a call is said by the function that makes the input, before it has a number:
 * `apply` must not throw, for it is part of the block. Other inputs, and a run, may lie between the
 * call and `apply`. An input that they can overtake says so in one of three ways: it queues an item
 * whose result is rejected when its turn comes (`createInput`); it makes a result and answers it
 * here, with `rejection(...)` (`results.create`, then `answer`); or, where nobody needs to know, it
 * does nothing (`collectCyclesInput`).
 */
export interface Input<T> {
  /** Changes the state; returns the promise whose settlement answers it, if there is one. */
  apply(input: InputNumber): KRef | undefined;
  /** Reads what that promise was fulfilled with; `undefined` if there is none. */
  decode(value: unknown): T;
  /** It is taken by a store that needs another engine, and makes it fit. */
  readonly adoptsEngine?: true;
}

/** An input without an answer: it resolves when it is durable. */
export const silentInput = (apply: () => void): Input<void> => ({
  apply: () => {
    apply();
    return undefined;
  },
  decode: () => undefined,
});

/** An input that vats answer, with whatever they like. */
export const vatsInput = (apply: Input<unknown>['apply']): Input<unknown> => ({
  apply,
  decode: value => value,
});

export interface TakenInput<T> {
  readonly input: InputNumber;
  readonly result: Promise<T>;
}

interface WaitingInput {
  readonly input: InputNumber;
  readonly apply: Input<unknown>['apply'];
  fulfill(value: unknown): void;
  reject(reason: unknown): void;
}

export class Inputs {
  readonly #core: KernelCore;
  readonly #waiting: WaitingInput[] = [];
  #next: InputNumber;

  constructor(core: KernelCore) {
    this.#core = core;
    this.#next = inputAfter(core.state.counters.lastInput);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Numbers an input; it is taken at once, or when the present run ends. */
  add<T>({ apply, decode, adoptsEngine }: Input<T>, running: boolean): TakenInput<T> {
    this.#core.assertAlive();
    if (adoptsEngine !== true) this.#core.engine.assertFits();
    const input = this.#next;
    this.#next = inputAfter(input);
    const result = new Deferred<T>();
    const fulfill = (value: unknown): void => {
      try {
        result.resolve(decode(value));
      } catch (error) {
        result.reject(error);
      }
    };
    this.#waiting.push({ input, apply, fulfill, reject: result.reject });
    result.promise.catch(() => undefined); // the host may not care
    if (!running) this.takeAll();
    return { input, result: result.promise };
  }

  takeAll(): void {
    const { state, results } = this.#core;
    for (const { input, apply, fulfill, reject } of this.#waiting.splice(0)) {
      const taken = state.nextInput();
      assert.equal(taken, input, 'inputs are taken in order of call');
      const promise = apply(input);
      state.endCrank();
      const answer = promise === undefined ? results.whenDurable() : results.wait(promise);
      answer.then(fulfill, reject);
    }
  }

  /** The kernel has failed: inputs that were not taken are refused. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
