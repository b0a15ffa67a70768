/**
 * Sweeps: what only the RAM of an ended incarnation held is deleted (rules.md#g3, docs/gc.md).
 *
 * Raising the incarnation number has condemned every older zero entry by its key alone. Neither RAM
 * nor V8 is asked, and nothing in here depends on either: a sweep is a function of the rows.
 */
import type { BinaryKey } from '@heirloom/store';
import {
  ROW_ZERO_PREFIX,
  VIRTUAL_TABLES,
  rowZeroPrefix,
  virtualTablePrefix,
} from '@heirloom/store/keys';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { VRef } from '../../protocol/refs.js';
import type { Collections } from '../collections/collections.js';
import type { Core } from '../objects/core.js';
import { placeOf } from '../objects/things.js';
import { vrefIn } from '../rows/decoded.js';
import { CycleCollector } from './cycles.js';
import type { Deletions } from './deletions.js';
import { DismissalSweeper } from './dismissal-sweeper.js';
import { ForkSweeper } from './fork-sweeper.js';

const INCARNATION_BYTES = 4;

interface SweeperOptions {
  readonly core: Core;
  readonly crank: CrankSink;
  readonly deletions: Deletions;
  readonly collections: Collections;
}

export class Sweeper {
  readonly #core: Core;
  readonly #crank: CrankSink;
  readonly #deletions: Deletions;
  readonly #cycles: CycleCollector;
  readonly #dismissals: DismissalSweeper;
  readonly #forks: ForkSweeper;
  /** Up to here the zero table of earlier incarnations is empty, but for `#condemned`. */
  #cursor: BinaryKey = ROW_ZERO_PREFIX;
  readonly #virtualCursors = new Map<number, BinaryKey>();
  /** What sweeps have condemned and not deleted yet. */
  #condemned: VRef[] = [];

  constructor({ core, crank, deletions, collections }: SweeperOptions) {
    this.#core = core;
    this.#crank = crank;
    this.#deletions = deletions;
    this.#cycles = new CycleCollector(core, collections);
    this.#dismissals = new DismissalSweeper(core, deletions.recognition);
    this.#forks = new ForkSweeper(core);
  }

  /**
   * Removes about `rowsMax` rows. With `findsCycles` it looks for things that only hold each other
   * as well, once nothing else is left. True if there is more to do.
   */
  sweep(rowsMax: number, findsCycles: boolean): boolean {
    let left = rowsMax - this.#passes(rowsMax);
    if (left > 0) left -= this.#removeVirtualRows(left);
    if (left > 0) left -= this.#sweepDismissed(left);
    if (left > 0) left -= this.#condemnBy(limit => this.#forks.sweep(limit), left);
    while (findsCycles && left > 0 && !this.#cycles.isDone) {
      left -= this.#condemnBy(limit => this.#cycles.step(limit), left);
    }
    this.#deletions.tell(this.#crank);
    // What RAM held of the dead went with its incarnation.
    this.#deletions.takeRamChanged();
    return left <= 0;
  }

  /** Of this no incarnation is to blame: what is let go of is released, not condemned. */
  #sweepDismissed(limit: number): number {
    const removed = this.#dismissals.sweep(limit);
    this.#core.ledger.settle();
    return removed;
  }

  #passes(limit: number): number {
    let done = 0;
    for (let worked = -1; worked !== 0 && done < limit; done += worked) {
      worked = this.#pass(limit - done);
    }
    return done;
  }

  /** One step, and what it has condemned. */
  #condemnBy(step: (limit: number) => number, limit: number): number {
    const { ledger } = this.#core;
    ledger.beginSweep();
    const worked = step(limit);
    ledger.settle();
    this.#condemned = this.#condemned.concat(ledger.takeCondemned());
    return worked + this.#passes(limit - worked);
  }

  /** Deletes what is condemned so far, which may condemn more. Returns the rows it cost. */
  #pass(limit: number): number {
    const { ledger, context } = this.#core;
    ledger.beginSweep();
    let worked = 0;
    while (worked < limit) {
      const condemned = this.#condemned.at(-1);
      if (condemned === undefined) break;
      worked += this.#remove(condemned, limit - worked);
      // A collection that still has entries goes on.
      if (worked < limit) this.#condemned.pop();
    }
    const end = rowZeroPrefix(context.incarnation);
    let key = worked < limit ? context.rows.nextKey(this.#cursor, end) : undefined;
    while (key !== undefined && worked < limit) {
      worked += this.#removeListed(key, limit - worked);
      if (worked >= limit) break;
      this.#cursor = key;
      key = context.rows.nextKey(key, end);
    }
    this.#retireUnrecognized();
    ledger.settle();
    this.#condemned = this.#condemned.concat(ledger.takeCondemned());
    return worked;
  }

  #removeListed(key: BinaryKey, limit: number): number {
    const baseRef = vrefIn(key, ROW_ZERO_PREFIX.length + INCARNATION_BYTES);
    if (!baseRef.startsWith('o+v')) return this.#remove(baseRef, limit);
    // Its rows go by the prefix of its incarnation.
    this.#core.context.rows.delete(key);
    return 1;
  }

  /** Nothing to do where it has gone with the last row of the limit. */
  #remove(baseRef: VRef, limit: number): number {
    const { ledger, context } = this.#core;
    const place = placeOf(this.#core, baseRef);
    const header = ledger.headerAfter(baseRef);
    const isCondemned = header !== undefined && header.zero > 0;
    if (place === undefined || !isCondemned || header.zero > context.incarnation) return 0;
    switch (place.type) {
      case 'import':
        this.#removeImport(baseRef);
        return 1;
      case 'object':
        return 1 + this.#deletions.deleteObject(baseRef);
      case 'collection':
        return this.#deletions.shrink(baseRef, limit).removed;
      default:
        throw TypeError(`unknown thing ${String(place satisfies never)}`);
    }
  }

  /** A durable weak collection must not lose an entry whose key may come again. */
  #removeImport(vref: VRef): void {
    const { recognition } = this.#deletions;
    if (recognition.isRecognizedDurably(vref)) this.#deletions.dropImport(vref);
    else this.#deletions.retireImport(vref);
  }

  /** Imports that only collections recognised which have just gone. */
  #retireUnrecognized(): void {
    const { incarnation } = this.#core.context;
    for (const vref of new Set(this.#core.ledger.takeUnrecognized())) {
      const header = this.#core.ledger.headerAfter(vref);
      if (this.#core.ledger.isGone(vref) || header?.isDropped !== true) continue;
      // One that this incarnation has had may be recognised by its weak maps: reaps know.
      if (header.released === incarnation + 1) continue;
      if (!this.#deletions.recognition.isRecognizedInRows(vref)) {
        this.#deletions.retireImport(vref);
      }
    }
  }

  #removeVirtualRows(limit: number): number {
    const { rows, incarnation } = this.#core.context;
    let removed = 0;
    for (const table of VIRTUAL_TABLES) {
      const end = virtualTablePrefix(table, incarnation);
      // Nobody adds a row of an ended incarnation: what is before the cursor stays empty.
      let key = this.#virtualCursors.get(table) ?? virtualTablePrefix(table, 0);
      for (; removed < limit; removed += 1) {
        const next = rows.nextKey(key, end);
        if (next === undefined) break;
        rows.delete(next);
        key = next;
      }
      this.#virtualCursors.set(table, key);
      if (removed >= limit) break;
    }
    return removed;
  }
}
