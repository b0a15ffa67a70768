/**
 * The vat's rows as vat code may know them: one logical value per row (rules.md#t1).
 *
 * Keys are binary strings without the space prefix: the first character is the table
 * (docs/tables.md).
 */
import type { BinaryKey } from '@heirloom/store';

/**
 * The rows as they were when the incarnation began, whatever it has written since (rules.md#t2).
 */
export interface StartRows {
  get(key: BinaryKey): Uint8Array | undefined;
  /** The keys after `after` and before `end`, at most `limit`, in order. */
  keysAfter(after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[];
}

export interface RowStore {
  readonly start: StartRows;
  /** What the vat's cranks last wrote, else what the store holds. Never to be modified. */
  get(key: BinaryKey): Uint8Array | undefined;
  set(key: BinaryKey, value: Uint8Array): void;
  delete(key: BinaryKey): void;
  /** The first present key that is greater than `after` and less than `end`. */
  nextKey(after: BinaryKey, end: BinaryKey): BinaryKey | undefined;
}
