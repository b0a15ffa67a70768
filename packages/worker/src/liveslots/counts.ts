/**
 * The one place through which every row's references change.
 *
 * `refs` of a row is `[[baseRef, count]...]`, sorted by baseRef, one entry per distinct object that
 * the row holds. Whoever writes or deletes a row with references says so here, with the refs of the
 * row it replaces and of the row that replaces it. Counts proper (rule G2) are kept here later; the
 * `count` and `es` fields of rows stay 0 until then.
 */
import { baseRefOf } from '../protocol/refs.js';
import type { Slots } from '../protocol/messages.js';
import type { VRef } from '../protocol/refs.js';

export type RowRefs = readonly (readonly [baseRef: VRef, count: number])[];

export const NO_REFS: RowRefs = Object.freeze([]);

/** The refs of a row that holds `slots`, and `key` if one is given. */
export const refsOf = (slots: Slots, key?: VRef): RowRefs => {
  if (slots.length === 0 && key === undefined) return NO_REFS;
  const bases = new Set<VRef>();
  for (const slot of slots) bases.add(baseRefOf(slot));
  if (key !== undefined) bases.add(baseRefOf(key));
  return [...bases].sort().map(base => [base, 1] as const);
};

/** Rows of durable tables and rows of merely-virtual tables are counted apart (rule G2). */
export class RowCounts {
  readonly isDurable: boolean;

  constructor(isDurable: boolean) {
    this.isDurable = isDurable;
  }

  /** A row that held `before` holds `after` from now on. */
  rowRefsChanged(before: RowRefs, after: RowRefs): void {
    if (before === after) return;
    // Reference counts are kept here: see docs/decisions on garbage collection.
  }
}
