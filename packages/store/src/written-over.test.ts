/** A block over the state before it, against the state that it leaves. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderRows } from './block-hash.js';
import { TABLE_END } from './keys.js';
import { stateRoot, WrittenOver } from './state-root.js';
import {
  TABLE_NAMES, type RowChange, type RowScan, type StoredRow, type TableName,
} from './types.js';

type State = Map<string, RowChange>;
const nameOf = ({ table, key }: RowChange): string => `${table}/${key}`;

class Plain implements RowScan {
  readonly #rows: readonly RowChange[];

  constructor(state: State) {
    this.#rows = orderRows([...state.values()]);
  }

  rowsAfter(table: TableName, after: string, end: string, bytes: number): StoredRow[] {
    const rows: StoredRow[] = [];
    let left = bytes;
    for (const { table: its, key, value } of this.#rows) {
      if (its !== table || key <= after || key >= end || left <= 0) continue;
      rows.push({ key, value: value! });
      left -= key.length + value!.length;
    }
    return rows;
  }
}

const table = fc.constantFrom<TableName>('meta', 'kernel', 'vatstore');
const unit = fc.constantFrom('\0', 'a', 'b', '\xfe');
const key = fc.string({ minLength: 1, maxLength: 2, unit });
const value = fc.uint8Array({ maxLength: 6 });
const distinct = { maxLength: 40, selector: nameOf };
const stored = fc.uniqueArray(fc.record({ table, key, value }), distinct);
const changed = fc.uniqueArray(
  fc.record({ table, key, value: fc.option(value, { nil: undefined }) }), distinct,
);

/** All rows of a table, read by so many bytes. */
const readAll = (view: RowScan, from: TableName, bytes: number): StoredRow[] => {
  const all: StoredRow[] = [];
  for (;;) {
    const rows = view.rowsAfter(from, all.at(-1)?.key ?? '', TABLE_END, bytes);
    if (rows.length === 0) return all;
    all.push(...rows);
  }
};

test('any block over any state -> the rows, the ranges and the root of what it leaves', () => {
  const property = fc.property(stored, changed, fc.nat(30), key, key, (...given) => {
    const [rows, changes, bytes, after, end] = given;
    const state: State = new Map(rows.map((row) => [nameOf(row), row]));
    const over = new WrittenOver(new Plain(state), orderRows(changes));
    const next: State = new Map(state);
    for (const row of changes) {
      if (row.value === undefined) next.delete(nameOf(row));
      else next.set(nameOf(row), row);
    }
    const left = new Plain(next);
    for (const name of TABLE_NAMES) {
      expect(readAll(over, name, bytes + 1)).toEqual(readAll(left, name, 1_000));
      const [some, all] = [over, left].map((view) => view.rowsAfter(name, after, end, 1_000));
      expect(some).toEqual(all!.slice(0, some!.length));
      expect(some!.length > 0).toBe(all!.length > 0);
    }
    if (next.size > 0) expect(stateRoot(over)).toEqual(stateRoot(left));
  });
  fc.assert(property, { numRuns: 300 });
});
