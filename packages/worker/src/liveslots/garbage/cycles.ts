/**
 * Cycles among stored things: what only held each other when the incarnation began is taken apart.
 *
 * Theory of operation. When an incarnation begins, its RAM holds nothing. What can then be reached
 * neither from the baggage, the kinds and the watches nor from an export that the kernel reaches,
 * can never be reached again: vat code comes to a thing only through what holds it. So the graph of
 * that moment is walked, which nothing changes afterwards (start-graph.ts): no barrier is needed
 * while vat code runs between the steps. What the walk does not mark lets go of everything that it
 * holds; counts fall to nil, and sweeps delete the things as they delete any other.
 *
 * Invariants: a step does a bounded number of rows; all of this is a function of rows and
 * deliveries, so the marks may stand in RAM: a replay makes them again. A weak collection holds its
 * values as long as it is held itself, whatever became of their keys.
 */
import { rowCollection, rowObject, rowObjectState } from '@heirloom/store/keys';
import type { Slots } from '../../protocol/passables.js';
import { parseVRef } from '../../protocol/refs.js';
import type { VRef } from '../../protocol/refs.js';
import { CollectionEntries } from '../collections/collection-entries.js';
import { Collections } from '../collections/collections.js';
import type { Core } from '../objects/core.js';
import { FIRST_USER_CID, FIRST_USER_KIND } from '../rows/counters.js';
import { packRow, unpackRow } from '../rows/frames.js';
import { MarkSet } from './mark-set.js';
import { StartGraph, type RowThing } from './start-graph.js';

/** A collection's place among the marks: cids are unique over all its kinds. */
const COLLECTIONS = 0;
const KIND_OF_HANDLES = 1;
const NO_BODY = new Uint8Array(0);

/** The thing that a reference names, unless it is an import, a promise or liveslots' own. */
const thingOf = (vref: VRef): RowThing | undefined => {
  const parsed = parseVRef(vref);
  if (parsed?.type !== 'durable') return undefined;
  const { kind, instance } = parsed;
  if (kind >= FIRST_USER_KIND) return { type: 'object', kind, instance };
  if (kind === KIND_OF_HANDLES || instance < FIRST_USER_CID) return undefined;
  return { type: 'collection', cid: instance };
};

export class CycleCollector {
  readonly #core: Core;
  readonly #collections: Collections;
  readonly #marks = new MarkSet();
  readonly #graph: StartGraph;
  /** What was reached and not looked into yet, and collections that are being looked into. */
  readonly #grey: (RowThing | Generator<Slots>)[] = [];
  readonly #work: Generator<undefined>;
  #isDone = false;

  constructor(core: Core, collections: Collections) {
    this.#core = core;
    this.#collections = collections;
    this.#graph = new StartGraph(core.context.rows.start);
    this.#work = this.#collect();
  }

  /** Once per incarnation: what became garbage later is found in a later one. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Looks at, or changes, up to `limit` rows. Returns how many. */
  step(limit: number): number {
    let worked = 0;
    while (worked < limit && !this.#isDone) {
      this.#isDone = this.#work.next().done === true;
      if (!this.#isDone) worked += 1;
    }
    return worked;
  }

  /** Yields once for every row. */
  *#collect(): Generator<undefined> {
    for (const slots of this.#graph.roots()) {
      yield undefined;
      this.#markAll(slots);
      yield* this.#trace();
    }
    for (const { thing, isReached } of this.#graph.things()) {
      yield undefined;
      if (isReached) this.#mark(thing);
      yield* this.#trace();
    }
    for (const { thing } of this.#graph.things()) {
      yield undefined;
      if (!this.#isMarked(thing)) yield* this.#takeApart(thing);
    }
  }

  /** Until nothing is grey. Without recursion: a chain may be as long as the store is big. */
  *#trace(): Generator<undefined> {
    for (let next = this.#grey.at(-1); next !== undefined; next = this.#grey.at(-1)) {
      yield undefined;
      if ('type' in next) {
        this.#grey.pop();
        this.#lookInto(next);
        continue;
      }
      const entry = next.next();
      if (entry.done === true) this.#grey.pop();
      else this.#markAll(entry.value);
    }
  }

  #lookInto(thing: RowThing): void {
    if (thing.type === 'object') {
      return this.#markAll(this.#graph.objectSlots(thing.kind, thing.instance));
    }
    const collection = this.#graph.collection(thing.cid);
    if (collection === undefined) return undefined;
    const { storeKind, shapeSlots } = collection;
    this.#grey.push(this.#graph.entries(thing.cid, Collections.isWeak(storeKind)));
    return this.#markAll(shapeSlots);
  }

  #markAll(slots: Slots): void {
    for (const slot of slots) {
      const thing = thingOf(slot);
      if (thing !== undefined) this.#mark(thing);
    }
  }

  #mark(thing: RowThing): void {
    const isNew =
      thing.type === 'object'
        ? this.#marks.add(thing.kind, thing.instance)
        : this.#marks.add(COLLECTIONS, thing.cid);
    if (isNew) this.#grey.push(thing);
  }

  #isMarked(thing: RowThing): boolean {
    return thing.type === 'object'
      ? this.#marks.has(thing.kind, thing.instance)
      : this.#marks.has(COLLECTIONS, thing.cid);
  }

  *#takeApart(thing: RowThing): Generator<undefined> {
    if (thing.type === 'object') this.#emptyObject(thing.kind, thing.instance);
    else yield* this.#emptyCollection(thing.cid);
  }

  /** Its state is never read again. Gone already, if a sweep was here first. */
  #emptyObject(kind: number, instance: number): void {
    const { rows } = this.#core.context;
    const key = rowObject(kind, instance);
    const bytes = rows.get(key);
    if (bytes === undefined) return;
    const [schema, layout, count, es, zero, released, inline, slots] = unpackRow('object', bytes);
    if (slots.length === 0) return;
    if (inline === null) rows.delete(rowObjectState(kind, instance));
    const header = [schema, layout, count, es, zero, released] as const;
    rows.set(key, packRow('object', [...header, NO_BODY, []]));
    this.#core.ledger.rowChanged(true, slots, []);
  }

  *#emptyCollection(cid: number): Generator<undefined> {
    const { rows } = this.#core.context;
    const key = rowCollection(cid);
    const bytes = rows.get(key);
    if (bytes === undefined) return;
    const [storeKind] = unpackRow('collection', bytes);
    const tables = this.#collections.tablesOf(true);
    const isWeak = Collections.isWeak(storeKind);
    const entries = new CollectionEntries(this.#core, tables, cid, isWeak);
    let row = entries.firstRow(entries.prefix, entries.end);
    while (row !== undefined) {
      entries.removeRow(row);
      yield undefined;
      row = entries.nextRow(row, entries.end);
    }
    const last = rows.get(key);
    if (last === undefined) return;
    const [kind, label, , , slots, ...header] = unpackRow('collection', last);
    if (slots.flat().length === 0) return;
    rows.set(key, packRow('collection', [kind, label, null, null, [[], []], ...header]));
    this.#core.ledger.rowChanged(true, slots.flat(), []);
  }
}
