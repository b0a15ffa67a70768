/**
 * Promises that the host waits for: those that answer its inputs, and those that have settled in
 * this block, of which it is told when the block is durable.
 *
 * Invariants: a settlement that is undone with its crank is not told; the row of an input's result
 * says in which block it settled.
 */
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
  readonly input: number | undefined;
}

export class HostSettlements {
  readonly #results: KernelTable<number, HostResultRow>;
  readonly #journal: Journal;
  readonly #inputs = new Map<KRef, number>();
  #settled: HostSettlement[] = [];

  constructor(results: KernelTable<number, HostResultRow>, journal: Journal) {
    this.#results = results;
    this.#journal = journal;
    for (const input of results.scan(ranges.hostResults)) {
      this.#inputs.set(results.need(input)[0], input);
    }
  }

  /** From now on `promise` is the result of `input`. */
  expect(input: number, promise: KRef): void {
    this.#results.create(input, [promise, 0]);
    this.#inputs.set(promise, input);
  }

  /** The host need not be told again. */
  forget(input: number): KRef {
    const [promise] = this.#results.need(input);
    this.#results.delete(input);
    this.#inputs.delete(promise);
    return promise;
  }

  /** Undone with its crank. `height`: of the block in which the promise settled. */
  add(promise: KRef, row: PromiseRow, height: number): void {
    const input = this.#inputs.get(promise);
    if (input !== undefined) this.#results.set(input, [promise, height]);
    this.#settled.push({ promise, row, input });
    this.#journal.record(() => this.#settled.pop());
  }

  /** What this block settled, in order: it is durable. */
  take(): HostSettlement[] {
    const settled = this.#settled;
    this.#settled = [];
    return settled;
  }
}
