/**
 * Makes collections, and makes their representatives again.
 *
 * Built-in kinds: 2-5 merely-virtual and 6-9 durable collections; a collection's instance number is
 * its cid. Durable collections are named `o+d{kind}/{cid}`, baggage being `o+d6/1`.
 */
import type { Pattern } from '@endo/patterns';
import { check } from '../../check.js';
import type { MadeStore } from '../../protocol/description.js';
import { noteStartSite, notedStartSites, type SiteText } from '../contract/call-sites.js';
import type { Encoded } from '../contract/context.js';
import { Fail } from '../contract/fail.js';
import { assertPattern } from '../contract/patterns.js';
import type { Core } from '../objects/core.js';
import { FIRST_USER_CID } from '../rows/counters.js';
import type { RowsOut, Scope } from '../rows/scope.js';
import { CollectionEntries } from './collection-entries.js';
import { CollectionTables } from './collection-tables.js';
import { Collection, assertDurableValue } from './collection.js';
import { BAGGAGE_CID } from './describe-row.js';
import { StoreShapes } from './stores.js';
import type { StoreType } from './stores.js';

const TYPES: readonly StoreType[] = ['mapStore', 'weakMapStore', 'setStore', 'weakSetStore'];
const FIRST_VIRTUAL_KIND = 2;
const FIRST_DURABLE_KIND = 6;

export interface StoreOptions {
  readonly durable?: boolean;
  readonly keyShape?: unknown;
  readonly valueShape?: unknown;
}

interface NewCollection {
  readonly type: StoreType;
  readonly cid: number;
  readonly label: string;
  readonly keyShape: unknown;
  readonly valueShape: unknown;
}

/** Beginning of a name; the label follows. */
const STORE_SITE = 'store ';

const NO_SHAPE = { body: null, slots: [] } as const;

export class Collections {
  readonly #core: Core;
  readonly #durable: CollectionTables;
  readonly #virtual: CollectionTables;
  readonly #shapes: StoreShapes;

  constructor(core: Core) {
    this.#core = core;
    this.#durable = new CollectionTables(core, core.durable);
    this.#virtual = new CollectionTables(core, core.virtual);
    this.#shapes = new StoreShapes(core.context.hardening);
    for (const tables of [this.#virtual, this.#durable]) {
      for (const type of TYPES) {
        const kind = this.#kindOf(tables.scope, type);
        core.context.references.registerKind(tables.scope.isDurable, kind, cid =>
          this.#represent(tables, type, cid),
        );
      }
    }
  }

  /** A new empty collection. `label` and `options` come from vat code. */
  make(type: StoreType, label: unknown, options: StoreOptions): object {
    if (typeof label !== 'string') throw Fail`label must be a string: ${label}`;
    const { durable = false, keyShape, valueShape } = options;
    const tables = durable ? this.#durable : this.#virtual;
    if (durable) noteStartSite(`${STORE_SITE}${label}`);
    this.#checkShapes(tables.scope, keyShape, valueShape);
    const cid = this.#core.counters.takeCid(tables.scope);
    return this.#create(tables, { type, cid, label, keyShape, valueShape });
  }

  /** Durable stores that the start has made. */
  describe(siteText: SiteText): MadeStore[] {
    return [...notedStartSites()]
      .filter(([name]) => name.startsWith(STORE_SITE))
      .map(([name, site]): MadeStore => [name.slice(STORE_SITE.length), siteText(site)]);
  }

  /** The durable map with which a vat begins, and that each incarnation is given again. */
  provideBaggage(keyShape: Pattern): object {
    const type = 'mapStore';
    const cid = BAGGAGE_CID;
    if (this.#durable.exists(cid)) {
      const ref = this.#core.durable.refOf(this.#kindOf(this.#core.durable, type), cid);
      return this.#core.context.references.valueOf(ref);
    }
    const label = 'baggage';
    return this.#create(this.#durable, { type, cid, label, keyShape, valueShape: undefined });
  }

  tablesOf(isDurable: boolean): CollectionTables {
    return isDurable ? this.#durable : this.#virtual;
  }

  /** Collections of this kind recognise their remotable keys and hold them not. */
  static isWeak(storeKind: number): boolean {
    const first = storeKind >= FIRST_DURABLE_KIND ? FIRST_DURABLE_KIND : FIRST_VIRTUAL_KIND;
    const type = TYPES[storeKind - first];
    check(type !== undefined, 'a kind of collections');
    return type.startsWith('weak');
  }

  collectRows(out: RowsOut): void {
    this.#durable.collectRows(out);
    this.#virtual.collectRows(out);
  }

  #kindOf(scope: Scope, type: StoreType): number {
    return (scope.isDurable ? FIRST_DURABLE_KIND : FIRST_VIRTUAL_KIND) + TYPES.indexOf(type);
  }

  #checkShapes(scope: Scope, ...shapes: unknown[]): void {
    const { context } = this.#core;
    for (const shape of shapes) {
      if (shape === undefined) continue;
      assertPattern(context.hardening.harden(shape));
      if (scope.isDurable) assertDurableValue(this.#core, shape, context.codec.encode(shape));
    }
  }

  #create(tables: CollectionTables, collection: NewCollection): object {
    const { type, cid, label, keyShape, valueShape } = collection;
    const { codec } = this.#core.context;
    const encode = (shape: unknown): Encoded | typeof NO_SHAPE =>
      shape === undefined ? NO_SHAPE : codec.encode(shape);
    const key = encode(keyShape);
    const value = encode(valueShape);
    const { ledger } = this.#core;
    ledger.rowChanged(tables.scope.isDurable, [], [...key.slots, ...value.slots]);
    const text = codec.encode(label).body;
    const kind = this.#kindOf(tables.scope, type);
    const slots = [key.slots, value.slots] as const;
    tables.create(cid, [kind, text, key.body, value.body, slots, 0, '', 0, 0]);
    if (cid >= FIRST_USER_CID) ledger.created(tables.scope.refOf(kind, cid));
    return this.#represent(tables, type, cid);
  }

  /** Makes a collection's representative and binds it. Reads nothing. */
  #represent(tables: CollectionTables, type: StoreType, cid: number): object {
    const isWeak = type.startsWith('weak');
    const entries = new CollectionEntries(this.#core, tables, cid, isWeak);
    const storeKind = this.#kindOf(tables.scope, type);
    const collection = new Collection(this.#core, tables, { storeKind, cid, entries });
    const store = this.#shapes.make(type, collection);
    collection.holdStore(store);
    this.#core.context.references.bindVirtual(tables.scope.refOf(storeKind, cid), store);
    return store;
  }
}
