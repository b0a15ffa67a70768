/** The rows of a store as the steps of a migration have left them: nothing is written yet. */
import type { BinaryKey, ReadView, RowChange, TableName } from '@heirloom/store';
import { firstOf, keysLeft } from '../state/scan.js';

type Writes = Map<BinaryKey, Uint8Array | undefined>;

export class MigrationRows implements ReadView {
  readonly #view: ReadView;
  readonly #tables = new Map<TableName, Writes>();

  constructor(view: ReadView) {
    this.#view = view;
  }

  get(table: TableName, key: BinaryKey): Uint8Array | undefined {
    const writes = this.#tables.get(table);
    return writes?.has(key) === true ? writes.get(key) : this.#view.get(table, key);
  }

  /** Writes a row; undefined deletes it. */
  set(table: TableName, key: BinaryKey, value: Uint8Array | undefined): void {
    const writes: Writes = this.#tables.get(table) ?? new Map();
    this.#tables.set(table, writes.set(key, value));
  }

  keysAfter(table: TableName, after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    const writes = this.#tables.get(table);
    if (writes === undefined) return this.#view.keysAfter(table, after, end, limit);
    const written: BinaryKey[] = [];
    for (const [key, value] of writes) {
      if (value !== undefined && key > after && key < end) written.push(key);
    }
    const stored = keysLeft(this.#view, { table, after, end }, limit, key => !writes.has(key));
    return firstOf([...firstOf(written, limit), ...stored], limit);
  }

  /** In no order. */
  changes(): RowChange[] {
    return [...this.#tables].flatMap(([table, writes]) =>
      [...writes].map(([key, value]) => ({ table, key, value })),
    );
  }
}
