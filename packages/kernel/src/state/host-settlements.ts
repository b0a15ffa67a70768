/**
 * Promises that the host waits for: those that answer its inputs, and those that have settled in
 * this block, of which it is told when the block is durable.
 *
 * Invariants: a settlement that is undone with its crank is not told; the row of an input's result
 * says in which block it settled.
 */
import { FIRST_HEIGHT, type Height } from '@heirloom/store';
import type { InputNumber } from './input-numbers.js';
import type { Journal } from './journal.js';
import { ranges } from './kernel-keys.js';
import type { KernelTable } from './kernel-table.js';
import type { KRef } from './krefs.js';
import type { HostResultRow, PromiseRow } from './schema.js';

/** It may be read until the block after. */
interface HostSettlement {
  readonly promise: KRef;
  readonly row: PromiseRow;
  /** The input that it answers, if it answers one. */
  readonly input: InputNumber | undefined;
}

export class HostSettlements {
  readonly #results: KernelTable<InputNumber, HostResultRow>;
  readonly #journal: Journal;
  readonly #inputs = new Map<KRef, InputNumber>();
  #settled: HostSettlement[] = [];

  constructor(results: KernelTable<InputNumber, HostResultRow>, journal: Journal) {
    this.#results = results;
    this.#journal = journal;
    for (const input of results.scan(ranges.hostResults)) {
      this.#inputs.set(results.need(input)[0], input);
    }
  }

  /** From now on `promise` is the result of `input`. */
  expect(input: InputNumber, promise: KRef): void {
    this.#results.create(input, [promise, FIRST_HEIGHT]);
    this.#inputs.set(promise, input);
  }

  /** The host need not be told again. */
  forget(input: InputNumber): KRef {
    const [promise] = this.#results.need(input);
    this.#results.delete(input);
    this.#inputs.delete(promise);
    return promise;
  }

  /** Undone with its crank. `height`: of the block in which the promise settled. */
  add(promise: KRef, row: PromiseRow, height: Height): void {
    const input = this.#inputs.get(promise);
    if (input !== undefined) this.#results.set(input, [promise, height]);
    this.#settled.push({ promise, row, input });
    this.#journal.record(() => this.#settled.pop());
  }

  /** Has this block settled anything? */
  get hasSettled(): boolean {
    return this.#settled.length > 0;
  }

  /** What this block settled, in order: it is durable. */
  take(): HostSettlement[] {
    const settled = this.#settled;
    this.#settled = [];
    return settled;
  }
}
