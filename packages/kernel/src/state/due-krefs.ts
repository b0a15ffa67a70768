/**
 * References that are to be looked at, first come, first looked at.
 *
 * Theory of operation. As a rule all of them are looked at before the wave ends, and nothing is
 * stored. What a wave leaves for the next one is a row from the commit on, so that a kernel that is
 * opened again goes on with the same references in the same order.
 *
 * Invariants: taken from where nothing is undone only; what a crank that is undone has added stays,
 * and is looked at for nothing. At a commit the references are put in the order in which a store
 * gives them back: objects, then promises, each in order of their numbers.
 */
import type { BinaryKey, ReadView, RowChange } from '@heirloom/store';
import { frameCodec } from './frame-codec.js';
import { ROW_WEIGHT } from './kernel-table.js';
import { compareStored, type KRef } from './krefs.js';
import { keysOf } from './scan.js';

interface DueSpelling {
  readonly prefix: BinaryKey;
  spell(kref: KRef): BinaryKey;
  parse(key: BinaryKey): KRef;
}

const EMPTY_ROW = frameCodec<true, readonly []>(
  'a reference to be looked at',
  [0],
  () => [],
  () => true,
).encode(true);

export class DueKRefs {
  readonly #spelling: DueSpelling;
  #krefs: Set<KRef>;
  /** Those that have a row. */
  #stored: ReadonlySet<KRef>;
  /** How many of those that have a row are still to be looked at. */
  #kept: number;

  constructor(view: ReadView, spelling: DueSpelling) {
    this.#spelling = spelling;
    const krefs = [...keysOf(view, 'kernel', spelling.prefix)].map(key => spelling.parse(key));
    this.#krefs = new Set(krefs);
    this.#stored = new Set(krefs);
    this.#kept = krefs.length;
  }

  get size(): number {
    return this.#krefs.size;
  }

  add(kref: KRef): void {
    if (this.#krefs.has(kref)) return;
    this.#krefs.add(kref);
    if (this.#stored.has(kref)) this.#kept += 1;
  }

  delete(kref: KRef): void {
    if (this.#krefs.delete(kref) && this.#stored.has(kref)) this.#kept -= 1;
  }

  /** Takes the first `limit` away; gives them in order of their numbers. */
  take(limit: number): KRef[] {
    const taken: KRef[] = [];
    for (const kref of this.#krefs) {
      if (taken.length >= limit) break;
      taken.push(kref);
    }
    if (taken.length === this.#krefs.size) {
      this.#krefs.clear();
      this.#kept = 0;
    } else for (const kref of taken) this.delete(kref);
    return taken.sort((a, b) => a - b);
  }

  /** All of them, to be put back by `restore`. */
  snapshot(): readonly KRef[] {
    return [...this.#krefs];
  }

  restore(krefs: readonly KRef[]): void {
    this.#krefs = new Set(krefs);
    this.#kept = krefs.filter(kref => this.#stored.has(kref)).length;
  }

  get dirtyCount(): number {
    return this.#krefs.size + this.#stored.size - 2 * this.#kept;
  }

  get dirtyBytes(): number {
    return this.dirtyCount * ROW_WEIGHT;
  }

  changes(into: RowChange[]): void {
    const row = (kref: KRef, value: Uint8Array | undefined): void => {
      into.push({ table: 'kernel', key: this.#spelling.spell(kref), value });
    };
    for (const kref of this.#krefs) if (!this.#stored.has(kref)) row(kref, EMPTY_ROW);
    for (const kref of this.#stored) if (!this.#krefs.has(kref)) row(kref, undefined);
  }

  committed(): void {
    if (this.#krefs.size > 0) {
      this.#krefs = new Set([...this.#krefs].sort(compareStored));
      this.#stored = new Set(this.#krefs);
    } else if (this.#stored.size > 0) this.#stored = new Set();
    this.#kept = this.#stored.size;
  }
}
