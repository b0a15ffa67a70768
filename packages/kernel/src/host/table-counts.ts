/**
 * How much is in the kernel's tables, as of the last block: for `stats()` and metrics, so only what
 * is cheap to ask for often. What people look at in a store: inspect/kernel-part.ts.
 *
 * Cost: the keys of objects, c-lists and zero counts, and the rows of promises and queues, are
 * read: about a microsecond each. `countTables` gives way every few thousand.
 */
import {
  BOUND_NAME_PREFIX,
  CLIST_VREF_PREFIX,
  COLLECT_PREFIX,
  OBJECT_PREFIX,
  PARKED_PREFIX,
  PIN_PREFIX,
  PROMISE_PREFIX,
  PROMISE_QUEUE_PREFIX,
  required,
  ROW_ZERO_PREFIX,
  RUN_QUEUE_PREFIX,
  STRANDED_PREFIX,
  VAT_COUNTERS_PREFIX,
  VAT_PREFIX,
  vatstoreKey,
  type BinaryKey,
  type ReadView,
  type TableName,
} from '@heirloom/store';
import {
  isAllocatedByVat,
  isPromiseRef,
  vatIdOf,
  type Incarnation,
  type VatNumber,
} from '@heirloom/worker';
import { decodeRow, readRow } from '../state/damage.js';
import { readVat } from '../state/kernel-keys.js';
import { ItemType } from '../state/queue-items.js';
import { keysOf, rowAt } from '../state/scan.js';
import { codecs, PromiseState, type VatRow } from '../state/schema.js';

export interface VatTableCounts {
  readonly vatId: string;
  readonly name: string;
  readonly incarnation: Incarnation;
  /** In this incarnation. */
  readonly deliveries: number;
  /** Entries of the c-list. */
  readonly exports: number;
  readonly imports: number;
  readonly promises: number;
  /** The size of the zero-count table: what only RAM can hold (docs/gc.md). */
  readonly zeroCounts: number;
}

export interface TableCounts {
  readonly objects: number;
  readonly promises: {
    readonly unresolved: number;
    readonly fulfilled: number;
    readonly rejected: number;
  };
  readonly runQueue: {
    readonly messages: number;
    readonly notifies: number;
    readonly lifecycle: number;
  };
  /** Messages that wait on unresolved promises. */
  readonly waiting: number;
  /** References that the host holds. */
  readonly pins: number;
  /** Names that the host has bound to references. */
  readonly boundNames: number;
  /** What vats are still to be told of garbage. */
  readonly toCollect: number;
  readonly clistEntries: number;
  /** Vats that get nothing until code of them starts, and what is kept for them. */
  readonly stranded: number;
  readonly parked: number;
  /** Vats that run or whose leavings are not all gone, in order of their numbers. */
  readonly vats: readonly VatTableCounts[];
}

const KEYS_BETWEEN_TURNS = 4_096;

type Counting<T> = Generator<void, T>;

/** Calls `visit` for every key, giving way now and then. */
function* visitKeys(
  view: ReadView,
  table: TableName,
  prefix: BinaryKey,
  visit: (key: BinaryKey) => void,
): Counting<number> {
  let count = 0;
  for (const key of keysOf(view, table, prefix)) {
    visit(key);
    count += 1;
    if (count % KEYS_BETWEEN_TURNS === 0) yield;
  }
  return count;
}

const nothing = (): void => undefined;
const countOf = (view: ReadView, prefix: BinaryKey): Counting<number> =>
  visitKeys(view, 'kernel', prefix, nothing);

function* countPromises(view: ReadView): Counting<TableCounts['promises']> {
  const counts = { unresolved: 0, fulfilled: 0, rejected: 0 };
  yield* visitKeys(view, 'kernel', PROMISE_PREFIX, key => {
    const state = readRow(view, 'kernel', key, codecs.promise)?.state;
    if (state === undefined) return; // a block came between
    if (state === PromiseState.unresolved) counts.unresolved += 1;
    else if (state === PromiseState.fulfilled) counts.fulfilled += 1;
    else counts.rejected += 1;
  });
  return counts;
}

function* countRunQueue(view: ReadView): Counting<TableCounts['runQueue']> {
  const counts = { messages: 0, notifies: 0, lifecycle: 0 };
  yield* visitKeys(view, 'kernel', RUN_QUEUE_PREFIX, key => {
    const type = readRow(view, 'kernel', key, codecs.item)?.type;
    if (type === undefined) return;
    if (type === ItemType.send) counts.messages += 1;
    else if (type === ItemType.notify) counts.notifies += 1;
    else counts.lifecycle += 1;
  });
  return counts;
}

const emptyClist = () => ({ exports: 0, imports: 0, promises: 0 });

function* countVats(view: ReadView): Counting<VatTableCounts[]> {
  const rows = new Map<VatNumber, VatRow>();
  const deliveries = new Map<VatNumber, number>();
  for (const key of keysOf(view, 'kernel', VAT_PREFIX)) {
    const vat = readVat(key, VAT_PREFIX.length);
    rows.set(vat, decodeRow(codecs.vat, 'kernel', key, rowAt(view, 'kernel', key)));
  }
  for (const key of keysOf(view, 'kernel', VAT_COUNTERS_PREFIX)) {
    const vat = readVat(key, VAT_COUNTERS_PREFIX.length);
    const counters = rowAt(view, 'kernel', key);
    deliveries.set(vat, decodeRow(codecs.vatCounters, 'kernel', key, counters).position);
  }
  const clists = new Map([...rows.keys()].map(vat => [vat, emptyClist()] as const));
  yield* visitKeys(view, 'kernel', CLIST_VREF_PREFIX, key => {
    const clist = clists.get(readVat(key, CLIST_VREF_PREFIX.length));
    if (clist === undefined) return; // a vat that a block made meanwhile
    const vref = key.slice(CLIST_VREF_PREFIX.length + 4);
    if (isPromiseRef(vref)) clist.promises += 1;
    else if (isAllocatedByVat(vref)) clist.exports += 1;
    else clist.imports += 1;
  });
  const counts: VatTableCounts[] = [];
  for (const [vat, { name, incarnation, spaces }] of rows) {
    let zeroCounts = 0;
    for (const space of spaces) {
      const prefix = vatstoreKey(space, ROW_ZERO_PREFIX);
      zeroCounts += yield* visitKeys(view, 'vatstore', prefix, nothing);
    }
    counts.push({
      vatId: vatIdOf(vat),
      name,
      incarnation,
      deliveries: deliveries.get(vat) ?? 0,
      ...required(clists.get(vat), 'a c-list'),
      zeroCounts,
    });
  }
  return counts;
}

/**
 * Counts, step by step. Blocks that are committed between two steps show from then on, so sums are
 * exact only where nothing is committed meanwhile.
 */
export function* countTables(view: ReadView): Counting<TableCounts> {
  const vats = yield* countVats(view);
  return {
    objects: yield* countOf(view, OBJECT_PREFIX),
    promises: yield* countPromises(view),
    runQueue: yield* countRunQueue(view),
    waiting: yield* countOf(view, PROMISE_QUEUE_PREFIX),
    pins: yield* countOf(view, PIN_PREFIX),
    boundNames: yield* countOf(view, BOUND_NAME_PREFIX),
    toCollect: yield* countOf(view, COLLECT_PREFIX),
    stranded: yield* countOf(view, STRANDED_PREFIX),
    parked: yield* countOf(view, PARKED_PREFIX),
    clistEntries: vats.reduce((sum, vat) => sum + vat.exports + vat.imports + vat.promises, 0),
    vats,
  };
}

/** All steps at once. */
export const countTablesNow = (view: ReadView): TableCounts => {
  const counting = countTables(view);
  for (;;) {
    const step = counting.next();
    if (step.done === true) return step.value;
  }
};
