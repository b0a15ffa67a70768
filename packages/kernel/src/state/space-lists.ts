/**
 * Which vats list which spaces of rows (rules.md#u5), and what can be done to list fewer.
 *
 * Theory of operation. Spaces form trees: whoever lists a space lists all that are below it. Two
 * that stand one above the other and are listed by as many vats are therefore listed by the same
 * vats: such a *pair* says together what one space could say. Where a vat lists more than
 * `spacesKept` without a pair, since all its forks run, a space gets a *copy*, which those list
 * above it who list the next one higher; once whole, it stands in its place for them, and is one of
 * a pair. What comes next is looked for from the vat with the lowest number on: it follows from the
 * rows, and so does every step (lifecycle/shared-spaces.ts).
 * Invariants: a space that several vats list, or that becomes a copy, is written to by no crank;
 * the lowest space of a tree stays the lowest, since pre-images stand under it; lists change and
 * copies begin and end in steps that are not undone, but for the lists that a fork makes.
 */
import { keyFromBytes, required, type BinaryKey } from '@heirloom/store';
import type { Space, Spaces, VatNumber } from '@heirloom/worker';
import { ranges } from './kernel-keys.js';
import type { KernelTable } from './kernel-table.js';
import { VatState, type VatRow } from './schema.js';

/** Spaces that a vat lists without having any copied. */
const SPACES_KEPT = 16;

interface SpaceTables {
  readonly vats: KernelTable<VatNumber, VatRow>;
  /** How many vats list a space, where it is more than one. */
  readonly users: KernelTable<Space, number>;
  /** Of a space that becomes a copy: the row key up to which it is one. */
  readonly copies: KernelTable<Space, Uint8Array>;
  readonly spacesKept?: number | undefined;
}

/** What is to be done next, to the list of a vat. */
export type SpaceWork =
  /** The same vats list the space at this place and the next one below. */
  | { readonly type: 'pair'; readonly spaces: Spaces; readonly at: number }
  /** The space at this place becomes a copy of the next one below. */
  | { readonly type: 'copy'; readonly spaces: Spaces; readonly at: number }
  /** The list is too long, and has neither. */
  | { readonly type: 'long'; readonly spaces: Spaces };

export class SpaceLists {
  readonly #tables: SpaceTables;
  readonly #spacesKept: number;
  /** As the rows say: looked at for every crank. */
  readonly #copies: Set<Space>;
  /** Vats that list more than one space, and perhaps others. */
  readonly #layered: Set<VatNumber>;
  /** False: there is nothing to be done. */
  #mayHaveWork = true;
  /** Vats whose lists have changed in this block. */
  readonly #changed = new Set<VatNumber>();

  constructor(tables: SpaceTables) {
    this.#tables = tables;
    this.#spacesKept = tables.spacesKept ?? SPACES_KEPT;
    this.#copies = new Set(tables.copies.scan(ranges.spaceCopies));
    this.#layered = new Set(tables.vats.scan(ranges.vats));
  }

  /** How many vats list the space, which is listed. */
  usersOf(space: Space): number {
    return this.#tables.users.get(space) ?? 1;
  }

  /** How many of a vat's spaces, from the top, are its own: it writes to the lowest of them. */
  ownOf(spaces: Spaces): number {
    const end = spaces.findIndex(
      (space, at) => at > 0 && (this.usersOf(space) > 1 || this.#copies.has(space)),
    );
    return end === -1 ? spaces.length : end;
  }

  /** How many spaces of a list can be merged with the one below. */
  pairsOf(spaces: Spaces): number {
    return spaces.filter((_space, at) => this.#isPair(spaces, at)).length;
  }

  /** A new vat has been given a list; spaces below its own are listed by one vat more. */
  added(vat: VatNumber, [, ...below]: Spaces): void {
    for (const space of below) this.#setUsers(space, this.usersOf(space) + 1);
    this.#layered.add(vat);
    this.#mayHaveWork = true;
  }

  /** The vat lists these spaces from now on. */
  change(vat: VatNumber, spaces: Spaces): void {
    const { vats } = this.#tables;
    vats.set(vat, { ...vats.need(vat), spaces });
    this.#layered.add(vat);
    this.#changed.add(vat);
    this.#mayHaveWork = true;
  }

  /** A vat less lists the spaces; of those that none lists, the rows have gone. */
  left(spaces: Spaces): void {
    for (const space of spaces) {
      const users = this.usersOf(space);
      if (users === 1) this.#forgetCopy(space);
      else this.#setUsers(space, users - 1);
    }
    this.#mayHaveWork = true;
  }

  /** What is to be done next; undefined where nothing is. */
  nextWork(): SpaceWork | undefined {
    if (!this.#mayHaveWork) return undefined;
    const { vats } = this.#tables;
    // Below a space that was seen there is nothing new.
    const seen = new Set<Space>();
    let later: SpaceWork | undefined;
    for (const vat of this.#inOrder()) {
      const row = vats.get(vat);
      if (row === undefined || row.spaces.length === 1) this.#layered.delete(vat);
      else if (row.state === VatState.running) {
        const work = this.#workOf(row.spaces, seen);
        if (work?.type === 'pair') return work;
        later ??= work;
      }
    }
    this.#mayHaveWork = later !== undefined;
    return later;
  }

  /** The space has no row any more: whoever lists it does so no longer. */
  drop(space: Space): void {
    this.#edit(space, (spaces, at) => {
      // What became a copy of it stays what it is.
      const above = spaces[at - 1];
      if (above !== undefined) this.#forgetCopy(above);
      return [...spaces.slice(0, at), ...spaces.slice(at + 1)];
    });
    if (this.usersOf(space) > 1) this.#tables.users.delete(space);
    this.#forgetCopy(space);
  }

  /** `copy` becomes one of the space at a place, which is neither the top one nor the lowest. */
  beginCopy(spaces: Spaces, at: number, copy: Space): void {
    const upper = required(spaces[at - 1], 'a space above');
    this.#edit(upper, (list, place) => list.toSpliced(place + 1, 0, copy));
    const users = this.usersOf(upper);
    if (users > 1) this.#setUsers(copy, users);
    this.setCopied(copy, '');
  }

  /** Up to which row key a space is a copy of the one below. */
  copiedTo(copy: Space): BinaryKey {
    return keyFromBytes(this.#tables.copies.need(copy));
  }


  setCopied(copy: Space, key: BinaryKey): void {
    this.#copies.add(copy);
    this.#tables.copies.set(copy, Buffer.from(key, 'latin1'));
  }

  /** The copy is whole: whoever lists it does without what it was made of. */
  endCopy(copy: Space, from: Space): void {
    this.#edit(copy, (spaces, at) => spaces.toSpliced(at + 1, 1));
    this.#setUsers(from, this.usersOf(from) - this.usersOf(copy));
    this.#forgetCopy(copy);
  }

  /** The vats whose lists have changed since the last commit, with their lists. */
  takeChanged(): [vat: VatNumber, spaces: Spaces][] {
    const taken: [VatNumber, Spaces][] = [];
    for (const vat of this.#changed) {
      const row = this.#tables.vats.get(vat);
      if (row !== undefined) taken.push([vat, row.spaces]);
    }
    this.#changed.clear();
    return taken;
  }

  #inOrder(): VatNumber[] {
    return [...this.#layered].sort((a, b) => a - b);
  }

  #isPair(spaces: Spaces, at: number): boolean {
    const [upper, lower] = [spaces[at], spaces[at + 1]];
    if (upper === undefined || lower === undefined || this.#copies.has(lower)) return false;
    return this.usersOf(upper) === this.usersOf(lower);
  }

  #workOf(spaces: Spaces, seen: Set<Space>): SpaceWork | undefined {
    let pair: number | undefined;
    let copy: number | undefined;
    for (const [at, space] of spaces.entries()) {
      if (seen.has(space)) break;
      seen.add(space);
      // The lowest: a row sinks once.
      if (this.#isPair(spaces, at)) pair = at;
      if (this.#copies.has(space)) copy ??= at;
    }
    if (pair !== undefined) return { type: 'pair', spaces, at: pair };
    if (copy !== undefined) return { type: 'copy', spaces, at: copy };
    if (spaces.length <= this.#spacesKept) return undefined;
    return spaces.some(it => this.#copies.has(it)) ? undefined : { type: 'long', spaces };
  }

  /** Changes every list with the space, whose place is told. */
  #edit(space: Space, edit: (spaces: Spaces, at: number) => Space[]): void {
    for (const vat of this.#inOrder()) {
      const spaces = this.#tables.vats.get(vat)?.spaces;
      const at = spaces?.indexOf(space) ?? -1;
      if (spaces === undefined || at === -1) continue;
      const [top, ...below] = edit(spaces, at);
      this.change(vat, [required(top, 'a space of a vat'), ...below]);
    }
  }

  #setUsers(space: Space, users: number): void {
    if (users > 1) this.#tables.users.set(space, users);
    else this.#tables.users.delete(space);
  }

  #forgetCopy(space: Space): void {
    if (this.#copies.delete(space)) this.#tables.copies.delete(space);
  }
}
