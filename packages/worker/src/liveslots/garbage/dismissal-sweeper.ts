/**
 * Removes the rows of dismissed kinds, a bounded number per sweep (rules.md#g3, rules.md#g4).
 *
 * An instance goes as if it had been collected: what it held is let go, entries of weak collections
 * keyed by it go. Unlike what a sweep condemns it may have been in use by this incarnation, so what
 * it held is released to RAM, not condemned. A kind's own rows go last: as long as there is one the
 * kind is not swept. The kernel takes the exports away by itself.
 */
import type { BinaryKey } from '@heirloom/store';
import {
  ROW_OBJECT_PREFIX,
  prefixEnd,
  readU48,
  rowKind,
  rowKindNext,
  rowObjectPrefix,
  rowObjectState,
  rowWatcher,
} from '@heirloom/store/keys';
import type { VRef } from '../../protocol/refs.js';
import type { Core } from '../objects/core.js';
import { newHeader } from '../objects/things.js';
import { namesOf } from '../rows/decoded.js';
import { rowAt, unpackRow } from '../rows/frames.js';
import type { KindRow } from '../rows/frames.js';
import type { Recognition } from './recognition.js';

const KIND_BYTES = 4;

export class DismissalSweeper {
  readonly #core: Core;
  readonly #recognition: Recognition;

  constructor(core: Core, recognition: Recognition) {
    this.#core = core;
    this.#recognition = recognition;
  }

  /** Removes about `limit` rows; returns how many. */
  sweep(limit: number): number {
    const { dismissals, context } = this.#core;
    let removed = 0;
    for (const kind of dismissals.kinds()) {
      const bytes = context.rows.get(rowKind(kind));
      if (bytes === undefined) continue;
      removed += this.#sweepKind(kind, unpackRow('kind', bytes), limit - removed);
      if (removed >= limit) return removed;
    }
    return removed;
  }

  #sweepKind(kind: number, row: KindRow, limit: number): number {
    const { rows, codec } = this.#core.context;
    const [, text, , shapeSlots] = row;
    const facets = text === null ? undefined : namesOf(codec, text).length;
    const prefix = rowObjectPrefix(kind);
    const end = prefixEnd(prefix);
    let removed = 0;
    for (;;) {
      const key = rows.nextKey(prefix, end);
      if (key === undefined) break;
      if (removed >= limit) return removed;
      removed += this.#removeInstance(kind, key, facets);
    }
    this.#core.ledger.rowChanged(true, shapeSlots, []);
    for (const key of [rowKindNext(kind), rowWatcher(kind)]) {
      if (rows.get(key) !== undefined) rows.delete(key);
    }
    rows.delete(rowKind(kind));
    return removed + 1;
  }

  #removeInstance(kind: number, key: BinaryKey, facets: number | undefined): number {
    const { context, durable, ledger } = this.#core;
    const instance = readU48(key, ROW_OBJECT_PREFIX.length + KIND_BYTES);
    const baseRef = durable.refOf(kind, instance);
    const [, , , , zero, , body, slots] = rowAt('object', context.rows, key);
    context.rows.delete(key);
    if (body === null) context.rows.delete(rowObjectState(kind, instance));
    ledger.rowChanged(true, slots, []);
    ledger.unlist(baseRef, { ...newHeader(), zero });
    ledger.gone(baseRef);
    let removed = 1;
    const refs: VRef[] =
      facets === undefined
        ? [baseRef]
        : Array.from({ length: facets }, (_, facet) => durable.refOf(kind, instance, facet));
    for (const vref of refs) removed += this.#recognition.cease(vref).entries;
    return removed;
  }
}
