/**
 * What kinds and collections share: a vat's parts of liveslots, and the two *scopes* that an object
 * can belong to, durable and merely virtual.
 *
 * Invariant: nothing here reads a row or the incarnation before it is first used, so that all of it
 * can be made before the thread knows its vat (rules.md#u4).
 */
import type { BinaryKey } from '@heirloom/store';
import { durableRef, virtualRef } from '../../protocol/refs.js';
import type { VRef } from '../../protocol/refs.js';
import type { LiveslotsContext } from '../contract/context.js';
import { TableKeys } from './table-keys.js';

/** Rows that a crank leaves behind: `endCrank` writes them in key order. */
export type RowsOut = [key: BinaryKey, value: Uint8Array | null][];

export class Scope {
  readonly isDurable: boolean;
  readonly #context: LiveslotsContext;
  #keys: TableKeys | undefined;

  constructor(context: LiveslotsContext, isDurable: boolean) {
    this.#context = context;
    this.isDurable = isDurable;
  }

  get keys(): TableKeys {
    this.#keys ??= new TableKeys(this.isDurable ? undefined : this.#context.incarnation);
    return this.#keys;
  }

  refOf(kind: number, instance: number, facet?: number): VRef {
    return this.isDurable
      ? durableRef(kind, instance, facet)
      : virtualRef(this.#context.incarnation, kind, instance, facet);
  }
}
