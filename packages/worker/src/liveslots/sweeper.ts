/**
 * Sweeps: what only the RAM of an ended incarnation held is deleted (rule G3, docs/gc.md).
 *
 * Raising the incarnation number has condemned every older zero entry by its key alone. Neither RAM
 * nor V8 is asked, and nothing in here depends on either: a sweep is a function of the rows.
 */
import {
  ROW_ZERO_PREFIX,
  VIRTUAL_TABLES,
  readU32,
  rowZeroPrefix,
  virtualTablePrefix,
} from '@heirloom/store/keys';
import { check } from '../check.js';
import { placeOf } from './things.js';
import type { BinaryKey } from '@heirloom/store';
import type { CrankSink } from '../supervisor/crank.js';
import type { VRef } from '../protocol/refs.js';
import type { Core } from './core.js';
import type { Deletions } from './deletions.js';

const INCARNATION_BYTES = 4;

export class Sweeper {
  readonly #core: Core;
  readonly #crank: CrankSink;
  readonly #deletions: Deletions;

  constructor(core: Core, crank: CrankSink, deletions: Deletions) {
    this.#core = core;
    this.#crank = crank;
    this.#deletions = deletions;
  }

  /** Removes about `rowsMax` rows. True if there is more to do. */
  sweep(rowsMax: number): boolean {
    let left = rowsMax;
    for (let worked = -1; worked !== 0 && left > 0; left -= worked) worked = this.#pass(left);
    if (left > 0) left -= this.#removeVirtualRows(left);
    this.#deletions.tell(this.#crank);
    // What RAM held of the dead went with its incarnation.
    this.#deletions.takeRamChanged();
    return left <= 0;
  }

  /** One walk over what is condemned so far; it may condemn more. Returns the rows it cost. */
  #pass(limit: number): number {
    const { ledger, context } = this.#core;
    const end = rowZeroPrefix(context.incarnation);
    ledger.beginSweep();
    let worked = 0;
    let key = context.rows.nextKey(ROW_ZERO_PREFIX, end);
    while (key !== undefined && worked < limit) {
      worked += this.#remove(key, limit - worked);
      key = context.rows.nextKey(key, end);
    }
    this.#retireUnrecognized();
    ledger.settle();
    return worked;
  }

  #remove(key: BinaryKey, limit: number): number {
    const baseRef = key.slice(ROW_ZERO_PREFIX.length + INCARNATION_BYTES) as VRef;
    if (baseRef.startsWith('o+v')) {
      // Its rows go by the prefix of its incarnation.
      this.#core.context.rows.delete(key);
      return 1;
    }
    const place = placeOf(this.#core, baseRef);
    const header = this.#core.ledger.headerAfter(baseRef);
    check(place !== undefined && header !== undefined, 'a zero entry of what is no more');
    const incarnation = readU32(key, ROW_ZERO_PREFIX.length);
    check(header.zero === incarnation + 1, 'a thing has one zero entry');
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
      let key = rows.nextKey(virtualTablePrefix(table, 0), end);
      while (key !== undefined && removed < limit) {
        rows.delete(key);
        removed += 1;
        key = rows.nextKey(key, end);
      }
      if (removed >= limit) break;
    }
    return removed;
  }
}
