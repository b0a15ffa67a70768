/**
 * The run queue: what the kernel still has to deliver, in order.
 *
 * Invariants: ordinals only grow, but for what goes to the head; every `send` names an object
 * (rules.md#w2); an item leaves when its crank is merged, so that what a wave defers keeps its
 * place (rules.md#w7). Removal is never undone.
 */
import assert from 'node:assert/strict';
import type { ReadView, RowChange, Steps } from '@heirloom/store';
import type { Journal, Restorable } from './journal.js';
import { ranges, spellings } from './kernel-keys.js';
import { KernelTable } from './kernel-table.js';
import type { RunQueueItem } from './queue-items.js';
import { codecs } from './schema.js';

export interface QueueEntry {
  readonly ordinal: number;
  readonly item: RunQueueItem;
}

export class RunQueue implements Restorable {
  readonly #journal: Journal;
  readonly #items: KernelTable<number, RunQueueItem>;
  /** In order of ordinals. */
  #pending = new Map<number, RunQueueItem>();

  constructor(view: ReadView, journal: Journal) {
    this.#journal = journal;
    const { spell, parse } = spellings.queue;
    const codec = codecs.item;
    const options = {
      view,
      table: 'kernel',
      journal,
      codec,
      spell,
      parse,
      cacheRowsMax: 1,
    } as const;
    this.#items = new KernelTable(options);
    for (const ordinal of this.#items.scan(ranges.queue)) {
      this.#pending.set(ordinal, this.#items.need(ordinal));
    }
  }

  get length(): number {
    return this.#pending.size;
  }

  append(ordinal: number, item: RunQueueItem): void {
    this.#items.create(ordinal, item);
    this.#pending.set(ordinal, item);
    this.#journal.recordRow(this, ordinal, undefined);
  }

  /**
   * Puts items at the head, behind the first `after`. `tail`: the next ordinal of `append`. Not to
   * be undone: an input does it, or an item that is carried out.
   */
  insert(items: readonly RunQueueItem[], after: number, tail: number): void {
    if (items.length === 0) return;
    const [...entries] = this.#pending;
    const ahead = entries.slice(0, after).map(([ordinal, moved]) => {
      this.#items.delete(ordinal);
      return moved;
    });
    const rest = entries.slice(after);
    const end = rest[0]?.[0] ?? tail;
    const start = end - ahead.length - items.length;
    assert(start >= 0, 'there is room before the first ordinal');
    const placed = [...ahead, ...items].map((one, i): [number, RunQueueItem] => [start + i, one]);
    for (const [ordinal, one] of placed) this.#items.create(ordinal, one);
    this.#pending = new Map([...placed, ...rest]);
  }

  /** Called by the journal only. */
  restore(ordinal: number): void {
    this.#pending.delete(ordinal);
  }

  remove(ordinal: number): void {
    this.#pending.delete(ordinal);
    this.#items.delete(ordinal);
  }

  /** An item that stays at its place and says something else. Not to be undone. */
  replace(ordinal: number, item: RunQueueItem): void {
    assert(this.#pending.has(ordinal), 'what is replaced is queued');
    this.#items.set(ordinal, item);
    this.#pending.set(ordinal, item);
  }

  /** All items, in order, without removing them. The queue must not change meanwhile. */
  *entries(): Generator<QueueEntry, void> {
    for (const [ordinal, item] of this.#pending) yield { ordinal, item };
  }

  /** The first `limit` items, without removing them. */
  head(limit: number): QueueEntry[] {
    const entries: QueueEntry[] = [];
    for (const entry of this.entries()) {
      if (entries.length >= limit) break;
      entries.push(entry);
    }
    return entries;
  }

  get dirtyCount(): number {
    return this.#items.dirtyCount;
  }

  changes(into: RowChange[]): void {
    this.#items.changes(into);
  }

  /** The same in steps. */
  changing(into: RowChange[]): Steps<void> {
    return this.#items.changing(into);
  }

  committed(): void {
    this.#items.committed();
  }
}
