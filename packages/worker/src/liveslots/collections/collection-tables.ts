/**
 * What the collections of one scope have in RAM: per crank their schemas and counts, and per
 * incarnation the generations of those that somebody iterates.
 *
 * Invariants: a collection's schema and counts are read at most once per crank. A generation can be
 * observed through an iterator only, and iterators hold it: whether it is still remembered without
 * one makes no difference (rules.md#o1).
 */
import type { Pattern } from '@endo/patterns';
import type { Slots } from '../../protocol/passables.js';
import { storedPattern } from '../contract/patterns.js';
import type { Core } from '../objects/core.js';
import { textOf } from '../rows/decoded.js';
import { packRow, unpackRow } from '../rows/frames.js';
import type { CollectionRow } from '../rows/frames.js';
import type { RowsOut, Scope } from '../rows/scope.js';

export interface Schema {
  readonly label: string;
  /** Undefined: any scalar. */
  readonly keyShape: Pattern | undefined;
  readonly valueShape: Pattern | undefined;
}

interface Counts {
  entryCount: number;
  nextOrdinal: number;
}

/** Counts the additions to a collection since somebody began to iterate it. */
export interface Generation {
  additions: number;
}

interface CrankRecord {
  schema: Schema | undefined;
  counts: Counts | undefined;
  areCountsDirty: boolean;
}

const SWEEP_COUNT_MIN = 1024;
const { WeakRef: HostWeakRef } = globalThis;

export class CollectionTables {
  readonly scope: Scope;
  readonly #core: Core;
  readonly #records = new Map<number, CrankRecord>();
  readonly #generations = new Map<number, WeakRef<Generation>>();
  #sweepAt = SWEEP_COUNT_MIN;

  constructor(core: Core, scope: Scope) {
    this.#core = core;
    this.scope = scope;
  }

  schemaOf(storeKind: number, cid: number): Schema {
    const record = this.#recordOf(cid);
    record.schema ??= this.#readSchema(storeKind, cid);
    return record.schema;
  }

  readCounts(cid: number): Readonly<Counts> {
    return this.#countsOf(this.#recordOf(cid), cid);
  }

  /** The counts, to be changed: they are written when the crank ends. */
  changeCounts(cid: number): Counts {
    const record = this.#recordOf(cid);
    record.areCountsDirty = true;
    return this.#countsOf(record, cid);
  }

  /** Writes a new collection's own row. */
  create(cid: number, row: CollectionRow): void {
    const key = this.scope.keys.collection(cid);
    this.#core.context.rows.set(key, packRow('collection', row));
    this.#recordOf(cid).counts = { entryCount: 0, nextOrdinal: 1 };
  }

  /** A dead collection's own rows go; its entries have gone before. */
  remove(cid: number): void {
    const { rows } = this.#core.context;
    rows.delete(this.scope.keys.collection(cid));
    const counts = this.scope.keys.collectionCounts(cid);
    if (rows.get(counts) !== undefined) rows.delete(counts);
    this.#records.delete(cid);
  }

  exists(cid: number): boolean {
    return this.#core.context.rows.get(this.scope.keys.collection(cid)) !== undefined;
  }

  /** The generation of a collection that is being iterated; hold it for as long. */
  generationOf(cid: number): Generation {
    const known = this.#generations.get(cid)?.deref();
    if (known !== undefined) return known;
    if (this.#generations.size >= this.#sweepAt) this.#sweep();
    const generation: Generation = { additions: 0 };
    this.#generations.set(cid, new HostWeakRef(generation));
    return generation;
  }

  noteAddition(cid: number): void {
    if (this.#generations.size === 0) return;
    const generation = this.#generations.get(cid)?.deref();
    if (generation !== undefined) generation.additions += 1;
  }

  /** Hands out the counts that changed and forgets the crank. */
  collectRows(out: RowsOut): void {
    if (this.#records.size === 0) return;
    for (const [cid, { counts, areCountsDirty }] of this.#records) {
      if (!areCountsDirty || counts === undefined) continue;
      const row = packRow('collectionCounts', [counts.entryCount, counts.nextOrdinal]);
      out.push([this.scope.keys.collectionCounts(cid), row]);
    }
    this.#records.clear();
  }

  #recordOf(cid: number): CrankRecord {
    let record = this.#records.get(cid);
    if (record === undefined) {
      record = { schema: undefined, counts: undefined, areCountsDirty: false };
      this.#records.set(cid, record);
    }
    return record;
  }

  #countsOf(record: CrankRecord, cid: number): Counts {
    if (record.counts === undefined) {
      const bytes = this.#core.context.rows.get(this.scope.keys.collectionCounts(cid));
      const [entryCount, nextOrdinal] =
        bytes === undefined ? [0, 1] : unpackRow('collectionCounts', bytes);
      record.counts = { entryCount, nextOrdinal };
    }
    return record.counts;
  }

  #readSchema(storeKind: number, cid: number): Schema {
    const { rows, raise } = this.#core.context;
    const bytes = rows.get(this.scope.keys.collection(cid));
    if (bytes === undefined) {
      return raise('BAD_DELIVERY', `${this.scope.refOf(storeKind, cid)} has no row`);
    }
    const [, label, keyShape, valueShape, [keySlots, valueSlots]] = unpackRow('collection', bytes);
    const shape = (body: Uint8Array | null, slots: Slots): Pattern | undefined =>
      body === null ? undefined : storedPattern(this.#core.values.decode(body, slots));
    return {
      label: textOf(this.#core.context.codec, label),
      keyShape: shape(keyShape, keySlots),
      valueShape: shape(valueShape, valueSlots),
    };
  }

  #sweep(): void {
    for (const [cid, ref] of this.#generations) {
      if (ref.deref() === undefined) this.#generations.delete(cid);
    }
    this.#sweepAt = Math.max(SWEEP_COUNT_MIN, this.#generations.size * 2);
  }
}
