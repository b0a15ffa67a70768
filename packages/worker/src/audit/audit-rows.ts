/**
 * Counts again, from nothing but a vat's rows, what holds what, and compares with what the rows say
 * (docs/gc.md). Over rows of a store in RAM or on disk, read twice; what it keeps is a record for
 * every thing and every reference that a row holds.
 *
 * Every row is looked at, so what is found missing, left behind or miscounted is named by its key.
 * Rows that an ended incarnation left to sweeps are reported apart.
 */
import {
  readU32,
  readU48,
  rowNextExport,
  rowKind,
  rowRecognizer,
  rowZero,
  textOfKey,
  virtualRow,
} from '@heirloom/store/keys';
import { generationIn, isForkUnswept, statusIn } from '../liveslots/rows/forks.js';
import { bytesAt, rowAt, unpackNumber, unpackRow } from '../liveslots/rows/frames.js';
import type { Slots } from '../protocol/passables.js';
import { baseRefOf, namedRef, storedVRef, type VRef } from '../protocol/refs.js';
import type { Incarnation } from '../protocol/vat-numbers.js';

interface AuditedThing {
  readonly count: number;
  readonly es: string;
  readonly isListed: boolean;
  readonly isDropped: boolean;
  /** Of an import: its interface, as it is spelled; empty if it has none. */
  readonly spelled: string;
}

export interface RowAudit {
  /** Everything that is wrong, in words. */
  readonly faults: readonly string[];
  /** By baseRef. */
  readonly things: ReadonlyMap<string, AuditedThing>;
  /** The names of exports, by reference. */
  readonly exportNames: ReadonlyMap<string, string>;
  /** Kinds that the vat has dismissed: their instances are no things, whether swept or not. */
  readonly dismissed: ReadonlySet<number>;
  /**
   * Rows that sweeps have yet to remove: entries and merely-virtual rows of ended incarnations,
   * rows of dismissed kinds.
   */
  readonly unswept: readonly string[];
}

/** The rows of one vat's space, by row key, without the kernel's headers. A `Map` is one. */
export interface RowSource {
  keys(): Iterable<string>;
  get(key: string): Uint8Array | undefined;
}

interface Header {
  readonly count: number;
  readonly es: string;
  readonly zero: number;
  readonly isDropped: boolean;
  /** Of imports only. */
  readonly spelled?: string;
  readonly isDurable: boolean;
}

const TABLES = {
  kind: 0x10,
  kindName: 0x12,
  exportName: 0x13,
  dismissed: 0x14,
  object: 0x20,
  objectState: 0x21,
  collection: 0x30,
  counts: 0x31,
  entry: 0x32,
  refEntry: 0x33,
  importRef: 0x40,
  recognizer: 0x50,
  zero: 0x60,
  watch: 0x70,
  watcher: 0x71,
  durablePromise: 0x72,
} as const;
/** What a durable kind has rows in, by its number. */
const KIND_TABLES: readonly number[] = [0x10, 0x11, 0x20, 0x21, 0x71];
const VIRTUAL_COUNT = 0xc0;
const WEAK_KINDS = [3, 5, 7, 9];

/** Neither a kind handle nor one of liveslots' own collections, which are never collected. */
const isThing = (base: string): boolean =>
  /^o-|^o\+[dv]/.test(base) && !/^o\+d1\/|^o\+d6\/[123]$/.test(base);

interface RowParts {
  readonly table: number;
  readonly rest: string;
  readonly isDurable: boolean;
}

class Auditor {
  readonly faults: string[] = [];
  readonly unswept: string[] = [];
  readonly headers = new Map<string, Header>();
  readonly exportNames = new Map<string, string>();
  readonly dismissed = new Set<number>();
  /** A fork's, that only those outside held before it: sweeps of a later incarnation list them. */
  readonly #forgotten = new Set<string>();
  /** Instances of dismissed kinds that have a row, and the entry that they name. */
  readonly #revoked = new Map<string, number>();
  readonly #namedKinds = new Set<number>();
  /** Rows that hold each reference, durable ones and merely-virtual ones. */
  readonly #holders = { durable: new Map<string, number>(), virtual: new Map<string, number>() };
  readonly #zeros = new Map<string, { readonly incarnation: number; readonly entry: number }>();
  readonly #virtualCounts = new Map<string, number>();
  readonly #weakKinds = new Map<string, boolean>();
  readonly #entries = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #recognizers = new Set<string>();
  readonly #weakEntries = new Set<string>();
  readonly #recognized = new Set<VRef>();
  /** Of the durable kinds, by number. */
  readonly #versions = new Map<number, number>();
  readonly #rows: RowSource;
  readonly #incarnation: Incarnation;
  /** Of exports: see liveslots/rows/forks.ts. */
  readonly #generation: number;
  readonly #isForkUnswept: boolean;

  constructor(rows: RowSource, incarnation: Incarnation) {
    this.#rows = rows;
    this.#generation = generationIn(rows);
    this.#isForkUnswept = isForkUnswept(rows);
    this.#incarnation = incarnation;
  }

  run(): void {
    for (const key of this.#rows.keys()) this.#visitFirst(key);
    for (const key of this.#rows.keys()) this.#visit(key);
    this.#compareThings();
    this.#compareVirtualCounts();
    this.#compareRecognizers();
    for (const [key, count] of this.#counts) {
      const entries = this.#entries.get(key) ?? 0;
      if (entries !== count) this.#fault(`collection ${key}: ${entries} entries, counts ${count}`);
    }
  }

  #fault(text: string): void {
    this.faults.push(text);
  }

  /** The table as of the durable ones, the rest of the key; undefined for what is to be swept. */
  #split(key: string): RowParts | undefined {
    const table = key.charCodeAt(0);
    if (table < 0xa0) return { table, rest: key.slice(1), isDurable: true };
    if (readU32(key, 1) !== this.#incarnation) return undefined;
    const isCount = table === VIRTUAL_COUNT;
    return { table: isCount ? table : table - 0x80, rest: key.slice(5), isDurable: false };
  }

  /** What the other rows are understood by. */
  #visitFirst(key: string): void {
    const parts = this.#split(key);
    if (parts?.table === TABLES.dismissed) this.dismissed.add(readU32(parts.rest, 0));
    if (parts?.table !== TABLES.collection) return;
    const [kind] = rowAt('collection', this.#rows, key);
    this.#weakKinds.set(`${parts.isDurable}/${readU48(parts.rest, 0)}`, WEAK_KINDS.includes(kind));
  }

  #visit(key: string): void {
    const parts = this.#split(key);
    if (parts !== undefined && this.#isOfDismissed(parts)) this.unswept.push(JSON.stringify(key));
    if (parts === undefined) {
      this.unswept.push(JSON.stringify(key));
      return;
    }
    const bytes = bytesAt(this.#rows, key);
    const { table, rest, isDurable } = parts;
    switch (table) {
      case TABLES.kind:
        return this.#hold(isDurable, unpackRow('kind', bytes)[3]);
      case TABLES.kindName:
        return this.#visitKindName(textOfKey(rest, 0), unpackNumber(bytes));
      case TABLES.exportName:
        return this.#visitExportName(textOfKey(rest, 0), unpackNumber(bytes));
      case TABLES.object: {
        const [version, , count, es, zero, , , slots] = unpackRow('object', bytes);
        const base = this.#refOf(isDurable, readU32(rest, 0), readU48(rest, 4));
        if (isDurable) this.#checkVersion(base, readU32(rest, 0), version);
        if (this.#isRevoked(base)) this.#revoked.set(base, zero);
        else this.#addHeader(base, { count, es, zero, isDropped: false, isDurable });
        return this.#hold(isDurable, slots);
      }
      case TABLES.collection: {
        const [kind, , , , [a, b], count, es, zero] = unpackRow('collection', bytes);
        const base = this.#refOf(isDurable, kind, readU48(rest, 0));
        if (readU48(rest, 0) >= 4) {
          this.#addHeader(base, { count, es, zero, isDropped: false, isDurable });
        }
        return this.#hold(isDurable, [...a, ...b]);
      }
      case TABLES.counts:
        if (!this.#isWeak(isDurable, rest)) {
          const [entryCount] = unpackRow('collectionCounts', bytes);
          this.#counts.set(`${isDurable}/${readU48(rest, 0)}`, entryCount);
        }
        return undefined;
      case TABLES.entry:
        return this.#visitEntry(isDurable, rest, bytes);
      case TABLES.refEntry:
        return this.#visitRefEntry(isDurable, rest, bytes);
      case TABLES.importRef: {
        const [count, zero, , isDropped, spelled = ''] = unpackRow('importRef', bytes);
        const header = { count, es: '', zero, isDropped, spelled, isDurable: true };
        this.headers.set(`o-${readU48(rest, 0)}`, header);
        return undefined;
      }
      case TABLES.recognizer:
        this.#recognizers.add(key);
        return undefined;
      case TABLES.zero:
        return this.#visitZero(key, rest, unpackNumber(bytes));
      case TABLES.watch:
        return this.#hold(true, unpackRow('watch', bytes)[0].flatMap(([, slots]) => slots));
      case TABLES.watcher:
        return this.#hold(true, unpackRow('watcher', bytes));
      case TABLES.durablePromise:
        return this.#hold(true, unpackRow('durablePromise', bytes));
      case VIRTUAL_COUNT:
        this.#virtualCounts.set(rest, unpackNumber(bytes));
        return undefined;
      default:
        return undefined;
    }
  }

  /** With the export status that counts. */
  #addHeader(base: string, stored: Header): void {
    const es = statusIn(this.#generation, stored.es);
    this.headers.set(base, { ...stored, es });
    const isForgotten = stored.es.includes('r') && !es.includes('r') && stored.count === 0;
    if (isForgotten && stored.zero === 0 && this.#isForkUnswept) this.#forgotten.add(base);
  }

  /** No state is of a later version than its kind. */
  #checkVersion(base: string, kind: number, version: number): void {
    const present = this.#versions.get(kind) ?? this.#readVersion(kind);
    this.#versions.set(kind, present);
    if (version <= present) return;
    this.#fault(`${base}: its state has version ${version}, its kind ${present}`);
  }

  /** An instance without a kind is a dismissed one's: any version will do. */
  #readVersion(kind: number): number {
    const bytes = this.#rows.get(rowKind(kind));
    return bytes === undefined ? Infinity : unpackRow('kind', bytes)[4];
  }

  #isOfDismissed({ table, rest, isDurable }: RowParts): boolean {
    return isDurable && KIND_TABLES.includes(table) && this.dismissed.has(readU32(rest, 0));
  }

  #visitKindName(name: string, kind: number): void {
    if (this.#rows.get(rowKind(kind)) === undefined) this.#fault(`${name} names no kind: ${kind}`);
    if (this.#namedKinds.has(kind)) this.#fault(`${name} is a second name of kind ${kind}`);
    this.#namedKinds.add(kind);
  }

  #visitExportName(name: string, n: number): void {
    const vref = namedRef(n);
    const next = this.#rows.get(rowNextExport());
    if (next === undefined || unpackNumber(next) <= n) this.#fault(`${vref} is yet to come`);
    const other = this.exportNames.get(vref);
    if (other !== undefined) this.#fault(`${vref} has two names, ${other} and ${name}`);
    this.exportNames.set(vref, name);
  }

  #visitZero(key: string, rest: string, entry: number): void {
    const incarnation = readU32(rest, 0);
    this.#zeros.set(rest.slice(4), { incarnation, entry });
    if (incarnation !== this.#incarnation) this.unswept.push(JSON.stringify(key));
  }

  #isWeak(isDurable: boolean, rest: string): boolean {
    const isWeak = this.#weakKinds.get(`${isDurable}/${readU48(rest, 0)}`);
    if (isWeak === undefined) this.#fault(`rows of no collection: ${readU48(rest, 0)}`);
    return isWeak === true;
  }

  #visitEntry(isDurable: boolean, rest: string, bytes: Uint8Array): void {
    const name = `${isDurable}/${readU48(rest, 0)}`;
    if (!this.#isWeak(isDurable, rest)) this.#entries.set(name, (this.#entries.get(name) ?? 0) + 1);
    if (bytes.length > 0) this.#hold(isDurable, unpackRow('entry', bytes)[1]);
  }

  #visitRefEntry(isDurable: boolean, rest: string, bytes: Uint8Array): void {
    const vref = storedVRef(rest.slice(6));
    const [, , slots] = unpackRow('refEntry', bytes);
    if (!this.#isWeak(isDurable, rest)) return this.#hold(isDurable, [...slots, vref]);
    const key = rowRecognizer(vref, readU48(rest, 0));
    this.#recognized.add(vref);
    this.#weakEntries.add(isDurable ? key : virtualRow(this.#incarnation, key));
    return this.#hold(isDurable, slots);
  }

  #isRevoked(base: string): boolean {
    const kind = /^o\+d([0-9]+)\//.exec(base)?.[1];
    return kind !== undefined && this.dismissed.has(Number(kind));
  }

  #isThing(base: string): boolean {
    return isThing(base) && !this.#isRevoked(base);
  }

  #refOf(isDurable: boolean, kind: number, instance: number): string {
    return isDurable
      ? `o+d${kind}/${instance}`
      : `o+v${this.#incarnation}/${kind}/${instance}`;
  }

  #hold(isDurable: boolean, slots: Slots): void {
    const holders = isDurable ? this.#holders.durable : this.#holders.virtual;
    for (const base of new Set(slots.map(baseRefOf))) {
      holders.set(base, (holders.get(base) ?? 0) + 1);
    }
  }

  #compareThings(): void {
    for (const [base, header] of this.headers) this.#compareThing(base, header);
    for (const [base, zero] of this.#revoked) {
      const entry = this.#zeros.get(base)?.incarnation ?? -1;
      if (entry + 1 !== zero) this.#fault(`${base}, revoked: entry is not at ${zero}`);
    }
    for (const holders of [this.#holders.durable, this.#holders.virtual]) {
      for (const base of holders.keys()) {
        const isThere = !this.#isThing(base) || this.headers.has(base);
        if (!isThere) this.#fault(`held, without a row: ${base}`);
      }
    }
    for (const base of this.#zeros.keys()) {
      const isOurs = !base.startsWith('o+v') || base.startsWith(`o+v${this.#incarnation}/`);
      const isThere = this.headers.has(base) || this.#revoked.has(base);
      if (isOurs && !isThere) this.#fault(`listed and without a row: ${base}`);
    }
  }

  #compareThing(base: string, { count, es, zero, isDropped, isDurable }: Header): void {
    const holders = isDurable ? this.#holders.durable : this.#holders.virtual;
    const held = holders.get(base) ?? 0;
    if (held !== count) this.#fault(`${base}: ${held} rows hold it, its count is ${count}`);
    const isUnheld = count === 0 && !es.includes('r');
    const listed = this.#zeros.get(base);
    if (this.#forgotten.has(base)) return;
    if (isUnheld !== (listed !== undefined)) this.#fault(`${base}: unheld ${isUnheld}, no entry`);
    if ((listed?.incarnation ?? -1) + 1 !== zero) this.#fault(`${base}: entry is not at ${zero}`);
    if (isDropped !== (listed?.entry === 1)) this.#fault(`${base}: dropped is ${isDropped}`);
    if (listed !== undefined) {
      const key = rowZero(listed.incarnation, base);
      if (this.#rows.get(key) === undefined) this.#fault(`${base}: two entries`);
    }
  }

  #compareVirtualCounts(): void {
    const { virtual } = this.#holders;
    for (const [base, count] of this.#virtualCounts) {
      const isCounted = this.#isThing(base);
      const isWrong = isCounted && virtual.get(base) !== count;
      if (isWrong) this.#fault(`${base}: virtual count ${count}`);
      const isGone = !isCounted && !this.#revoked.has(base);
      if (isGone) this.#fault(`${base}: a virtual count of what is no more`);
    }
    for (const [base, count] of virtual) {
      const isCounted = this.#isThing(base) && !base.startsWith('o+v');
      if (isCounted && this.#virtualCounts.get(base) !== count) {
        this.#fault(`${base}: ${count} virtual rows hold it, counted otherwise`);
      }
    }
  }

  #compareRecognizers(): void {
    for (const key of this.#weakEntries) {
      if (!this.#recognizers.has(key)) this.#fault(`no recognizer ${JSON.stringify(key)}`);
    }
    for (const key of this.#recognizers) {
      if (!this.#weakEntries.has(key)) this.#fault(`recognizer of nothing ${JSON.stringify(key)}`);
    }
    for (const vref of this.#recognized) {
      const base = baseRefOf(vref);
      const isRevoked = this.#isRevoked(base);
      const isThere = isRevoked ? this.#revoked.has(base) : this.headers.has(base);
      const isGone = isThing(base) && !isThere;
      if (isGone) this.#fault(`an entry is keyed by what is no more: ${vref}`);
    }
  }

  result(): RowAudit {
    const things = new Map<string, AuditedThing>();
    for (const [base, { count, es, zero, isDropped, spelled = '' }] of this.headers) {
      things.set(base, { count, es, isListed: zero !== 0, isDropped, spelled });
    }
    const { faults, exportNames, dismissed, unswept } = this;
    return { faults, things, exportNames, dismissed, unswept };
  }
}

export const auditRows = (rows: RowSource, incarnation: Incarnation): RowAudit => {
  const auditor = new Auditor(rows, incarnation);
  auditor.run();
  return auditor.result();
};
