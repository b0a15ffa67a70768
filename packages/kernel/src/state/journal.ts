/**
 * Undo for one crank: what each changed row held before.
 *
 * Invariants: entries are undone newest first; a mark is valid until the journal is cleared or
 * rolled back past it. Nothing here is stored.
 *
 * Rows are recorded as plain triples, not closures: this happens some thirty times per message.
 */
import assert from 'node:assert/strict';

export type Mark = number;

/** What can put back a row of its own. */
export interface Restorable {
  restore(key: unknown, before: unknown): void;
}

const TRIPLE = 3;

export class Journal {
  /** (table, key, before) again and again; (undefined, job, undefined) for anything else. */
  readonly #entries: unknown[] = [];

  recordRow(table: Restorable, key: unknown, before: unknown): void {
    this.#entries.push(table, key, before);
  }

  /** Records how to take back a change that is no table row. */
  record(undo: () => void): void {
    this.#entries.push(undefined, undo, undefined);
  }

  mark(): Mark {
    return this.#entries.length;
  }

  rollback(mark: Mark): void {
    const entries = this.#entries;
    assert(mark <= entries.length, 'journal: mark is past the end');
    while (entries.length > mark) {
      const [table, key, before] = entries.splice(-TRIPLE) as [
        Restorable | undefined,
        unknown,
        unknown,
      ];
      if (table === undefined) (key as () => void)();
      else table.restore(key, before);
    }
  }

  /** Forgets everything: what was done stays done. */
  clear(): void {
    if (this.#entries.length > 0) this.#entries.length = 0;
  }
}
