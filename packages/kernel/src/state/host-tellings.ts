/**
 * What the host will be told of when the block in progress is durable: references in results, and
 * those in calls of its objects, which it is told of a moment later.
 *
 * Nothing here is stored: it says which pins the host does not know yet, and which of them a
 * release must leave alone. Invariants: what a crank would have told is undone with the crank; who
 * keeps a `Telling` can ask it later whether the host was told of a reference after that.
 */
import type { Journal, Restorable } from './journal.js';
import type { KRef } from './krefs.js';

/** What is told at one moment. */
class Telling implements Restorable {
  /** Does the host know each from before, and has not released it? */
  readonly #known = new Map<KRef, boolean>();

  has(kref: KRef): boolean {
    return this.#known.has(kref);
  }

  isNew(kref: KRef): boolean {
    return this.#known.get(kref) === false;
  }

  add(kref: KRef, isKnown: boolean, journal: Journal): void {
    if (this.#known.has(kref)) return;
    journal.recordRow(this, kref, undefined);
    this.#known.set(kref, isKnown);
  }

  /** What the host knew of `kref` changes, if it is to be told of it. */
  know(kref: KRef, isKnown: boolean): void {
    if (this.#known.has(kref)) this.#known.set(kref, isKnown);
  }

  /** Called by the journal only. */
  restore(kref: KRef): void {
    this.#known.delete(kref);
  }

  krefs(): Iterable<KRef> {
    return this.#known.keys();
  }
}

/** What the host was still to be told of at some time. */
export interface Untold {
  /** Has the host been told of `kref` since? */
  wasTold(kref: KRef): boolean;
}

export class HostTellings {
  readonly #journal: Journal;
  #results = new Telling();
  #calls = new Telling();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** A result, or a call, will tell of `kref`. Undone with its crank. */
  add(kind: 'results' | 'calls', kref: KRef, isKnown: boolean): void {
    const telling = kind === 'results' ? this.#results : this.#calls;
    telling.add(kref, isKnown && !this.isNew(kref), this.#journal);
  }

  /** Will the host be told of it? */
  has(kref: KRef): boolean {
    return this.#results.has(kref) || this.#calls.has(kref);
  }

  /** Will the host be told of it, and does not know it from before? */
  isNew(kref: KRef): boolean {
    return this.#results.isNew(kref) || this.#calls.isNew(kref);
  }

  /** The host has released what it knew of `kref`. */
  released(kref: KRef): void {
    this.#results.know(kref, false);
    this.#calls.know(kref, false);
  }

  /** The block is durable, and its results are told. */
  toldResults(): void {
    for (const kref of this.#results.krefs()) this.#calls.know(kref, true);
    this.#results = new Telling();
  }

  /** The block is durable, and its calls are handed over. */
  toldCalls(): void {
    this.#calls = new Telling();
  }

  untold(): Untold {
    const [results, calls] = [this.#results, this.#calls];
    return {
      wasTold: kref =>
        (results !== this.#results && results.has(kref)) ||
        (calls !== this.#calls && calls.has(kref)),
    };
  }
}
