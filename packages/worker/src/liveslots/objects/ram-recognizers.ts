/**
 * Which weak maps and sets of vat code recognise which references.
 *
 * A table is held weakly: V8 may collect it with all its entries, which only a reap can notice.
 */
import type { VRef } from '../../protocol/refs.js';

const { WeakRef: HostWeakRef } = globalThis;

/** A weak map or set that has entries by vref. */
export interface RamRecognizer {
  /** Its entry for `vref` goes. */
  cease(vref: VRef): void;
}

const SWEEP_COUNT_MIN = 4096;

export class RamRecognizers {
  readonly #byRef = new Map<VRef, Set<WeakRef<RamRecognizer>>>();
  #sweepAt = SWEEP_COUNT_MIN;

  add(vref: VRef, recognizer: WeakRef<RamRecognizer>): void {
    const known = this.#byRef.get(vref);
    if (known !== undefined) {
      known.add(recognizer);
      return;
    }
    if (this.#byRef.size >= this.#sweepAt) this.#sweep();
    this.#byRef.set(vref, new Set([recognizer]));
  }

  remove(vref: VRef, recognizer: WeakRef<RamRecognizer>): void {
    const known = this.#byRef.get(vref);
    known?.delete(recognizer);
    if (known?.size === 0) this.#byRef.delete(vref);
  }

  /** Is there a table that V8 has not collected? */
  isRecognized(vref: VRef): boolean {
    const known = this.#byRef.get(vref);
    if (known === undefined) return false;
    for (const recognizer of known) if (recognizer.deref() !== undefined) return true;
    this.#byRef.delete(vref);
    return false;
  }

  /** Every entry for `vref` goes. True if there were any. */
  cease(vref: VRef): boolean {
    const known = this.#byRef.get(vref);
    if (known === undefined) return false;
    this.#byRef.delete(vref);
    for (const recognizer of known) recognizer.deref()?.cease(vref);
    return true;
  }

  static handleOf(recognizer: RamRecognizer): WeakRef<RamRecognizer> {
    return new HostWeakRef(recognizer);
  }

  #sweep(): void {
    for (const vref of this.#byRef.keys()) this.isRecognized(vref);
    this.#sweepAt = Math.max(SWEEP_COUNT_MIN, this.#byRef.size * 2);
  }
}
