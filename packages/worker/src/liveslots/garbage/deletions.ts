/**
 * Removes what is dead, with everything that goes with it, and remembers what the kernel is to be
 * told.
 *
 * Invariants: nothing here asks V8; rows that a crank never had are not deleted, so that the same
 * decisions leave the same rows however they came about; the syscalls of a crank are one each of
 * dropImports, retireImports and retireExports, in this order, with sorted references.
 */
import { rowKind } from '@heirloom/store/keys';
import { check } from '../../check.js';
import type { CrankSink } from '../../contracts/crank-sink.js';
import { Syscall } from '../../protocol/opcodes.js';
import type { VRef } from '../../protocol/refs.js';
import { CollectionEntries } from '../collections/collection-entries.js';
import { Collections } from '../collections/collections.js';
import type { Core } from '../objects/core.js';
import { ZeroEntry } from '../objects/ledger.js';
import { placeOf, type Thing, type ThingPlace } from '../objects/things.js';
import { namesOf, vrefIn } from '../rows/decoded.js';
import { rowAt, unpackRow } from '../rows/frames.js';
import { Recognition } from './recognition.js';

export class Deletions {
  readonly #core: Core;
  readonly #collections: Collections;
  readonly recognition: Recognition;
  #dropped: VRef[] = [];
  #retired: VRef[] = [];
  #retiredExports: VRef[] = [];
  #isRamChanged = false;

  constructor(core: Core, collections: Collections) {
    this.#core = core;
    this.#collections = collections;
    this.recognition = new Recognition(core, collections);
  }

  /** The references of a thing's facets. */
  facetsOf(baseRef: VRef, place = placeOf(this.#core, baseRef)): readonly VRef[] {
    if (place?.type !== 'object') return [baseRef];
    const { scope, kind: number } = place;
    const kinds = scope.isDurable ? this.#core.definedKinds : this.#core.virtualKinds;
    const kind = kinds.get(number);
    const names = kind === undefined ? this.#storedFacets(number) : kind.facetNames;
    return names === undefined
      ? [baseRef]
      : names.map((_, facet) => vrefIn(`${baseRef}:${facet}`));
  }

  /** Of a kind that this incarnation has not defined. */
  #storedFacets(kind: number): readonly string[] | undefined {
    const { rows, codec } = this.#core.context;
    const bytes = rows.get(rowKind(kind));
    const facets = bytes === undefined ? null : unpackRow('kind', bytes)[1];
    return facets === null ? undefined : namesOf(codec, facets);
  }

  /** Deletes an instance. Returns how many rows of weak collections went with it. */
  deleteObject(baseRef: VRef): number {
    const { place, key, header } = this.#core.ledger.take(baseRef);
    const { rows } = this.#core.context;
    check(place.type === 'object', 'only an instance is deleted at once');
    const { scope, kind, instance } = place;
    const [, , , , , , inline, slots] = rowAt('object', rows, key);
    rows.delete(key);
    if (inline === null) rows.delete(scope.keys.objectState(kind, instance));
    this.#core.ledger.rowChanged(scope.isDurable, slots, []);
    const entries = this.#endExports(baseRef, place, header.es);
    this.#core.ledger.unlist(baseRef, header);
    this.#core.ledger.gone(baseRef);
    return entries;
  }

  /** A collection is dead: the kernel and those that recognise it forget it; entries go later. */
  doom(baseRef: VRef): void {
    const { ledger, context } = this.#core;
    const thing = ledger.take(baseRef);
    const { place, header } = thing;
    this.#endExports(baseRef, place, header.es);
    header.es = '';
    ledger.list(baseRef, header, context.incarnation, ZeroEntry.doomed);
    thing.save();
  }

  /** Removes up to `limit` entries of a dead collection, and it when none is left. */
  shrink(
    baseRef: VRef,
    limit: number,
  ): { readonly removed: number; readonly isGone: boolean } {
    const { rows } = this.#core.context;
    const { place, key, header } = this.#core.ledger.take(baseRef);
    check(place.type === 'collection', 'only a collection shrinks');
    const { scope, storeKind, cid } = place;
    const tables = this.#collections.tablesOf(scope.isDurable);
    const isWeak = Collections.isWeak(storeKind);
    const entries = new CollectionEntries(this.#core, tables, cid, isWeak);
    const { prefix, end } = entries;
    let removed = 0;
    let row = entries.firstRow(prefix, end);
    while (row !== undefined && removed < limit) {
      const next = entries.nextRow(row, end);
      entries.removeRow(row);
      removed += 1;
      row = next;
    }
    if (row !== undefined) return { removed, isGone: false };
    const [, , , , [keySlots, valueSlots]] = rowAt('collection', rows, key);
    this.#core.ledger.rowChanged(scope.isDurable, [...keySlots, ...valueSlots], []);
    tables.remove(cid);
    this.#endExports(baseRef, place, header.es);
    this.#core.ledger.unlist(baseRef, header);
    this.#core.ledger.gone(baseRef);
    return { removed: removed + 1, isGone: true };
  }

  /** A remotable that V8 has collected. */
  endRemotable(vref: VRef): void {
    const { references } = this.#core.context;
    if (references.exportStatus(vref) === 's') this.#retiredExports.push(vref);
    this.#cease(vref);
    references.forgetExport(vref);
  }

  /** The vat no longer reaches an import; it may be recognised still. */
  dropImport(vref: VRef): void {
    const { ledger, context } = this.#core;
    const thing = ledger.take(vref);
    this.#noteDropped(vref, thing);
    ledger.list(vref, thing.header, context.incarnation, ZeroEntry.recognized);
    thing.save();
  }

  /** The vat neither reaches nor recognises an import. */
  retireImport(vref: VRef): void {
    const thing = this.#core.ledger.take(vref);
    this.#noteDropped(vref, thing);
    this.#retired.push(vref);
    this.#forgetImport(vref, thing);
  }

  /** The kernel no longer knows an import, and every entry keyed by it goes. */
  endImport(vref: VRef): void {
    this.#cease(vref);
    this.#forgetImport(vref, this.#core.ledger.take(vref));
  }

  #forgetImport(vref: VRef, { key, header }: Thing): void {
    const { ledger, context } = this.#core;
    if (context.rows.get(key) !== undefined) context.rows.delete(key);
    ledger.unlist(vref, header);
    ledger.gone(vref);
  }

  /** Has RAM let go of anything since the last call, so that V8 may find more? */
  takeRamChanged(): boolean {
    const isChanged = this.#core.ledger.takeRamReleased() || this.#isRamChanged;
    this.#isRamChanged = false;
    return isChanged;
  }

  /** Tells the kernel of everything since the last call. */
  tell(crank: CrankSink): void {
    const told = [
      [Syscall.dropImports, this.#dropped],
      [Syscall.retireImports, this.#retired],
      [Syscall.retireExports, this.#retiredExports],
    ] as const;
    for (const [op, vrefs] of told) if (vrefs.length > 0) crank.syscall([op, vrefs.sort()]);
    this.#dropped = [];
    this.#retired = [];
    this.#retiredExports = [];
  }

  #noteDropped(vref: VRef, { header }: Thing): void {
    check(header.count === 0, 'a row holds an import that is dropped');
    if (!header.isDropped) this.#dropped.push(vref);
    header.isDropped = true;
    this.#core.ledger.droppedImport(vref);
  }

  #endExports(baseRef: VRef, place: ThingPlace, es: string): number {
    let entries = 0;
    this.facetsOf(baseRef, place).forEach((vref, facet) => {
      check(es[facet] !== 'r', 'what the kernel reaches is not dead');
      if (es[facet] === 's') this.#retiredExports.push(vref);
      entries += this.#cease(vref);
    });
    return entries;
  }

  #cease(vref: VRef): number {
    const { entries, isRamChanged } = this.recognition.cease(vref);
    if (isRamChanged) this.#isRamChanged = true;
    return entries;
  }
}
