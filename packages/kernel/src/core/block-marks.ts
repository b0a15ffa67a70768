/** What the block in progress has taken since the last commit: inputs, firsts, host calls. */
import type { InputNumber } from '../state/input-numbers.js';
import type { KernelState } from '../state/kernel-state.js';

export class BlockMarks {
  readonly #state: KernelState;
  #committedInput: InputNumber;
  #committedHostCall: number;
  /** Inputs that had to be the block's first, and items that they put on the queue. */
  #firsts = { inputs: 0, items: 0 };

  constructor(state: KernelState) {
    this.#state = state;
    this.#committedInput = state.counters.lastInput;
    this.#committedHostCall = state.services.nextHostCall;
  }

  get hasInputs(): boolean {
    return this.#state.counters.lastInput !== this.#committedInput;
  }

  /** Every input of the block had to be one of its first. */
  get hasFirstsOnly(): boolean {
    return this.#state.counters.lastInput - this.#committedInput === this.#firsts.inputs;
  }

  /** Vats have called objects of the host. */
  get hasHostCalls(): boolean {
    return this.#state.services.nextHostCall > this.#committedHostCall;
  }

  /** An input that has to be one of the first queues items. Gives how many were queued before. */
  takeFirst(items: number): number {
    const { inputs, items: before } = this.#firsts;
    this.#firsts = { inputs: inputs + 1, items: before + items };
    return before;
  }

  committed(): void {
    this.#committedInput = this.#state.counters.lastInput;
    this.#committedHostCall = this.#state.services.nextHostCall;
    this.#firsts = { inputs: 0, items: 0 };
  }
}
