/**
 * A search for promises that only each other hold, as far as it has come (objects/promise-cycles.ts
 * makes its steps). What it knows stands here, because a search goes on in later waves and after a
 * restart, and because counts change meanwhile.
 *
 * Invariants: of a member that has been visited, `held` is how many hold it that are no visited
 * members, at any time while members are looked for: counts that change tell it, cranks that are
 * undone take that back. Members stay at their places, also when they are gone. Everything here is
 * a function of what blocks did, so it is a row like others.
 */
import assert from 'node:assert/strict';
import { tangleKey, type ReadView, type RowChange } from '@heirloom/store';
import { frameCodec } from './frame-codec.js';
import type { Journal, Restorable } from './journal.js';
import { ROW_WEIGHT } from './kernel-table.js';
import type { KRef } from './krefs.js';

/** What a search does next. */
export const SearchPhase = {
  /** There is none. */
  none: 0,
  /** Looks for all that the data of its members mentions, and counts how they hold each other. */
  members: 1,
  /** Marks what is reached from those that others hold. */
  live: 2,
  /** Empties what is left. */
  clear: 3,
} as const;
export type SearchPhase = (typeof SearchPhase)[keyof typeof SearchPhase];

/** What a member takes in the row: its reference, how many hold it, its mark, its turn. */
const MEMBER_BYTES = 24;

const Mark = { unknown: 0, live: 1, gone: 2 } as const;

type TangleTuple = readonly [
  phase: SearchPhase,
  next: number,
  roots: number,
  singly: number,
  krefs: readonly KRef[],
  held: readonly number[],
  marks: Uint8Array,
  live: readonly number[],
];

const codec = frameCodec<TangleTuple, TangleTuple>(
  'a search for promises that hold each other',
  [8],
  tuple => tuple,
  tuple => tuple,
);

export class Tangle implements Restorable {
  readonly #journal: Journal;
  #phase: SearchPhase = SearchPhase.none;
  /** The members in order of discovery; the first `roots` are what the search began with. */
  #krefs: KRef[] = [];
  #held: number[] = [];
  #marks: number[] = [];
  #at = new Map<KRef, number>();
  /** Members that are live, in order of discovery. */
  #live: number[] = [];
  /** The first that this phase has not worked off: of `krefs`, or of `live`. */
  #next = 0;
  #roots = 0;
  /** Searches to come that begin with one promise each. */
  #singly = 0;
  #isStored = false;
  #isDirty = false;

  constructor(view: ReadView, journal: Journal) {
    this.#journal = journal;
    const row = view.get('kernel', tangleKey());
    if (row === undefined) return;
    const [phase, next, roots, singly, krefs, held, marks, live] = codec.decode(row);
    this.#phase = phase;
    this.#next = next;
    this.#roots = roots;
    this.#singly = singly;
    this.#krefs = [...krefs];
    this.#held = [...held];
    this.#marks = [...marks];
    this.#live = [...live];
    this.#isStored = true;
    for (const [i, kref] of krefs.entries()) this.#at.set(kref, i);
  }

  get phase(): SearchPhase {
    return this.#phase;
  }

  /** How many members have been discovered. */
  get size(): number {
    return this.#krefs.length;
  }

  /** How many of the searches to come begin with one promise each. */
  get singly(): number {
    return this.#singly;
  }

  /** The members of which this search will say whether they are garbage. */
  *covered(): Generator<KRef, void> {
    for (const [i, kref] of this.#krefs.entries()) if (this.#marks[i] !== Mark.gone) yield kref;
  }

  /** Begins a search. */
  begin(roots: readonly KRef[]): void {
    assert(this.#phase === SearchPhase.none, 'one search at a time');
    this.#isDirty = true;
    this.#phase = SearchPhase.members;
    for (const root of roots) this.#add(root);
    this.#roots = roots.length;
    if (this.#singly > 0) this.#singly -= 1;
  }

  /** What it began with. */
  get roots(): readonly KRef[] {
    return this.#krefs.slice(0, this.#roots);
  }

  /** Ends the search; `singly` of the next ones begin with one promise each. */
  end(singly = this.#singly): void {
    this.#isDirty = true;
    this.#phase = SearchPhase.none;
    this.#singly = singly;
    this.#krefs = [];
    this.#held = [];
    this.#marks = [];
    this.#live = [];
    this.#at = new Map();
    this.#next = 0;
    this.#roots = 0;
  }

  #add(kref: KRef): number {
    const known = this.#at.get(kref);
    if (known !== undefined) return known;
    const i = this.#krefs.length;
    this.#at.set(kref, i);
    this.#krefs.push(kref);
    this.#held.push(0);
    this.#marks.push(Mark.unknown);
    return i;
  }

  /** The next one that this phase is to work off; undefined where it is through. */
  take(): KRef | undefined {
    this.#isDirty = true;
    for (;;) {
      const i = this.#phase === SearchPhase.live ? this.#live[this.#next] : this.#next;
      if (i === undefined || i >= this.#krefs.length) return undefined;
      this.#next += 1;
      const mark = this.#marks[i];
      if (mark === Mark.gone || (this.#phase === SearchPhase.clear && mark === Mark.live)) continue;
      return this.#krefs[i];
    }
  }

  /** The member that was taken is visited: so many hold it, and it holds these. */
  visit(kref: KRef, references: number, holds: readonly KRef[]): void {
    this.#count(kref, references);
    for (const held of holds) this.#count(held, -1);
  }

  #count(kref: KRef, by: number): void {
    const i = this.#add(kref);
    this.#held[i] = (this.#held[i] ?? 0) + by;
  }

  /** All members are known: what others hold is live. */
  beginLive(): void {
    this.#phase = SearchPhase.live;
    this.#next = 0;
    for (const [i, held] of this.#held.entries()) {
      assert(held >= 0 || this.#marks[i] === Mark.gone, 'no more holders than there are');
      if (held > 0) this.#markLive(i);
    }
  }

  /** What is live holds these. */
  reach(krefs: readonly KRef[]): void {
    for (const kref of krefs) {
      const i = this.#at.get(kref);
      if (i !== undefined) this.#markLive(i);
    }
  }

  #markLive(i: number): void {
    if (this.#marks[i] !== Mark.unknown) return;
    this.#marks[i] = Mark.live;
    this.#live.push(i);
  }

  beginClear(): void {
    this.#phase = SearchPhase.clear;
    this.#next = 0;
  }

  /** Is it garbage that is being cleared away? */
  isDoomed(kref: KRef): boolean {
    if (this.#phase !== SearchPhase.clear) return false;
    const i = this.#at.get(kref);
    return i !== undefined && this.#marks[i] === Mark.unknown;
  }

  /** The count of a promise has changed. */
  changed(kref: KRef, by: number): void {
    if (this.#phase !== SearchPhase.members) return;
    const i = this.#at.get(kref);
    // What is not visited yet is counted then.
    if (i === undefined || i >= this.#next) return;
    this.#held[i] = (this.#held[i] ?? 0) + by;
    this.#isDirty = true;
    this.#journal.recordRow(this, i, by);
  }

  /** Called by the journal only. */
  restore(i: number, by: number): void {
    this.#held[i] = (this.#held[i] ?? 0) - by;
  }

  /**
   * A settled promise goes, and then lets go of what it holds. Where it was counted as a member it
   * no longer is; what it held before it was looked at is live, since somebody may have taken it.
   * One that had no data when it was looked at was never counted.
   */
  gone(kref: KRef, holds: readonly KRef[]): void {
    const i = this.#at.get(kref);
    if (i === undefined || this.#marks[i] === Mark.gone) return;
    this.#isDirty = true;
    if (this.#phase === SearchPhase.members && i < this.#next) {
      for (const held of holds) if (this.#at.has(held)) this.#count(held, 1);
    } else if (this.#phase === SearchPhase.live) this.reach(holds);
    this.#marks[i] = Mark.gone;
  }

  /** It is no settled promise, so it is none of them. */
  forget(kref: KRef): void {
    this.gone(kref, []);
  }

  /** Has this block changed it? A trial, of which nothing stays, puts that back. */
  get isChanged(): boolean {
    return this.#isDirty;
  }

  putBack(isChanged: boolean): void {
    this.#isDirty = isChanged;
  }

  get #isNeeded(): boolean {
    return this.#phase !== SearchPhase.none || this.#singly > 0;
  }

  get dirtyCount(): number {
    return this.#isDirty && (this.#isNeeded || this.#isStored) ? 1 : 0;
  }

  /** About how many bytes its row takes. */
  get dirtyBytes(): number {
    return this.dirtyCount * (ROW_WEIGHT + this.#krefs.length * MEMBER_BYTES);
  }

  changes(into: RowChange[]): void {
    if (this.dirtyCount === 0) return;
    into.push({ table: 'kernel', key: tangleKey(), value: this.#row() });
  }

  #row(): Uint8Array | undefined {
    if (!this.#isNeeded) return undefined;
    const marks = Uint8Array.from(this.#marks);
    const counters = [this.#phase, this.#next, this.#roots, this.#singly] as const;
    return codec.encode([...counters, this.#krefs, this.#held, marks, this.#live]);
  }

  committed(): void {
    if (this.#isDirty) this.#isStored = this.#isNeeded;
    this.#isDirty = false;
  }
}
