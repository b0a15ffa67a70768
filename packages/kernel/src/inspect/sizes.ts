/** Rows and bytes by name. */
import type { Size } from './report.js';

const NO_SIZE: Size = { rows: 0, bytes: 0 };

export class Sizes<K> {
  readonly #sizes = new Map<K, { rows: number; bytes: number }>();

  add(name: K, bytes: number): void {
    const size = this.#sizes.get(name);
    if (size === undefined) this.#sizes.set(name, { rows: 1, bytes });
    else {
      size.rows += 1;
      size.bytes += bytes;
    }
  }

  of(name: K): Size {
    return this.#sizes.get(name) ?? NO_SIZE;
  }

  entries(): [name: K, size: Size][] {
    return [...this.#sizes];
  }
}

export const addSizes = (sizes: readonly Size[]): Size => ({
  rows: sizes.reduce((sum, { rows }) => sum + rows, 0),
  bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** Largest first; by name where they are equal. */
export const byBytes = <T extends Size & { readonly part: string }>(sizes: readonly T[]): T[] =>
  [...sizes].sort((a, b) => b.bytes - a.bytes || (a.part < b.part ? -1 : 1));
