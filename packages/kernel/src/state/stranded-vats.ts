/**
 * Vats that get nothing until code of them starts: those that another engine has taken over, until
 * their start on it has succeeded (docs/move-to-another-node.md). Their rows stay; what is sent to
 * them is *parked*: off the run queue, in order, until a start succeeds or the vat ends.
 *
 * Invariant: who is stranded changes in items that are not undone, and in inputs.
 */
import { textOf, utf8 } from '@heirloom/store';
import type { VatNumber } from '@heirloom/worker';
import { parkedItemKey, ranges, type KeyRange } from './kernel-keys.js';
import type { KernelTable } from './kernel-table.js';
import type { RunQueueItem } from './queue-items.js';

/** Of the text that says why a start failed. */
const REASON_LENGTH_MAX = 1_000;

/** The row of a vat: UTF-8 of why its start failed; null while none has been tried. */
type StrandedRow = Uint8Array | null;

interface StrandedTables {
  readonly rows: KernelTable<VatNumber, StrandedRow>;
  /** By `parkedItemKey(vat, ordinal)`. */
  readonly parked: KernelTable<string, RunQueueItem>;
}

export class StrandedVats {
  readonly #tables: StrandedTables;
  /** As the rows say: looked at for every item of a wave. */
  readonly #vats: Set<VatNumber>;

  constructor(tables: StrandedTables) {
    this.#tables = tables;
    this.#vats = new Set(tables.rows.scan(ranges.stranded));
  }

  has(vat: VatNumber): boolean {
    return this.#vats.has(vat);
  }

  /** In order of their numbers. */
  get all(): readonly VatNumber[] {
    return [...this.#vats].sort((a, b) => a - b);
  }

  /** There is one whose start has not been tried yet. */
  get someUntried(): boolean {
    return [...this.#vats].some(vat => this.#tables.rows.need(vat) === null);
  }

  /** Why its start failed; null: none has been tried. Undefined: it is not stranded. */
  reasonOf(vat: VatNumber): string | null | undefined {
    if (!this.has(vat)) return undefined;
    const reason = this.#tables.rows.need(vat);
    return reason === null ? null : textOf(reason);
  }

  /** `reason`: why its start failed; null: it has not been tried. */
  strand(vat: VatNumber, reason: string | null): void {
    this.#vats.add(vat);
    const text = reason?.slice(0, REASON_LENGTH_MAX).toWellFormed();
    this.#tables.rows.set(vat, text === undefined ? null : utf8(text));
  }

  /** The item has left the run queue, where it had this ordinal. */
  park(vat: VatNumber, ordinal: number, item: RunQueueItem): void {
    this.#tables.parked.create(parkedItemKey(vat, ordinal), item);
  }

  /** The vat is stranded no more: what was parked, in order. */
  release(vat: VatNumber): RunQueueItem[] {
    const { rows, parked } = this.#tables;
    this.#vats.delete(vat);
    rows.delete(vat);
    const keys = [...parked.scan(ranges.parked(vat))];
    return keys.map(key => {
      const item = parked.need(key);
      parked.delete(key);
      return item;
    });
  }

  /** Of rows that are grouped by vats: the ranges of vats that are not stranded. */
  rangesBetween(whole: KeyRange, rangeOf: (vat: VatNumber) => KeyRange): KeyRange[] {
    const between: KeyRange[] = [];
    let { prefix } = whole;
    for (const vat of this.all) {
      const own = rangeOf(vat);
      between.push({ prefix, end: own.prefix });
      prefix = own.end;
    }
    return [...between, { prefix, end: whole.end }].filter(range => range.prefix < range.end);
  }
}
