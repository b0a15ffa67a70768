/**
 * Undo for one crank: what each changed row held before.
 *
 * Invariants: entries are undone newest first; a mark is valid until the journal is cleared or
 * rolled back past it. Nothing here is stored.
 */
import assert from 'node:assert/strict';

export type Mark = number;

export class Journal {
  readonly #undo: (() => void)[] = [];

  /** Records how to take one change back. */
  record(undo: () => void): void {
    this.#undo.push(undo);
  }

  mark(): Mark {
    return this.#undo.length;
  }

  rollback(mark: Mark): void {
    assert(mark <= this.#undo.length, 'journal: mark is past the end');
    while (this.#undo.length > mark) this.#undo.pop()!();
  }

  /** Forgets everything: what was done stays done. */
  clear(): void {
    this.#undo.length = 0;
  }
}
