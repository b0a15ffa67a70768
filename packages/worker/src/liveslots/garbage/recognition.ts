/**
 * Recognition: weak collections, and weak maps and sets of vat code, that have an entry keyed by a
 * reference without holding what it names.
 *
 * Weak collections say so in rows, `50` and, merely-virtual ones, `d0`: so what they recognise is
 * known without asking RAM.
 */
import { prefixEnd, readU48 } from '@heirloom/store/keys';
import type { VRef } from '../../protocol/refs.js';
import { CollectionEntries } from '../collections/collection-entries.js';
import type { Collections } from '../collections/collections.js';
import type { Core } from '../objects/core.js';
import type { Scope } from '../rows/scope.js';

const CID_BYTES = 6;

export class Recognition {
  readonly #core: Core;
  readonly #collections: Collections;

  constructor(core: Core, collections: Collections) {
    this.#core = core;
    this.#collections = collections;
  }

  /** Does a durable weak collection recognise it? */
  isRecognizedDurably(vref: VRef): boolean {
    return this.#hasRow(this.#core.durable, vref);
  }

  /** Does a weak collection, durable or not? */
  isRecognizedInRows(vref: VRef): boolean {
    return this.#hasRow(this.#core.durable, vref) || this.#hasRow(this.#core.virtual, vref);
  }

  /** Does a weak map or set of vat code, as far as V8 has not collected it? Asks V8. */
  isRecognizedInRam(vref: VRef): boolean {
    return this.#core.ramRecognizers.isRecognized(vref);
  }

  /**
   * What `vref` names is no more: every entry keyed by it goes. Returns how many rows of entries
   * went, and whether RAM has let go of values.
   */
  cease(vref: VRef): { readonly entries: number; readonly isRamChanged: boolean } {
    let entries = 0;
    for (const scope of [this.#core.durable, this.#core.virtual]) {
      for (const cid of this.#cids(scope, vref)) {
        const tables = this.#collections.tablesOf(scope.isDurable);
        new CollectionEntries(this.#core, tables, cid, true).removeRef(vref);
        entries += 1;
      }
    }
    return { entries, isRamChanged: this.#core.ramRecognizers.cease(vref) };
  }

  #hasRow(scope: Scope, vref: VRef): boolean {
    const prefix = scope.keys.recognizers(vref);
    return this.#core.context.rows.nextKey(prefix, prefixEnd(prefix)) !== undefined;
  }

  #cids(scope: Scope, vref: VRef): number[] {
    const { rows } = this.#core.context;
    const prefix = scope.keys.recognizers(vref);
    const end = prefixEnd(prefix);
    const cids: number[] = [];
    for (let key = rows.nextKey(prefix, end); key !== undefined; key = rows.nextKey(key, end)) {
      cids.push(readU48(key, key.length - CID_BYTES));
    }
    return cids;
  }
}
