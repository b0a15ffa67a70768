/**
 * Undo for one crank: what each changed row held before.
 *
 * Invariants: entries are undone newest first; a mark is valid until the journal is cleared or
 * rolled back past it. Nothing here is stored.
 *
 * Rows are recorded without closures: this happens some thirty times per message.
 */
import assert from 'node:assert/strict';
import { atOnce, type Steps } from '@heirloom/store';

export type Mark = number;

/** What can put back a row of its own. */
export interface Restorable {
  restore(key: unknown, before: unknown): void;
}

export class Journal {
  readonly #tables: Restorable[] = [];
  /** What each of them is to put back: (key, before) again and again. */
  readonly #rows: unknown[] = [];

  recordRow(table: Restorable, key: unknown, before: unknown): void {
    this.#tables.push(table);
    this.#rows.push(key, before);
  }

  /** Records how to take back a change that is no table row. */
  record(undo: () => void): void {
    this.recordRow({ restore: undo }, undefined, undefined);
  }

  mark(): Mark {
    return this.#tables.length;
  }

  rollback(mark: Mark): void {
    atOnce(this.rollingBack(mark));
  }

  /** The same in steps. */
  *rollingBack(mark: Mark): Steps<void> {
    assert(mark <= this.#tables.length, 'journal: mark is past the end');
    while (this.#tables.length > mark) {
      const before = this.#rows.pop();
      const key = this.#rows.pop();
      this.#tables.pop()?.restore(key, before);
      yield;
    }
  }

  /** Forgets everything: what was done stays done. */
  clear(): void {
    if (this.#tables.length === 0) return;
    this.#tables.length = 0;
    this.#rows.length = 0;
  }
}
