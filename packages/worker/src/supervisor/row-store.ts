/**
 * The vat's rows as vat code may know them: one logical value per row (rule T1).
 *
 * Keys are binary strings without the space prefix: the first character is the table
 * (docs/tables.md).
 */
import type { BinaryKey } from '@heirloom/store';

export interface RowStore {
  /** What the vat's cranks last wrote, else what the store holds. Never to be modified. */
  get(key: BinaryKey): Uint8Array | undefined;
  set(key: BinaryKey, value: Uint8Array): void;
  delete(key: BinaryKey): void;
  /** The first present key that is greater than `after` and less than `end`. */
  nextKey(after: BinaryKey, end: BinaryKey): BinaryKey | undefined;
}
