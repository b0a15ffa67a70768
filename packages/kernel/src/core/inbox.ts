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
import type { KRef } from '../state/krefs.js';
import type { KernelCore } from './kernel-core.js';

/** Changes the state; returns the promise whose settlement answers the input, if there is one. */
export type ApplyInput = (input: number) => KRef | undefined;

export interface TakenInput {
  readonly input: number;
  readonly result: Promise<unknown>;
}

interface WaitingInput {
  readonly input: number;
  readonly apply: ApplyInput;
  readonly result: Deferred<unknown>;
}

export class Inputs {
  readonly #core: KernelCore;
  readonly #waiting: WaitingInput[] = [];
  #next: number;

  constructor(core: KernelCore) {
    this.#core = core;
    this.#next = core.state.counters.lastInput + 1;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Numbers an input; it is taken at once, or when the present run ends. */
  add(apply: ApplyInput, running: boolean): TakenInput {
    this.#core.assertAlive();
    const input = this.#next;
    this.#next += 1;
    const result = new Deferred<unknown>();
    this.#waiting.push({ input, apply, result });
    result.promise.catch(() => undefined); // the host may not care
    if (!running) this.takeAll();
    return { input, result: result.promise };
  }

  takeAll(): void {
    const { state, results } = this.#core;
    for (const { input, apply, result } of this.#waiting.splice(0)) {
      const taken = state.next('lastInput') + 1;
      assert.equal(taken, input, 'inputs are taken in order of call');
      const promise = apply(input);
      state.endCrank();
      const answer = promise === undefined ? results.whenDurable() : results.wait(promise);
      answer.then(result.resolve, result.reject);
    }
  }

  /** The kernel has failed: inputs that were not taken are refused. */
  fail(error: Error): void {
    for (const { result } of this.#waiting.splice(0)) result.reject(error);
  }
}
