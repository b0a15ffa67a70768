/**
 * Values that can be made again, held weakly by vref.
 *
 * Whether an entry is still there decides nothing that vat code could see (rules.md#o1): a value
 * that was collected is made anew, and nobody is left who could compare. Dead entries are swept
 * when the table has doubled, so no finalizers run.
 */
import type { VRef } from '../../protocol/refs.js';

const { WeakRef: HostWeakRef } = globalThis;

const SWEEP_COUNT_MIN = 4096;

export class WeakValues {
  readonly #refs = new Map<VRef, WeakRef<object>>();
  #sweepAt = SWEEP_COUNT_MIN;

  get size(): number {
    return this.#refs.size;
  }

  get(vref: VRef): object | undefined {
    return this.#refs.get(vref)?.deref();
  }

  set(vref: VRef, value: object): void {
    if (this.#refs.size >= this.#sweepAt) this.#sweep();
    this.#refs.set(vref, new HostWeakRef(value));
  }

  #sweep(): void {
    for (const [vref, ref] of this.#refs) {
      if (ref.deref() === undefined) this.#refs.delete(vref);
    }
    this.#sweepAt = Math.max(SWEEP_COUNT_MIN, this.#refs.size * 2);
  }
}
