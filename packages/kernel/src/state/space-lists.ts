/**
 * Which vats list which spaces of rows (rules.md#u5), and which spaces can be made one.
 *
 * Theory of operation. Spaces form trees: whoever lists a space lists all that are below it. Two
 * that stand one above the other and are listed by as many vats are therefore listed by the same
 * vats, and say together what one could say. When a vat goes that listed the lower one alone, or
 * both with others, such a *pair* comes to be. The first of them is the lowest one of the vat with
 * the lowest number: it follows from the rows, and so does every step that merges it.
 * Invariants: no space that several vats list is written to; the lowest space of a tree stays the
 * lowest, since pre-images stand under it; what is remembered here says only where to look.
 */
import { required } from '@heirloom/store';
import type { Space, Spaces, VatNumber } from '@heirloom/worker';
import { ranges } from './kernel-keys.js';
import type { KernelTable } from './kernel-table.js';
import { VatState, type VatRow } from './schema.js';

interface SpaceTables {
  readonly vats: KernelTable<VatNumber, VatRow>;
  /** How many vats list a space, where it is more than one. */
  readonly users: KernelTable<Space, number>;
}

/** A space, its place in the list of a vat, and that the same vats list the next one below. */
export interface MergeablePair {
  readonly spaces: Spaces;
  readonly at: number;
}

export class SpaceLists {
  readonly #tables: SpaceTables;
  /** Vats that list more than one space, and perhaps others. */
  readonly #layered: Set<VatNumber>;
  /** False: there is no pair. */
  #mayMerge = true;
  /** Vats whose lists have changed in this block. */
  readonly #changed = new Set<VatNumber>();

  constructor(tables: SpaceTables) {
    this.#tables = tables;
    this.#layered = new Set(tables.vats.scan(ranges.vats));
  }

  /** How many vats list the space, which is listed. */
  usersOf(space: Space): number {
    return this.#tables.users.get(space) ?? 1;
  }

  /** How many of a vat's spaces, from the top, no other vat lists: what it writes goes there. */
  ownOf(spaces: Spaces): number {
    let own = 1;
    for (; own < spaces.length; own += 1) {
      const space = required(spaces[own], 'a space of a vat');
      if (this.#tables.users.get(space) !== undefined) break;
    }
    return own;
  }

  /** A new vat has been given a list; spaces below its own are listed by one vat more. */
  added(vat: VatNumber, [, ...below]: Spaces): void {
    const { users } = this.#tables;
    for (const space of below) users.set(space, this.usersOf(space) + 1);
    this.#layered.add(vat);
    this.#mayMerge = true;
  }

  /** The vat lists these spaces from now on. */
  change(vat: VatNumber, spaces: Spaces): void {
    const { vats } = this.#tables;
    vats.set(vat, { ...vats.need(vat), spaces });
    this.#layered.add(vat);
    this.#changed.add(vat);
  }

  /** A vat less lists the spaces. */
  left(spaces: Spaces): void {
    const { users } = this.#tables;
    for (const space of spaces) {
      const count = this.usersOf(space);
      if (count > 2) users.set(space, count - 1);
      else if (count === 2) users.delete(space);
    }
    this.#mayMerge = true;
  }

  /** How many spaces of a list can be merged with the one below. */
  pairsOf(spaces: Spaces): number {
    return spaces.filter((_space, at) => this.#isPair(spaces, at)).length;
  }

  /** The pair that is to be merged next. */
  nextPair(): MergeablePair | undefined {
    if (!this.#mayMerge) return undefined;
    // Below a space that was seen there is nothing new.
    const seen = new Set<Space>();
    for (const vat of [...this.#layered].sort((a, b) => a - b)) {
      const row = this.#tables.vats.get(vat);
      if (row === undefined || row.spaces.length === 1) this.#layered.delete(vat);
      else if (row.state === VatState.running) {
        const at = this.#lowestPair(row.spaces, seen);
        if (at !== undefined) return { spaces: row.spaces, at };
      }
    }
    this.#mayMerge = false;
    return undefined;
  }

  /** The space has no row any more: whoever lists it does so no longer. */
  drop(space: Space): void {
    const { users, vats } = this.#tables;
    for (const vat of [...this.#layered].sort((a, b) => a - b)) {
      const spaces = vats.get(vat)?.spaces.filter(it => it !== space) ?? [];
      const [top, ...below] = spaces;
      if (top === undefined || spaces.length === vats.need(vat).spaces.length) continue;
      this.change(vat, [top, ...below]);
    }
    if (users.get(space) !== undefined) users.delete(space);
  }

  /** The vats whose lists have changed since the last commit, with their lists. */
  takeChanged(): [vat: VatNumber, spaces: Spaces][] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed.flatMap(vat => {
      const row = this.#tables.vats.get(vat);
      return row === undefined ? [] : [[vat, row.spaces] as [VatNumber, Spaces]];
    });
  }

  #isPair(spaces: Spaces, at: number): boolean {
    const [upper, lower] = [spaces[at], spaces[at + 1]];
    if (upper === undefined || lower === undefined) return false;
    return this.usersOf(upper) === this.usersOf(lower);
  }

  #lowestPair(spaces: Spaces, seen: Set<Space>): number | undefined {
    let found: number | undefined;
    for (const [at, space] of spaces.entries()) {
      if (seen.has(space)) break;
      seen.add(space);
      if (this.#isPair(spaces, at)) found = at;
    }
    return found;
  }
}
