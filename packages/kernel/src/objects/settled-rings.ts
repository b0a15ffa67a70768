/**
 * Rings: settled promises each of which reaches all the others of them through its data.
 *
 * Theory of operation. A notify that cannot tell of all that a promise reaches must tell of its
 * ring at least: what it leaves out is told later, under other names, and would lead back to it for
 * ever. A search follows the data of settled promises from one of them, in order of mention, and
 * finds the rings of all that it reaches (Tarjan's strongly connected components, without
 * recursion). What it has found is kept while waves go on asking, because the rest of what a notify
 * leaves out is asked for next.
 *
 * Invariants: what is answered follows from the tables alone, whatever is kept: how much a search
 * may look at is counted from the promise that is asked for, and what a search has found holds for
 * as long as no unresolved promise that it came upon has settled, since the data of a settled
 * promise never changes. What reaches too much always will, and so does what leads to it.
 */
import type { Steps } from '@heirloom/store';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { PromiseState } from '../state/schema.js';

/** Promises, and references in their data, that one search looks at. */
const RING_SEARCH_MAX = 1_000_000;
/** Promises that searches may have found, or come upon unresolved, in all that is kept. */
const KEPT_MAX = RING_SEARCH_MAX;
/** Searches that are kept: each may be the one that knows a promise. */
const KEPT_SEARCHES_MAX = 64;
/** Unresolved promises of a search that is kept: they are looked at whenever it is asked. */
const KEPT_UNRESOLVED_MAX = 1_000;
/** Promises of which it is kept that they reach too much. */
const KEPT_TOO_MUCH_MAX = 10_000;

type Ring = ReadonlySet<KRef>;

/** A settled promise that a search has come to. */
interface Visit {
  readonly kref: KRef;
  mentions: readonly KRef[];
  /** Of `mentions`, the next to be followed. */
  next: number;
  readonly number: number;
  /** The lowest number that it is known to reach among those whose ring is not known yet. */
  low: number;
  isOpen: boolean;
}

interface Search {
  readonly reached: { readonly size: number; has(kref: KRef): boolean };
  /** By member. A promise that reaches itself alone is in none. */
  readonly rings: ReadonlyMap<KRef, Ring>;
  readonly unresolved: ReadonlySet<KRef>;
}

const sizeOf = ({ reached, unresolved }: Search): number => reached.size + unresolved.size;

interface SearchLimits {
  /** Promises, and references in their data. */
  readonly most: number;
  /** Whoever comes to one of these has more to look at. */
  readonly tooMuch: ReadonlySet<KRef>;
}

class Searcher {
  readonly #state: KernelState;
  readonly #tooMuch: ReadonlySet<KRef>;
  readonly #visits = new Map<KRef, Visit>();
  readonly #path: Visit[] = [];
  readonly #open: Visit[] = [];
  readonly #rings = new Map<KRef, Ring>();
  readonly #unresolved = new Set<KRef>();
  #left: number;

  constructor(state: KernelState, { most, tooMuch }: SearchLimits) {
    this.#state = state;
    this.#left = most;
    this.#tooMuch = tooMuch;
  }

  /** Undefined: there is too much to look at. */
  *from(promise: KRef): Steps<Search | undefined> {
    this.#come(promise);
    for (;;) {
      const visit = this.#path.at(-1);
      if (visit === undefined) break;
      if (this.#left < 0) return undefined;
      yield* this.#goingOn(visit);
      yield;
    }
    return { reached: this.#visits, rings: this.#rings, unresolved: this.#unresolved };
  }

  #come(kref: KRef): void {
    const { state, slots } = this.#state.promises.need(kref);
    if (state === PromiseState.unresolved) {
      this.#unresolved.add(kref);
      return;
    }
    this.#left -= this.#tooMuch.has(kref) ? Infinity : 1 + slots.length;
    const number = this.#visits.size;
    const mentions = slots.filter(isPromiseKRef);
    const visit = { kref, mentions, next: 0, number, low: number, isOpen: true };
    this.#visits.set(kref, visit);
    this.#path.push(visit);
    this.#open.push(visit);
  }

  /** Follows the next reference, or leaves a promise all of whose data has been followed. */
  *#goingOn(visit: Visit): Steps<void> {
    const kref = visit.mentions[visit.next];
    if (kref === undefined) return yield* this.#leaving(visit);
    const known = this.#visits.get(kref);
    if (known === undefined && !this.#unresolved.has(kref)) this.#come(kref);
    else if (known?.isOpen === true) visit.low = Math.min(visit.low, known.number);
    visit.next += 1;
    return undefined;
  }

  *#leaving(visit: Visit): Steps<void> {
    visit.mentions = [];
    this.#path.pop();
    const before = this.#path.at(-1);
    if (before !== undefined) before.low = Math.min(before.low, visit.low);
    if (visit.low < visit.number) return;
    const ring = new Set<KRef>();
    for (;;) {
      const member = this.#open.pop();
      if (member === undefined) break;
      member.isOpen = false;
      ring.add(member.kref);
      if (member === visit) break;
      this.#rings.set(member.kref, ring);
      yield;
    }
    if (ring.size > 1) this.#rings.set(visit.kref, ring);
  }
}

export class SettledRings {
  readonly #state: KernelState;
  readonly #most: number;
  #kept: Search[] = [];
  readonly #tooMuch = new Set<KRef>();
  #wasAsked = false;

  constructor(state: KernelState, most = RING_SEARCH_MAX) {
    this.#state = state;
    this.#most = most;
  }

  /** What was not asked for in this wave is forgotten, and all of it where no other one follows. */
  endWave(): void {
    if (!this.#wasAsked || this.#state.queue.length === 0) {
      this.#kept = [];
      this.#tooMuch.clear();
    }
    this.#wasAsked = false;
  }

  /**
   * The ring of a settled promise, with itself; alone where it is in none. Undefined: its data
   * reaches more than one search may look at.
   */
  *ringOf(promise: KRef): Steps<Ring | undefined> {
    this.#wasAsked = true;
    if (this.#tooMuch.has(promise)) return undefined;
    const search = (yield* this.#knowing(promise)) ?? (yield* this.#searching(promise));
    return search && (search.rings.get(promise) ?? new Set([promise]));
  }

  /** The search that knows a promise, if one is kept. One that holds no more is forgotten. */
  *#knowing(promise: KRef): Steps<Search | undefined> {
    for (;;) {
      const search = this.#kept.find(({ reached }) => reached.has(promise));
      if (search === undefined || (yield* this.#holds(search))) return search;
      this.#kept = this.#kept.filter(each => each !== search);
    }
  }

  *#holds({ unresolved }: Search): Steps<boolean> {
    const { promises } = this.#state;
    for (const kref of unresolved) {
      if (promises.get(kref)?.state !== PromiseState.unresolved) return false;
      yield;
    }
    return true;
  }

  *#searching(promise: KRef): Steps<Search | undefined> {
    const limits = { most: this.#most, tooMuch: this.#tooMuch };
    const search = yield* new Searcher(this.#state, limits).from(promise);
    if (search !== undefined) this.#keep(search);
    else {
      if (this.#tooMuch.size >= KEPT_TOO_MUCH_MAX) this.#tooMuch.clear();
      this.#tooMuch.add(promise);
    }
    return search;
  }

  #keep(search: Search): void {
    if (search.unresolved.size > KEPT_UNRESOLVED_MAX) return;
    this.#kept.push(search);
    let size = 0;
    for (const kept of this.#kept) size += sizeOf(kept);
    while (size > KEPT_MAX || this.#kept.length > KEPT_SEARCHES_MAX) {
      const oldest = this.#kept.shift();
      size -= oldest === undefined ? size : sizeOf(oldest);
    }
  }
}
