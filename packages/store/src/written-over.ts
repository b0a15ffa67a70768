/**
 * The state as a block leaves it, before the block is written: rows of a view, with the rows of the
 * block over them.
 *
 * Invariant: what it gives is what the view will give when the block is durable (rules.md#t6), but
 * for how many rows it gives at a time.
 */
import { required, type RowChange, type RowScan, type StoredRow, type TableName } from './types.js';

export class WrittenOver implements RowScan {
  readonly #below: RowScan;
  /** Of each table, in order of keys. */
  readonly #changes = new Map<TableName, RowChange[]>();

  /** `rows`: in (table, key) order, each once. */
  constructor(below: RowScan, rows: readonly RowChange[]) {
    this.#below = below;
    for (const row of rows) {
      const those = this.#changes.get(row.table);
      if (those === undefined) this.#changes.set(row.table, [row]);
      else those.push(row);
    }
  }

  rowsAfter(table: TableName, after: string, end: string, bytes: number): StoredRow[] {
    const changes = this.#changes.get(table) ?? [];
    for (let from = after; ;) {
      const below = this.#below.rowsAfter(table, from, end, bytes);
      const merged = merge(below, changes, placeAfter(changes, from), end, bytes);
      const last = below.at(-1);
      // Where all of them are deleted there may be others behind.
      if (merged.length > 0 || last === undefined) return merged;
      from = last.key;
    }
  }
}

/** The index of the first change whose key is greater. */
function placeAfter(changes: readonly RowChange[], key: string): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (required(changes[middle], 'a change').key <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The rows below with changes from `at` on over them, in order, and as many as make up `bytes`.
 * Behind the last row below there may be more of them, unless there is none: so changes go no
 * further.
 */
function merge(
  below: readonly StoredRow[],
  changes: readonly RowChange[],
  at: number,
  end: string,
  bytes: number,
): StoredRow[] {
  const merged: StoredRow[] = [];
  const last = below.at(-1)?.key;
  let left = bytes;
  const take = (key: string, value: Uint8Array): void => {
    merged.push({ key, value });
    left -= key.length + value.length;
  };
  let next = 0;
  while (left > 0) {
    const row = below[next];
    const change = changes[at];
    const isDue = change !== undefined && change.key < end && change.key <= (last ?? end);
    if (row !== undefined && (!isDue || row.key < change.key)) {
      take(row.key, row.value);
      next += 1;
    } else if (isDue) {
      if (change.value !== undefined) take(change.key, change.value);
      at += 1;
      if (row?.key === change.key) next += 1;
    } else {
      break;
    }
  }
  return merged;
}
