/**
 * The row writes of the crank in progress.
 *
 * Theory of operation. Most cranks write a row or two: then a search beats a `Map`, whose `clear`
 * alone costs 150 ns. Past a few rows a map leads from the key to its place.
 */
import type { BinaryKey } from '@heirloom/store';
import { ROW_WEIGHT } from '../protocol/limits.js';

/** Up to here the keys are searched from end to end. */
const SEARCHED_KEYS_MAX = 4;

/** What a crank leaves in a row; `null` deletes it. */
export type KeyedRow = readonly [key: BinaryKey, value: Uint8Array | null];

interface Entry {
  readonly key: BinaryKey;
  value: Uint8Array | null;
}

const byKey = (a: KeyedRow, b: KeyedRow): number => (a[0] < b[0] ? -1 : 1);

export class RowOverlay {
  #entries: Entry[] = [];
  #byKey: Map<BinaryKey, Entry> | undefined;
  #bytes = 0;

  /** What the rows weigh as they are now (protocol/limits.ts). */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of keys and values alone. */
  get contentBytes(): number {
    return this.#bytes - this.#entries.length * ROW_WEIGHT;
  }

  get size(): number {
    return this.#entries.length;
  }

  get(key: BinaryKey): Uint8Array | null | undefined {
    return this.#find(key)?.value;
  }

  set(key: BinaryKey, value: Uint8Array | null): void {
    const known = this.#find(key);
    if (known !== undefined) {
      this.#bytes += (value?.length ?? 0) - (known.value?.length ?? 0);
      known.value = value;
      return;
    }
    this.#bytes += ROW_WEIGHT + key.length + (value?.length ?? 0);
    const entry: Entry = { key, value };
    this.#entries.push(entry);
    if (this.#byKey !== undefined) this.#byKey.set(key, entry);
    else if (this.#entries.length > SEARCHED_KEYS_MAX) {
      this.#byKey = new Map(this.#entries.map(it => [it.key, it]));
    }
  }

  /** In the order in which the keys were first written. */
  forEach(job: (key: BinaryKey, value: Uint8Array | null) => void): void {
    for (const { key, value } of this.#entries) job(key, value);
  }

  /** In key order. */
  sorted(): readonly KeyedRow[] {
    const rows: KeyedRow[] = [];
    for (const { key, value } of this.#entries) rows.push([key, value]);
    return rows.length > 1 ? rows.sort(byKey) : rows;
  }

  clear(): void {
    if (this.#entries.length === 0) return;
    this.#entries = [];
    this.#byKey = undefined;
    this.#bytes = 0;
  }

  #find(key: BinaryKey): Entry | undefined {
    if (this.#byKey !== undefined) return this.#byKey.get(key);
    for (const entry of this.#entries) if (entry.key === key) return entry;
    return undefined;
  }
}
