/**
 * Data of messages that have waited on promises and were moved to the run queue since the wave
 * began, by who had sent them: it is in memory until the commit.
 *
 * Invariants: nothing here is stored; what was moved by a crank that is undone does not count.
 */
import type { VatNumber } from '@heirloom/worker';
import type { Journal, Restorable } from './journal.js';

/** Undefined: the host. */
type Sender = VatNumber | undefined;

export class MovedBytes implements Restorable {
  readonly #journal: Journal;
  readonly #bytes = new Map<Sender, number>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  of(sender: Sender): number {
    return this.#bytes.get(sender) ?? 0;
  }

  add(sender: Sender, bytes: number): void {
    const before = this.of(sender);
    this.#journal.recordRow(this, sender, before);
    this.#bytes.set(sender, before + bytes);
  }

  /** Called by the journal only. */
  restore(sender: Sender, before: number): void {
    this.#bytes.set(sender, before);
  }

  /** A wave begins or ends. */
  clear(): void {
    this.#bytes.clear();
  }
}
