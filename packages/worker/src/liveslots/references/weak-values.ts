/**
 * Values that can be made again, held weakly by vref or by another text.
 *
 * Whether an entry is still there decides nothing that vat code could see (rules.md#o1): a value
 * that was collected is made anew, and nobody is left who could compare. Dead entries are swept
 * when the table has doubled, so no finalizers run.
 */
const { WeakRef: HostWeakRef } = globalThis;

const SWEEP_COUNT_MIN = 4096;

export class WeakValues<Key extends string> {
  readonly #refs = new Map<Key, WeakRef<object>>();
  #sweepAt = SWEEP_COUNT_MIN;

  get size(): number {
    return this.#refs.size;
  }

  get(key: Key): object | undefined {
    return this.#refs.get(key)?.deref();
  }

  set(key: Key, value: object): void {
    if (this.#refs.size >= this.#sweepAt) this.#sweep();
    this.#refs.set(key, new HostWeakRef(value));
  }

  #sweep(): void {
    for (const [key, ref] of this.#refs) {
      if (ref.deref() === undefined) this.#refs.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_COUNT_MIN, this.#refs.size * 2);
  }
}
