/**
 * The numbers of kinds and collections.
 *
 * Durable ones continue across incarnations: row `01`, read when the first is taken, written at the
 * end of a crank that took one. Merely-virtual ones begin anew in every incarnation and live in RAM
 * only (rules.md#o3).
 */
import { rowVat } from '@heirloom/store/keys';
import type { LiveslotsContext } from '../contract/context.js';
import { packRow, unpackRow } from './frames.js';
import type { RowsOut, Scope } from './scope.js';

/** Kinds below are built in; collections below are liveslots' own. */
export const FIRST_USER_KIND = 10;
export const FIRST_USER_CID = 4;

interface Numbers {
  nextKind: number;
  nextCid: number;
}

export class Counters {
  readonly #context: LiveslotsContext;
  readonly #virtual: Numbers = { nextKind: FIRST_USER_KIND, nextCid: FIRST_USER_CID };
  #durable: Numbers | undefined;
  #isDirty = false;

  constructor(context: LiveslotsContext) {
    this.#context = context;
  }

  takeKind(scope: Scope): number {
    const numbers = this.#take(scope);
    const kind = numbers.nextKind;
    numbers.nextKind += 1;
    return kind;
  }

  takeCid(scope: Scope): number {
    const numbers = this.#take(scope);
    const cid = numbers.nextCid;
    numbers.nextCid += 1;
    return cid;
  }

  collectRows(out: RowsOut): void {
    if (!this.#isDirty || this.#durable === undefined) return;
    const { nextKind, nextCid } = this.#durable;
    out.push([rowVat(), packRow('vat', [nextKind, nextCid])]);
    this.#isDirty = false;
  }

  #take(scope: Scope): Numbers {
    if (!scope.isDurable) return this.#virtual;
    this.#isDirty = true;
    if (this.#durable === undefined) {
      const bytes = this.#context.rows.get(rowVat());
      const [nextKind, nextCid] =
        bytes === undefined ? [FIRST_USER_KIND, FIRST_USER_CID] : unpackRow('vat', bytes);
      this.#durable = { nextKind, nextCid };
    }
    return this.#durable;
  }
}
