/**
 * Finds what a fork was left with that nothing holds: things of which only the vat before it was
 * known to have given references away.
 *
 * Theory of operation. Such a thing has no entry in the zero-count table: there it was held. In the
 * incarnations after the fork, whose RAM cannot have come to it, the rows of all things are looked
 * through once, a bounded number per sweep, and each is settled by the ledger like any other.
 */
import type { BinaryKey } from '@heirloom/store';
import {
  ROW_COLLECTION_PREFIX,
  ROW_OBJECT_PREFIX,
  prefixEnd,
  readU32,
  readU48,
} from '@heirloom/store/keys';
import type { VRef } from '../../protocol/refs.js';
import type { Core } from '../objects/core.js';
import { FIRST_USER_CID } from '../rows/counters.js';
import { bytesAt, unpackRow } from '../rows/frames.js';

const NUMBER_AT = 1;
const INSTANCE_AT = 5;

export class ForkSweeper {
  readonly #core: Core;
  #cursor: BinaryKey = ROW_OBJECT_PREFIX;
  #isDone = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Looks at up to `limit` rows; returns how many. The caller settles what that has touched. */
  sweep(limit: number): number {
    if (this.#isDone) return 0;
    const { forks } = this.#core;
    if (!forks.isSweepDue()) {
      this.#isDone = true;
      return 0;
    }
    let looked = 0;
    while (looked < limit) {
      const key = this.#next();
      if (key === undefined) {
        forks.endSweep();
        this.#isDone = true;
        return looked + 1;
      }
      this.#cursor = key;
      looked += 1;
      const base = this.#forgotten(key);
      if (base !== undefined) this.#core.ledger.touch(base);
    }
    return looked;
  }

  #next(): BinaryKey | undefined {
    const { rows } = this.#core.context;
    if (this.#cursor.startsWith(ROW_OBJECT_PREFIX)) {
      const key = rows.nextKey(this.#cursor, prefixEnd(ROW_OBJECT_PREFIX));
      if (key !== undefined) return key;
      this.#cursor = ROW_COLLECTION_PREFIX;
    }
    return rows.nextKey(this.#cursor, prefixEnd(ROW_COLLECTION_PREFIX));
  }

  /** The thing of this row, if somebody reached it before the fork, and nothing holds it now. */
  #forgotten(key: BinaryKey): VRef | undefined {
    const bytes = bytesAt(this.#core.context.rows, key);
    if (key.startsWith(ROW_OBJECT_PREFIX)) {
      const [, , count, es] = unpackRow('object', bytes);
      if (count > 0 || !this.#isForgotten(es)) return undefined;
      return this.#core.durable.refOf(readU32(key, NUMBER_AT), readU48(key, INSTANCE_AT));
    }
    const [storeKind, , , , , count, es] = unpackRow('collection', bytes);
    const cid = readU48(key, NUMBER_AT);
    if (cid < FIRST_USER_CID || count > 0 || !this.#isForgotten(es)) return undefined;
    return this.#core.durable.refOf(storeKind, cid);
  }

  #isForgotten(stored: string): boolean {
    return stored.includes('r') && !this.#core.forks.statusOf(stored).includes('r');
  }
}
