/**
 * Keeps code of the vat pure while it runs in the middle of something else: a migration.
 *
 * Invariant: what is refused throws and spoils the whole run, whatever vat code does with the
 * exception. It is no fault: nothing has happened.
 */
import { check } from '../../check.js';

export class Purity {
  #isOn = false;
  #violation: Error | undefined;

  /** Code that may compute and do nothing else is running. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Runs `work`. Throws what it throws, or what was refused while it ran. */
  run<T>(work: () => T): T {
    check(!this.#isOn, 'pure code runs no pure code');
    this.#isOn = true;
    try {
      const result = work();
      if (this.#violation !== undefined) throw this.#violation;
      return result;
    } finally {
      this.#isOn = false;
      this.#violation = undefined;
    }
  }

  /** Throws if pure code is running. `what` would have an effect, or depends on more than data. */
  assertOff(what: string): void {
    if (!this.#isOn) return;
    const error = Error(`a migration sees its old state and nothing else: ${what} is refused`);
    this.#violation ??= error;
    throw error;
  }
}
