/**
 * The kernel's tables, their counters and what a block has changed in them.
 *
 * Every function over the state takes it first. Changes are journaled until `endCrank`, so that a
 * crank is merged or undone as a whole; they reach the store with the block.
 */
import {
  atOnce,
  countersKey,
  DUE_PREFIX,
  FIRST_HEIGHT,
  heightAfter,
  SUSPECT_PREFIX,
  transcriptKey,
  type BinaryKey,
  type Height,
  type ReadView,
  type RowChange,
  type Steps,
} from '@heirloom/store';
import {
  spaceOf,
  vatNumberAfter,
  type HandOverWave,
  type Incarnation,
  type Position,
  type Space,
  type TranscriptTuple,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { AppendRows } from './append-rows.js';
import { decodeRow } from './damage.js';
import { DueKRefs } from './due-krefs.js';
import { dataWeight } from './frame-codec.js';
import { HostSettlements } from './host-settlements.js';
import { HostTellings } from './host-tellings.js';
import { inputAfter, type InputNumber } from './input-numbers.js';
import { Journal, type Mark } from './journal.js';
import { ranges, readPosition, spellings, type KeyRange } from './kernel-keys.js';
import { KernelTable, type RowCodec } from './kernel-table.js';
import { isPromiseKRef, krefNumber, type KRef } from './krefs.js';
import { MovedBytes } from './moved-bytes.js';
import { itemWeight, ItemType, type QueuedMessage, type RunQueueItem } from './queue-items.js';
import { RowTable } from './row-table.js';
import { RunQueue } from './run-queue.js';
import {
  codecs,
  FIRST_COUNTERS,
  Migration,
  Reap,
  Sweep,
  VatState,
  type CleanupRow,
  type ClistRow,
  type Counters,
  type HostResultRow,
  type ObjectRow,
  type PromiseRow,
  type VatCounters,
  type VatRow,
} from './schema.js';
import { ServiceTables } from './service-tables.js';
import { SpaceLists } from './space-lists.js';
import { StrandedVats } from './stranded-vats.js';
import { SearchPhase, Tangle } from './tangle.js';

const isCollecting = ({ reap, sweep, migration }: VatCounters): boolean =>
  reap !== Reap.none || sweep !== Sweep.none || migration !== Migration.none;

/** Counters whose numbers have no type of their own. */
type PlainCounter = 'nextObject' | 'nextPromise' | 'queueTail';

interface AnyTable {
  readonly dirtyCount: number;
  readonly dirtyBytes: number;
  changes(into: RowChange[]): void;
  /** The same in steps, where there may be many. */
  changing?(into: RowChange[]): Steps<void>;
  committed(): void;
  /** The same in steps, likewise. */
  committing?(): Steps<void>;
}

export interface Spelling<K> {
  spell(key: K): BinaryKey;
  readonly parse?: (key: BinaryKey) => K;
}

/** What one vat calls things, both ways. */
interface Clist {
  readonly byVRef: KernelTable<VRef, KRef>;
  /** Imports and promises only: the name of an object that the vat owns is in the object's row. */
  readonly byKRef: KernelTable<KRef, ClistRow>;
  /**
   * The greatest number of a promise that an incarnation has named, if it has begun in this
   * process: a vat counts up, so that a greater one is in no table. A cache, never undone.
   */
  ownPromises: { readonly incarnation: Incarnation; greatest: number } | undefined;
}

/** What a state knows of its kernel beside its rows. Without it, a state is only read. */
interface StateOptions {
  /** Messages that wait on one promise, at most: the next one is refused. */
  readonly promiseQueueMax: number;
  /** The last committed block. */
  readonly height: Height;
  /** Other than usual: spaces that a vat lists without having any copied. */
  readonly spacesKept?: number;
}
const ONLY_READ: StateOptions = { promiseQueueMax: 0, height: FIRST_HEIGHT };

export class KernelState {
  readonly journal = new Journal();
  readonly objects: KernelTable<KRef, ObjectRow>;
  readonly promises: KernelTable<KRef, PromiseRow>;
  /** By `kref/ordinal`. */
  readonly promiseQueues: KernelTable<string, QueuedMessage>;
  readonly vats: KernelTable<VatNumber, VatRow>;
  readonly vatCounters: KernelTable<VatNumber, VatCounters>;
  /** Which vats list which spaces of rows. */
  readonly spaceLists: SpaceLists;
  readonly stranded: StrandedVats;
  readonly names: KernelTable<string, VatNumber>;
  /** What the host holds: see objects/host-holds.ts. */
  readonly pins: KernelTable<KRef, number>;
  /** Names that the host has bound to references. */
  readonly boundNames: KernelTable<string, KRef>;
  readonly hostTellings: HostTellings;
  /** Host input → its result promise, until the block after its settlement. */
  readonly hostResults: KernelTable<InputNumber, HostResultRow>;
  readonly hostSettlements: HostSettlements;
  /** By `endedKey(vat, incarnation)`. */
  readonly cleanup: KernelTable<number, CleanupRow>;
  /** By `dismissalsKey(vat, kind)`: kinds whose exports still have names. */
  readonly dismissals: KernelTable<number, true>;
  /** What vats are to be told of their exports and imports: `vat/action/kref`. */
  readonly collect: KernelTable<string, true>;
  /** Host objects, kernel objects, clock. */
  readonly services: ServiceTables;
  readonly rows: RowTable;
  readonly transcript: AppendRows;
  readonly queue: RunQueue;
  /**
   * The vat whose doing what is queued now is: while its crank is merged, or what it has sent is
   * carried out. Undefined: the host's, or nobody's.
   */
  sender: VatNumber | undefined;
  /** Messages that wait on one promise, at most. */
  readonly promiseQueueMax: number;
  readonly movedBytes = new MovedBytes(this.journal);
  /** Calls of host objects that inputs have answered, but not yet in the tables. */
  readonly answered = new Set<number>();
  #deferred: Steps<void>[] = [];
  readonly #view: ReadView;
  #height: Height;
  readonly #tables: AnyTable[];
  readonly #clists = new Map<VatNumber, Clist>();
  #counters: Counters;
  #countersChanged = false;
  /** What they were when the block began. */
  #committedCounters: Readonly<Counters>;
  /**
   * Krefs whose counts may have reached nil: they are looked at when the wave ends (rules.md#g1).
   */
  readonly maybeFree: DueKRefs;
  /** Settled promises that may be in a cycle and have lost a holder: see objects/freeing.ts. */
  readonly suspects: DueKRefs;
  readonly tangle: Tangle;
  /** The last wave has left garbage for the next one. */
  hasGarbageLeft: boolean;
  /** Vats whose counters may say that a reap, a sweep or a migration is due. */
  readonly dueVats = new Set<VatNumber>();

  constructor(view: ReadView, options: StateOptions = ONLY_READ) {
    const { promiseQueueMax, height, spacesKept } = options;
    this.#view = view;
    this.promiseQueueMax = promiseQueueMax;
    this.#height = height;
    const { journal } = this;
    this.#tables = [];
    this.objects = this.#table(codecs.object, spellings.object);
    this.promises = this.#table(codecs.promise, spellings.promise);
    this.promiseQueues = this.#table(codecs.message, spellings.promiseQueue);
    this.vats = this.#table(codecs.vat, spellings.vat, true);
    this.vatCounters = this.#table(codecs.vatCounters, spellings.vatCounters);
    this.spaceLists = new SpaceLists({
      vats: this.vats,
      users: this.#table(codecs.count, spellings.spaceUsers),
      copies: this.#table(codecs.spaceCopy, spellings.spaceCopy),
      spacesKept,
    });
    this.stranded = new StrandedVats({
      rows: this.#table(codecs.stranded, spellings.stranded),
      parked: this.#table(codecs.item, spellings.parked),
    });
    this.names = this.#table(codecs.vatNumber, spellings.name);
    this.pins = this.#table(codecs.count, spellings.pin);
    this.boundNames = this.#table(codecs.kref, spellings.boundName);
    this.hostTellings = new HostTellings(journal);
    this.hostResults = this.#table(codecs.hostResult, spellings.hostResult);
    this.hostSettlements = new HostSettlements(this.hostResults, journal);
    this.cleanup = this.#table(codecs.cleanup, spellings.cleanup);
    this.dismissals = this.#table(codecs.empty, spellings.dismissal);
    this.collect = this.#table(codecs.empty, spellings.collect);
    this.services = new ServiceTables((codec, spelling) => this.#table(codec, spelling));
    this.rows = new RowTable(view, journal);
    this.transcript = new AppendRows(view, 'transcript', journal);
    this.queue = new RunQueue({ view, journal, weigh: item => this.#weigh(item) });
    this.maybeFree = new DueKRefs(view, { prefix: DUE_PREFIX, ...spellings.due });
    this.suspects = new DueKRefs(view, { prefix: SUSPECT_PREFIX, ...spellings.suspect });
    this.tangle = new Tangle(view, journal);
    this.hasGarbageLeft = this.isGarbageLeft();
    this.#tables.push(this.rows, this.rows.preImages, this.transcript, this.queue);
    this.#tables.push(this.maybeFree, this.suspects, this.tangle);
    for (const vat of this.vats.scan(ranges.vats)) this.dueVats.add(vat);
    const counters = view.get('kernel', countersKey());
    this.#counters =
      counters === undefined
        ? { ...FIRST_COUNTERS }
        : decodeRow(codecs.counters, 'kernel', countersKey(), counters);
    this.#committedCounters = { ...this.#counters };
  }

  clist(vat: VatNumber): Clist {
    let clist = this.#clists.get(vat);
    if (clist === undefined) {
      clist = {
        byVRef: this.#made(codecs.kref, spellings.byVRef(vat)),
        byKRef: this.#made(codecs.clist, spellings.byKRef(vat)),
        ownPromises: undefined,
      };
      this.#clists.set(vat, clist);
    }
    return clist;
  }

  /** Of the last committed block. */
  get height(): Height {
    return this.#height;
  }

  get counters(): Counters {
    return this.#counters;
  }

  /** Takes the next number of a counter. */
  next(counter: PlainCounter): number {
    const before = this.#counters[counter];
    this.#count(counter, before, before + 1);
    return before;
  }

  /** Has this block made the object or the promise? Then the store has no row that names it. */
  isOfThisBlock(kref: KRef): boolean {
    const { nextObject, nextPromise } = this.#committedCounters;
    return krefNumber(kref) >= (isPromiseKRef(kref) ? nextPromise : nextObject);
  }

  /** Takes the number of a new vat. */
  nextVat(): VatNumber {
    const vat = this.#counters.nextVat;
    this.#count('nextVat', vat, vatNumberAfter(vat));
    return vat;
  }

  /** Takes the number of a space that is made without a vat: of that number there is none. */
  nextSpace(): Space {
    return spaceOf(this.nextVat());
  }

  /** Takes the number of the next input. */
  nextInput(): InputNumber {
    const last = this.#counters.lastInput;
    const input = inputAfter(last);
    this.#count('lastInput', last, input);
    return input;
  }

  #count<C extends keyof Counters>(counter: C, before: Counters[C], after: Counters[C]): void {
    this.#counters[counter] = after;
    this.#countersChanged = true;
    this.journal.recordRow(this, counter, before);
  }

  /** Called by the journal only. */
  restore<C extends keyof Counters>(counter: C, before: Counters[C]): void {
    this.#counters[counter] = before;
  }

  /** Is there garbage that has not been looked at, or is being searched? */
  isGarbageLeft(): boolean {
    const { maybeFree, suspects, tangle } = this;
    return maybeFree.size > 0 || suspects.size > 0 || tangle.phase !== SearchPhase.none;
  }

  /** Is there garbage to look at, to tell vats of, to reap or to sweep, or anything to migrate? */
  get hasCollection(): boolean {
    if (this.hasGarbageLeft) return true;
    for (const vat of this.dueVats) {
      const row = this.vats.get(vat);
      const counters = row?.state === VatState.running ? this.vatCounters.get(vat) : undefined;
      if (counters !== undefined && isCollecting(counters)) {
        if (!this.stranded.has(vat)) return true;
      } else this.dueVats.delete(vat);
    }
    return this.collectRanges.some(range => this.collect.has(range));
  }

  /** What vats are to be told of garbage, but for those that are stranded. */
  get collectRanges(): readonly KeyRange[] {
    return this.stranded.rangesBetween(ranges.collect, ranges.collectOf);
  }

  enqueue(item: RunQueueItem): void {
    this.queue.append(this.next('queueTail'), item);
  }

  /**
   * What an input sets in motion may be long: it is done, in order, when the next run or dry run
   * begins, before the next input is taken, or with the commit. The tables are whole until then.
   */
  defer(steps: Steps<void>): void {
    this.#deferred.push(steps);
  }

  *doingDeferred(): Steps<void> {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const steps of deferred) yield* steps;
  }

  /** Bytes that a vat will be given with it, but for what a notify's data reaches. */
  #weigh(item: RunQueueItem): number {
    if (item.type === ItemType.send) return itemWeight(item);
    if (item.type !== ItemType.notify) return 0;
    const row = this.promises.get(item.promise);
    return row === undefined ? 0 : dataWeight(row.body, row.slots);
  }

  /**
   * The items go to the head of the queue, behind the `after` items that were put there before
   * (rules.md#h3).
   */
  enqueueFirst(items: readonly RunQueueItem[], after: number): void {
    this.queue.insert(items, after, this.#counters.queueTail);
  }

  /** Code of the vat has started, or it has ended: what was parked goes to the head, in order. */
  endStranding(vat: VatNumber): void {
    if (!this.stranded.has(vat)) return;
    this.queue.insert(this.stranded.release(vat), 0, this.#counters.queueTail);
    this.dueVats.add(vat);
  }

  /** What a wave did to a vat, from `position` on. Never part of a crank that is undone. */
  record(
    vat: VatNumber,
    incarnation: Incarnation,
    position: Position,
    entry: TranscriptTuple,
  ): void {
    this.transcript.add(transcriptKey(vat, incarnation, position), codecs.transcript.encode(entry));
  }

  /** What an incarnation did since the last commit (rules.md#t4). */
  recorded(vat: VatNumber, incarnation: Incarnation): HandOverWave[] {
    const range = ranges.transcript(vat, incarnation);
    return this.transcript
      .added(range)
      .map(([key, value]) => [readPosition(key, range.prefix.length), value]);
  }

  mark(): Mark {
    return this.journal.mark();
  }

  /**
   * Does work of which nothing stays, whatever comes of it: no row, no counter, and none of what is
   * remembered beside them. What a crank did before it is still the crank's to keep or undo.
   */
  async trial<T>(work: () => Promise<T>): Promise<T> {
    const mark = this.mark();
    const maybeFree = this.maybeFree.snapshot();
    const dueVats = [...this.dueVats];
    const countersChanged = this.#countersChanged;
    const { isChanged } = this.tangle;
    try {
      return await work();
    } finally {
      this.journal.rollback(mark);
      this.maybeFree.restore(maybeFree);
      this.dueVats.clear();
      for (const vat of dueVats) this.dueVats.add(vat);
      this.tangle.putBack(isChanged);
      this.#countersChanged = countersChanged;
    }
  }

  /** What the crank did stays. */
  endCrank(): void {
    this.journal.clear();
  }

  *#allTables(): Generator<AnyTable, void> {
    yield* this.#tables;
    for (const { byVRef, byKRef } of this.#clists.values()) {
      yield byVRef;
      yield byKRef;
    }
  }

  get dirtyCount(): number {
    let sum = 0;
    for (const table of this.#allTables()) sum += table.dirtyCount;
    return sum;
  }

  /** About how many bytes of memory what this block changed takes: the same on every replica. */
  get dirtyBytes(): number {
    let sum = 0;
    for (const table of this.#allTables()) sum += table.dirtyBytes;
    return sum;
  }

  /** Everything that this block writes to hashed tables. */
  changes(): RowChange[] {
    return atOnce(this.changing());
  }

  /** The same in steps. */
  *changing(): Steps<RowChange[]> {
    const changes: RowChange[] = [];
    for (const table of this.#allTables()) {
      if (table.changing === undefined) table.changes(changes);
      else yield* table.changing(changes);
    }
    if (this.#countersChanged) {
      const value = codecs.counters.encode(this.#counters);
      changes.push({ table: 'kernel', key: countersKey(), value });
    }
    return changes;
  }

  committed(): void {
    atOnce(this.committing());
  }

  /** The same in steps. The state must not change meanwhile, and may be read. */
  *committing(): Steps<void> {
    this.movedBytes.clear();
    for (const table of this.#allTables()) {
      if (table.committing === undefined) table.committed();
      else yield* table.committing();
    }
    // Of a vat that is gone nothing is kept: what it called things has been deleted.
    for (const vat of this.#clists.keys()) {
      if (this.vats.get(vat) === undefined) this.#clists.delete(vat);
    }
    this.#countersChanged = false;
    this.#committedCounters = { ...this.#counters };
    this.#height = heightAfter(this.#height);
    this.journal.clear();
  }

  #table<K extends number | string, V>(
    codec: RowCodec<V>,
    spelling: Spelling<K>,
    keepsHeavy = false,
  ): KernelTable<K, V> {
    const table = this.#made(codec, spelling, keepsHeavy);
    this.#tables.push(table);
    return table;
  }

  #made<K extends number | string, V>(
    codec: RowCodec<V>,
    spelling: Spelling<K>,
    keepsHeavy = false,
  ): KernelTable<K, V> {
    const { journal } = this;
    const kept = { codec, keepsHeavy, ...spelling };
    return new KernelTable<K, V>({ view: this.#view, table: 'kernel', journal, ...kept });
  }
}
