/**
 * Host inputs: they are numbered in order of call and appended to the block between runs
 * (rules.md#w6).
 *
 * An input is checked before it gets its number, so that what is refused leaves nothing behind.
 * Whether the host holds what it passes in is looked at again where the input is taken
 * (rules.md#s5). Its result settles when the block that settles it is durable; an input without an
 * answer, when the block that contains it is.
 */
import assert from 'node:assert/strict';
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
 * What is wrong with a call is said by the function that makes the input, before it has a number:
 * `apply` must not throw, for it is part of the block. Other inputs, and a run, may lie between the
 * call and `apply`. An input that they can overtake says so in one of three ways: it queues an item
 * whose result is rejected when its turn comes (`createInput`); it returns the error that the call
 * is rejected with, of which the state keeps the message (`unbind` of host/host-references.ts); or,
 * where nobody needs to know, it does nothing (`collectCyclesInput`).
 */
export interface Input<T> {
  /**
   * What the host passes in. Invariant: `apply` is called only if the host holds all of it then.
   * Otherwise the call throws UNKNOWN_REFERENCE, or, if it waits for its turn, is rejected with it.
   */
  readonly references: readonly KRef[];
  /**
   * Changes the state; returns the promise whose settlement answers it, if there is one. Or it
   * changes nothing, and returns what the call is rejected with.
   */
  apply(input: InputNumber): KRef | KernelError | undefined;
  /** Reads what that promise was fulfilled with; `undefined` if there is none. */
  decode(value: unknown): T;
  /** It is taken by a store that needs another engine, and makes it fit. */
  readonly adoptsEngine?: true;
}

export const NO_REFERENCES: readonly KRef[] = [];

/** An input without an answer: it resolves when it is durable. */
export const silentInput = (
  apply: () => void,
  references: readonly KRef[] = NO_REFERENCES,
): Input<void> => ({
  references,
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
): Input<unknown> => ({
  references,
  apply,
  decode: value => value,
});

export interface TakenInput<T> {
  readonly input: InputNumber;
  readonly result: Promise<T>;
}

/** What a call is refused with that passes in what the host does not hold. */
export const unknownReference = (kref: KRef): KernelError =>
  new KernelError('UNKNOWN_REFERENCE', `the host does not hold ${showKRef(kref)}`);

/** The kernel has stopped, or was closed: that is no data. */
const isOfKernel = (reason: unknown): boolean =>
  reason instanceof HostError || reason instanceof KernelError;

interface WaitingInput {
  readonly input: InputNumber;
  readonly apply: Input<unknown>['apply'];
  readonly references: readonly KRef[];
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

  /**
   * Numbers an input; it is taken at once, or when the present run ends.
   *
   * Errors: KernelError UNKNOWN_REFERENCE if it would be taken at once and names what the host does
   * not hold: there is no input then.
   */
  add<T>(given: Input<T>, running: boolean): TakenInput<T> {
    const { apply, decode, references, adoptsEngine } = given;
    this.#core.assertAlive();
    if (adoptsEngine !== true) this.#core.engine.assertFits();
    const unheld = running || this.waiting > 0 ? undefined : this.#unheldOf(references);
    if (unheld !== undefined) throw unknownReference(unheld);
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
    this.#waiting.push({ input, apply, references, fulfill, reject: result.reject });
    result.promise.catch(() => undefined); // the host may not care
    if (!running) this.takeAll();
    return { input, result: result.promise };
  }

  takeAll(): void {
    const { state, results } = this.#core;
    for (const { input, apply, references, fulfill, reject } of this.#waiting.splice(0)) {
      const taken = state.nextInput();
      assert.equal(taken, input, 'inputs are taken in order of call');
      const unheld = this.#unheldOf(references);
      const done = unheld === undefined ? apply(input) : unknownReference(unheld);
      const promise = done instanceof KernelError ? this.#refuse(input, done) : done;
      state.endCrank();
      const told = promise === undefined ? results.whenDurable() : results.wait(promise);
      if (!(done instanceof KernelError)) told.then(fulfill, reject);
      else told.catch((reason: unknown) => reject(isOfKernel(reason) ? reason : done));
    }
  }

  #unheldOf(references: readonly KRef[]): KRef | undefined {
    return references.find(kref => !isHeld(this.#core.state, kref));
  }

  /** The input changes nothing but this: it has a result, which is rejected. */
  #refuse(input: InputNumber, { message }: KernelError): KRef {
    const { state, results } = this.#core;
    const result = results.create(input, KERNEL_DECIDES);
    answer(state, result, rejection(Error(message)));
    return result;
  }

  /** The kernel has failed: inputs that were not taken are refused. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
