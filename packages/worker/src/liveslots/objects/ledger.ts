/**
 * The one place through which what holds things changes (rules.md#g2).
 *
 * Theory of operation. Whoever writes or deletes a row says here which references it held and
 * holds; whoever makes a syscall, which it mentions; a delivery, which it introduces. Per thing the
 * ledger keeps the net change of the crank and settles it once, at its end: the header of the
 * thing's row, and its entry in the zero-count table. So after every crank a thing has an entry iff
 * no row counts for it and the kernel reaches no facet.
 *
 * Invariants: a row counts once per distinct thing that it mentions; a thing is read at most once
 * by a settlement; counts are never negative. Remotables and promises have no rows: what holds them
 * is RAM's affair at once (`References.holdInRow`).
 */
import { rowVirtualCount, rowZero } from '@heirloom/store/keys';
import { check } from '../../check.js';
import type { SyscallTuple } from '../../protocol/from-worker.js';
import { Syscall } from '../../protocol/opcodes.js';
import type { Slots } from '../../protocol/passables.js';
import { baseRefOf, facetOf, ROOT_VREF, type VRef } from '../../protocol/refs.js';
import type { ExportStatus } from '../contract/context.js';
import { packNumber, unpackNumber } from '../rows/frames.js';
import type { Core } from './core.js';
import { isUnheld, openThing, placeOf, type Header, type Thing } from './things.js';

/** What a zero entry says. */
export const ZeroEntry = {
  /** Only RAM, or merely-virtual rows, can hold it. */
  unheld: 0,
  /** An import that has been dropped and that a weak store still recognises. */
  recognized: 1,
  /** A dead collection, from which entries are still to be removed. */
  doomed: 2,
} as const;
export type ZeroEntry = (typeof ZeroEntry)[keyof typeof ZeroEntry];

interface Change {
  /** Of the thing's own count. */
  own: number;
  /** Of the count of merely-virtual rows that hold what is durable or imported. */
  virtual: number;
  readonly facets: Map<number, ExportStatus>;
  /** Those of its facets that a syscall mentioned. */
  readonly told: VRef[];
  isReleased: boolean;
  isIntroduced: boolean;
}

/** References known to be exported, or introduced, so that their rows need not be looked at. */
const KNOWN_COUNT_MAX = 8_192;
/** Things listed since the last reap: more are found by scanning. */
const YOUNG_COUNT_MAX = 65_536;

const isSame = (a: Slots, b: Slots): boolean =>
  a.length === b.length && a.every((slot, i) => slot === b[i]);

const NOTHING: readonly VRef[] = [];

/** The distinct things and other references that a row with these slots holds. */
const basesOf = (slots: Slots): ReadonlySet<VRef> => new Set(slots.map(baseRefOf));

const withStatus = (es: string, facet: number, status: ExportStatus): string => {
  const padded = es.padEnd(facet + 1, 'n');
  return (padded.slice(0, facet) + status + padded.slice(facet + 1)).replace(/n+$/, '');
};

export class Ledger {
  readonly #core: Core;
  readonly #changes = new Map<VRef, Change>();
  readonly #gone = new Set<VRef>();
  readonly #knownReachable = new Set<VRef>();
  readonly #knownIntroduced = new Set<VRef>();
  #young: VRef[] = [];
  /** Since the last settlement: what rows have let go of, and imports that lost a recogniser. */
  #releasedThings: VRef[] = [];
  #unrecognized: VRef[] = [];
  #exported: VRef[] = [];
  /** Listed by sweeps under an earlier incarnation. */
  #condemned: VRef[] = [];
  #isSweeping = false;
  #isRamReleased = false;
  /** Has this incarnation counted merely-virtual rows that hold what is durable or imported? */
  #hasVirtualCounts = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** A row that held `before` holds `after` from now on. Keys that a row holds are slots, too. */
  rowChanged(isDurable: boolean, before: Slots, after: Slots): void {
    if (before.length === 0 && after.length === 0) return;
    if (isSame(before, after)) return;
    const old = basesOf(before);
    const now = basesOf(after);
    for (const base of old) if (!now.has(base)) this.#hold(isDurable, base, -1);
    for (const base of now) if (!old.has(base)) this.#hold(isDurable, base, 1);
  }

  /** A new thing has a row, or will have one when its record leaves. */
  created(baseRef: VRef): void {
    this.#changeOf(baseRef);
  }

  /** The kernel has had the root from the beginning, and has not been told what it is. */
  exportedRoot(): void {
    this.#exported.push(ROOT_VREF);
  }

  /** What the kernel has not known before this crank, or may not have: complete when it ends. */
  takeExported(): readonly VRef[] {
    return this.#exported.length === 0 ? NOTHING : this.#exported.splice(0);
  }

  /** What is said of a thing is to be settled again, though nothing has changed of it. */
  touch(baseRef: VRef): void {
    this.#changeOf(baseRef);
  }

  /** Nobody outside knows anything of the vat any more, but for these exports. */
  forked(exports: Slots): void {
    this.#knownReachable.clear();
    for (const vref of exports) if (!vref.startsWith('o+e')) this.#tell(vref);
  }

  /** A delivery mentions these: RAM holds the imports among them. */
  introduced(slots: Slots): void {
    for (const slot of slots) {
      if (!slot.startsWith('o-') || this.#knownIntroduced.has(slot)) continue;
      remember(this.#knownIntroduced, slot);
      this.#changeOf(slot).isIntroduced = true;
    }
  }

  /** A syscall tells the kernel of every reference that it mentions. */
  told(syscall: SyscallTuple): void {
    switch (syscall[0]) {
      case Syscall.send:
        this.#tell(syscall[1]);
        return this.#tellAll(syscall[3]);
      case Syscall.resolve:
        for (const [, , , slots] of syscall[1]) this.#tellAll(slots);
        return undefined;
      case Syscall.exit:
        return this.#tellAll(syscall[3]);
      case Syscall.subscribe:
      case Syscall.keep:
      case Syscall.allege:
      case Syscall.dropImports:
      case Syscall.retireImports:
      case Syscall.retireExports:
      case Syscall.abandonExports:
      case Syscall.dismissKind:
        return undefined;
      default:
        throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
    }
  }

  /** The kernel no longer reaches an export, or no longer knows it. */
  exportChanged(vref: VRef, status: 's' | 'n'): void {
    this.#knownReachable.delete(vref);
    if (vref.startsWith('o+e')) {
      this.#core.context.references.exportChanged(vref, status);
      return;
    }
    const base = baseRefOf(vref);
    if (placeOf(this.#core, base) === undefined) return;
    const change = this.#changeOf(base);
    change.facets.set(facetOf(vref), status);
    if (status === 's') change.isReleased = true;
  }

  /** A thing and its row are no more. What still changes of it does not count. */
  gone(baseRef: VRef): void {
    this.#changes.delete(baseRef);
    this.#gone.add(baseRef);
    this.#knownIntroduced.delete(baseRef);
    if (!this.#hasVirtualCounts) return;
    // Merely-virtual rows that held it are as dead as it is.
    const key = this.#virtualKey(baseRef);
    if (this.#core.context.rows.get(key) !== undefined) this.#core.context.rows.delete(key);
  }

  isGone(baseRef: VRef): boolean {
    return this.#gone.has(baseRef);
  }

  /** A weak collection that recognised an import has no entry for it any more. */
  unrecognized(vref: VRef): void {
    if (vref.startsWith('o-')) this.#unrecognized.push(vref);
  }

  takeUnrecognized(): VRef[] {
    return this.#unrecognized.splice(0);
  }

  /** What rows have let go of since the last call. */
  takeReleased(): VRef[] {
    return this.#releasedThings.splice(0);
  }

  /** Has RAM let go of anything, because rows did, since the last call? */
  takeRamReleased(): boolean {
    const was = this.#isRamReleased;
    this.#isRamReleased = false;
    return was;
  }

  /** The vat no longer reaches an import: it is introduced when it comes again. */
  droppedImport(vref: VRef): void {
    this.#knownIntroduced.delete(vref);
  }

  /** A thing's header with the changes of this crank so far; undefined if it has no row. */
  headerAfter(baseRef: VRef): Header | undefined {
    const place = placeOf(this.#core, baseRef);
    const thing = place === undefined ? undefined : openThing(this.#core, place);
    if (thing === undefined) return undefined;
    const header = { ...thing.header };
    const change = this.#changes.get(baseRef);
    if (change !== undefined) this.#applyTo(header, change);
    else if (this.#core.context.rows.get(thing.key) === undefined) return undefined;
    return header;
  }

  /**
   * A thing with the changes of this crank so far: they are the caller's from now on, who deletes
   * the thing or saves it.
   */
  take(baseRef: VRef): Thing {
    const place = placeOf(this.#core, baseRef);
    const thing = place === undefined ? undefined : openThing(this.#core, place);
    check(thing !== undefined, 'a zero entry of what is no more');
    const change = this.#changes.get(baseRef);
    if (change !== undefined) {
      if (change.virtual !== 0) this.#saveVirtualCount(baseRef);
      this.#applyTo(thing.header, change);
      this.#changes.delete(baseRef);
    }
    return thing;
  }

  /** Merely-virtual rows of this incarnation that hold what is durable or imported. */
  virtualCountAfter(baseRef: VRef): number {
    if (!this.#hasVirtualCounts) return 0;
    const bytes = this.#core.context.rows.get(this.#virtualKey(baseRef));
    const before = bytes === undefined ? 0 : unpackNumber(bytes);
    return before + (this.#changes.get(baseRef)?.virtual ?? 0);
  }

  /** Things of which something has changed in this crank, sorted. */
  changed(): VRef[] {
    return [...this.#changes.keys()].sort();
  }

  /** What happens until `settle` is a sweep's doing: it says nothing of what RAM holds. */
  beginSweep(): void {
    this.#isSweeping = true;
  }

  /** Writes what has changed: headers, virtual counts, zero entries. */
  settle(): void {
    if (this.#changes.size > 0) {
      for (const base of this.changed()) {
        const change = this.#changes.get(base);
        check(change !== undefined, 'what has changed stays noted while it is settled');
        this.#settle(base, change);
      }
      this.#changes.clear();
    }
    if (this.#gone.size > 0) this.#gone.clear();
    if (this.#releasedThings.length > 0) this.#releasedThings = [];
    if (this.#unrecognized.length > 0) this.#unrecognized = [];
    this.#isSweeping = false;
  }

  /** What has been listed since the last call: what dies young is found without a scan. */
  takeYoung(): VRef[] {
    const young = this.#young;
    this.#young = [];
    return young;
  }

  /** What sweeps have condemned since the last call. */
  takeCondemned(): VRef[] {
    return this.#condemned.splice(0);
  }

  /** Writes or removes a thing's zero entry, beside its header, which the caller saves. */
  list(baseRef: VRef, header: Header, incarnation: number, entry: ZeroEntry): void {
    this.unlist(baseRef, header);
    header.zero = incarnation + 1;
    this.#core.context.rows.set(rowZero(incarnation, baseRef), packNumber(entry));
  }

  unlist(baseRef: VRef, header: Header): void {
    if (header.zero === 0) return;
    this.#core.context.rows.delete(rowZero(header.zero - 1, baseRef));
    header.zero = 0;
  }

  #hold(isDurable: boolean, base: VRef, by: 1 | -1): void {
    if (base.startsWith('p') || base.startsWith('o+e')) {
      check(!isDurable, 'a durable row holds only what is durable');
      if (this.#core.context.references.holdInRow(base, by)) this.#isRamReleased = true;
      return;
    }
    if (this.#gone.has(base) || placeOf(this.#core, base) === undefined) return;
    const change = this.#changeOf(base);
    if (isDurable || base.startsWith('o+v')) change.own += by;
    else {
      change.virtual += by;
      this.#hasVirtualCounts = true;
    }
    if (by > 0) return;
    if (!this.#isSweeping) change.isReleased = true;
    this.#releasedThings.push(base);
  }

  #tellAll(slots: Slots): void {
    for (const slot of slots) this.#tell(slot);
  }

  #tell(vref: VRef): void {
    if (vref.charCodeAt(1) !== 0x2b || this.#knownReachable.has(vref)) return; // no 'o+'
    if (vref.charCodeAt(0) !== 0x6f) return;
    remember(this.#knownReachable, vref);
    const { references } = this.#core.context;
    if (vref.startsWith('o+e')) {
      if (references.exportStatus(vref) === 'n') this.#exported.push(vref);
      references.exportChanged(vref, 'r');
      return;
    }
    const base = baseRefOf(vref);
    // Nothing tells whether the kernel knows it already.
    if (placeOf(this.#core, base) === undefined) return void this.#exported.push(vref);
    const change = this.#changeOf(base);
    change.facets.set(facetOf(vref), 'r');
    change.told.push(vref);
  }

  #changeOf(base: VRef): Change {
    let change = this.#changes.get(base);
    if (change === undefined) {
      const counts = { own: 0, virtual: 0, isReleased: false, isIntroduced: false };
      change = { ...counts, facets: new Map(), told: [] };
      this.#changes.set(base, change);
    }
    return change;
  }

  #settle(base: VRef, change: Change): void {
    const place = placeOf(this.#core, base);
    // Its kind has been dismissed in this crank: nothing counts for it any more.
    if (place === undefined) return;
    if (change.virtual !== 0) this.#saveVirtualCount(base);
    const thing = openThing(this.#core, place);
    if (thing === undefined) {
      // Only the kernel can still speak of it: its own count and its rows are gone.
      check(change.own === 0, 'a row holds what is no more');
      return;
    }
    const before = { ...thing.header };
    this.#applyTo(thing.header, change);
    for (const vref of change.told) {
      if ((before.es[facetOf(vref)] ?? 'n') === 'n') this.#exported.push(vref);
    }
    this.#relist(base, thing, before.isDropped && change.isIntroduced);
    const { header } = thing;
    const isChanged =
      header.count !== before.count ||
      header.es !== before.es ||
      header.zero !== before.zero ||
      header.released !== before.released ||
      header.isDropped !== before.isDropped;
    if (isChanged) thing.save();
  }

  #applyTo(header: Header, change: Change): void {
    const { own, facets, isReleased, isIntroduced } = change;
    header.count += own;
    check(header.count >= 0, 'a count below nil');
    for (const [facet, status] of facets) header.es = withStatus(header.es, facet, status);
    if (isReleased || isIntroduced) header.released = this.#core.context.incarnation + 1;
    if (isIntroduced) header.isDropped = false;
  }

  /** An entry of an earlier incarnation moves to the present one when RAM holds the thing again. */
  #relist(base: VRef, { header }: Thing, isBack: boolean): void {
    if (!isUnheld(header)) return this.unlist(base, header);
    const { incarnation } = this.#core.context;
    const isHeldNow = header.released === incarnation + 1;
    const isListed = header.zero === incarnation + 1 || (header.zero !== 0 && !isHeldNow);
    if (isListed && !isBack) return;
    const isKept = !this.#isSweeping || isHeldNow;
    this.list(base, header, isKept ? incarnation : incarnation - 1, ZeroEntry.unheld);
    if (!isKept) this.#condemned.push(base);
    else if (this.#young.length < YOUNG_COUNT_MAX) this.#young.push(base);
  }

  #virtualKey(base: VRef): string {
    return rowVirtualCount(this.#core.context.incarnation, base);
  }

  #saveVirtualCount(base: VRef): void {
    const { rows } = this.#core.context;
    const count = this.virtualCountAfter(base);
    check(count >= 0, 'a count below nil');
    if (count === 0) rows.delete(this.#virtualKey(base));
    else rows.set(this.#virtualKey(base), packNumber(count));
  }
}

const remember = (known: Set<VRef>, vref: VRef): void => {
  if (known.size >= KNOWN_COUNT_MAX) known.clear();
  known.add(vref);
};
