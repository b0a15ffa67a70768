/**
 * The kernel's tables, their counters and what a block has changed in them.
 *
 * Every function over the state takes it first. Changes are journaled until `endCrank`, so that a
 * crank is merged or undone as a whole; they reach the store with the block.
 */
import { packFrame, unpackFrame, type ReadView, type RowChange } from '@heirloom/store';
import type { TranscriptTuple } from '@heirloom/worker';
import { Journal, type Mark } from './journal.js';
import { KernelTable } from './kernel-table.js';
import type { KRef } from './krefs.js';
import { RowTable } from './row-table.js';
import { keys } from './keys.js';
import { RunQueue } from './run-queue.js';
import {
  codecs,
  FIRST_COUNTERS,
  type CleanupRow,
  type ClistRow,
  type Counters,
  type HostResultRow,
  type ObjectRow,
  type PromiseRow,
  type QueuedMessage,
  type RunQueueItem,
  type VatCounters,
  type VatNumber,
  type VatRow,
} from './schema.js';

interface AnyTable {
  readonly dirtyCount: number;
  changes(into: RowChange[]): void;
  committed(): void;
}

export class KernelState {
  readonly journal = new Journal();
  readonly objects: KernelTable<ObjectRow>;
  readonly promises: KernelTable<PromiseRow>;
  readonly promiseQueues: KernelTable<QueuedMessage>;
  readonly vats: KernelTable<VatRow>;
  readonly vatCounters: KernelTable<VatCounters>;
  /** (vat, vref) → kref, for everything in a vat's c-list. */
  readonly exports: KernelTable<KRef>;
  /** (vat, kref) → vref, for imports and promises. */
  readonly clist: KernelTable<ClistRow>;
  readonly names: KernelTable<number>;
  readonly pins: KernelTable<number>;
  /** Host input → its result promise, until the block after its settlement. */
  readonly hostResults: KernelTable<HostResultRow>;
  readonly cleanup: KernelTable<CleanupRow>;
  readonly rows: RowTable;
  readonly queue: RunQueue;
  readonly #view: ReadView;
  readonly #tables: AnyTable[];
  readonly #transcript = new Map<string, Uint8Array | undefined>();
  #counters: Counters;
  #countersChanged = false;
  /** Krefs whose counts may have reached nil: looked at when the wave ends (rule G1). */
  readonly maybeFree = new Set<KRef>();

  constructor(view: ReadView) {
    this.#view = view;
    const { journal } = this;
    const table = <V>(codec: { encode(v: V): Uint8Array; decode(b: Uint8Array): V }) =>
      new KernelTable<V>({ view, table: 'kernel', journal, codec });
    this.objects = table(codecs.object);
    this.promises = table(codecs.promise);
    this.promiseQueues = table(codecs.message);
    this.vats = table(codecs.vat);
    this.vatCounters = table(codecs.vatCounters);
    this.exports = table(codecs.kref);
    this.clist = table(codecs.clist);
    this.names = table(codecs.count);
    this.pins = table(codecs.count);
    this.hostResults = table(codecs.hostResult);
    this.cleanup = table(codecs.cleanup);
    this.rows = new RowTable(view, journal);
    this.queue = new RunQueue(view, journal);
    this.#tables = [
      this.objects,
      this.promises,
      this.promiseQueues,
      this.vats,
      this.vatCounters,
      this.exports,
      this.clist,
      this.names,
      this.pins,
      this.hostResults,
      this.cleanup,
      this.rows,
      this.queue,
    ];
    const counters = view.get('kernel', keys.counters);
    this.#counters = counters === undefined ? FIRST_COUNTERS : codecs.counters.decode(counters);
  }

  get counters(): Counters {
    return this.#counters;
  }

  /** Takes the next number of a counter. */
  next(counter: keyof Counters): number {
    const before = this.#counters;
    this.#counters = { ...before, [counter]: before[counter] + 1 };
    this.#countersChanged = true;
    this.journal.record(() => {
      this.#counters = before;
    });
    return before[counter];
  }

  enqueue(item: RunQueueItem): void {
    this.queue.append(this.next('queueTail'), item);
  }

  /** Appends to a vat's transcript. Never part of a crank that is undone. */
  record(vat: VatNumber, incarnation: number, position: number, entry: TranscriptTuple): void {
    this.#transcript.set(keys.transcript(vat, incarnation, position), packFrame(entry));
  }

  /** Removes an entry of an ended incarnation. */
  forgetEntry(vat: VatNumber, incarnation: number, position: number): void {
    const key = keys.transcript(vat, incarnation, position);
    if (this.#transcript.has(key)) this.#transcript.delete(key);
    else this.#transcript.set(key, undefined);
  }

  mark(): Mark {
    return this.journal.mark();
  }

  /** What the crank did stays. */
  endCrank(): void {
    this.journal.clear();
  }

  get dirtyCount(): number {
    return this.#tables.reduce((sum, t) => sum + t.dirtyCount, this.#transcript.size);
  }

  /** Everything that this block writes to hashed tables. */
  changes(): RowChange[] {
    const changes: RowChange[] = [];
    for (const table of this.#tables) table.changes(changes);
    for (const [key, value] of this.#transcript) changes.push({ table: 'transcript', key, value });
    if (this.#countersChanged) {
      const value = codecs.counters.encode(this.#counters);
      changes.push({ table: 'kernel', key: keys.counters, value });
    }
    return changes;
  }

  committed(): void {
    for (const table of this.#tables) table.committed();
    this.#transcript.clear();
    this.#countersChanged = false;
    this.journal.clear();
  }

  /** A row of `meta`, as of the last commit. */
  meta(name: string): unknown {
    const bytes = this.#view.get('meta', name);
    return bytes === undefined ? undefined : unpackFrame(bytes);
  }
}
