/**
 * Things: what garbage is counted by. An import, an instance of a kind with all its facets, or a
 * collection, by its baseRef.
 *
 * The header of a thing's row says what holds it (docs/gc.md). Invariants: the header of an
 * instance whose state this crank writes is changed in its record, and leaves with the state; any
 * other header is changed in its row, and neither state nor shapes are decoded for it. Kind
 * handles, the root and liveslots' own collections are no things: nothing lets go of them. Nor are
 * instances of dismissed kinds: nothing that holds one counts (dismissals.ts).
 */
import type { BinaryKey } from '@heirloom/store';
import { rowImportRef } from '@heirloom/store/keys';
import { check } from '../../check.js';
import { importRef, parseVRef, type VRef } from '../../protocol/refs.js';
import { FIRST_USER_CID, FIRST_USER_KIND } from '../rows/counters.js';
import { packRow, unpackRow } from '../rows/frames.js';
import type { CollectionRow, ObjectRow } from '../rows/frames.js';
import type { Scope } from '../rows/scope.js';
import type { Core } from './core.js';

/** What holds a thing, as its row says it. */
export interface Header {
  /** Rows that hold it: durable rows for what is durable, the others for what is not. */
  count: number;
  /** Export status, a character per facet: `r` reachable, `s` recognizable, `n` neither. */
  es: string;
  /** Incarnation + 1 of its zero entry; 0 without. */
  zero: number;
  /** Incarnation + 1 of the last in which RAM may have come to hold it beside every row. */
  released: number;
  /** Imports only: the kernel believes it dropped. */
  isDropped: boolean;
}

export const newHeader = (): Header => ({
  count: 0,
  es: '',
  zero: 0,
  released: 0,
  isDropped: false,
});

/** Nothing but RAM, and merely-virtual rows for what is durable, can hold it. */
export const isUnheld = ({ count, es }: Header): boolean => count === 0 && !es.includes('r');

export type ThingPlace =
  | { readonly type: 'import'; readonly n: number }
  | {
      readonly type: 'object';
      readonly scope: Scope;
      readonly kind: number;
      readonly instance: number;
    }
  | {
      readonly type: 'collection';
      readonly scope: Scope;
      readonly storeKind: number;
      readonly cid: number;
    };

export interface Thing {
  readonly place: ThingPlace;
  readonly key: BinaryKey;
  readonly header: Header;
  /** Writes the header, unless it leaves with a record. */
  save(): void;
}

/** Where the rows of a thing are; undefined for what is none. */
export const placeOf = (core: Core, baseRef: VRef): ThingPlace | undefined => {
  const parsed = parseVRef(baseRef);
  switch (parsed?.type) {
    case 'import':
      return { type: 'import', n: parsed.n };
    case 'durable':
    case 'virtual': {
      const { kind, instance } = parsed;
      const scope = parsed.type === 'durable' ? core.durable : core.virtual;
      if (kind >= FIRST_USER_KIND) {
        const isRevoked = scope.isDurable && core.dismissals.has(kind);
        return isRevoked ? undefined : { type: 'object', scope, kind, instance };
      }
      const isOurs = kind === 1 || instance < FIRST_USER_CID;
      return isOurs
        ? undefined
        : { type: 'collection', scope, storeKind: kind, cid: instance };
    }
    case 'root':
    case 'ephemeral':
    case 'named':
    case 'vatPromise':
    case 'kernelPromise':
    case undefined:
      return undefined;
    default:
      throw TypeError(`unknown reference ${String(parsed satisfies never)}`);
  }
};

const headerOf = (
  core: Core,
  [count, es, zero, released]: readonly [number, string, number, number, ...unknown[]],
): Header => ({ count, es: core.forks.statusOf(es), zero, released, isDropped: false });

const openImport = (core: Core, n: number, place: ThingPlace): Thing => {
  const { rows } = core.context;
  const key = rowImportRef(n);
  const bytes = rows.get(key);
  const header = newHeader();
  let spelled: string;
  if (bytes === undefined) spelled = core.context.interfaces.told(importRef(n));
  else {
    const [count, zero, released, isDropped, name = ''] = unpackRow('importRef', bytes);
    Object.assign(header, { count, zero, released, isDropped });
    spelled = name;
  }
  const save = (): void => {
    const { count, zero, released, isDropped } = header;
    const fields = [count, zero, released, isDropped] as const;
    rows.set(key, packRow('importRef', spelled === '' ? fields : [...fields, spelled]));
  };
  return { place, key, header, save };
};

const openObject = (
  core: Core,
  place: Extract<ThingPlace, { readonly type: 'object' }>,
): Thing | undefined => {
  const { scope, kind, instance } = place;
  const { rows } = core.context;
  const key = scope.keys.object(kind, instance);
  const kinds = scope.isDurable ? core.definedKinds : core.virtualKinds;
  const record = kinds.get(kind)?.dirtyRecord(instance);
  if (record !== undefined) {
    const { header } = record;
    check(header !== undefined, 'a dirty record has a header');
    return { place, key, header, save: () => undefined };
  }
  const bytes = rows.get(key);
  if (bytes === undefined) return undefined;
  const [schema, layout, ...rest] = unpackRow('object', bytes);
  const header = headerOf(core, rest);
  const [, , , , body, slots] = rest;
  const save = (): void => {
    const { count, es, zero, released } = header;
    const fields = [count, core.forks.stored(es), zero, released] as const;
    const row: ObjectRow = [schema, layout, ...fields, body, slots];
    rows.set(key, packRow('object', row));
  };
  return { place, key, header, save };
};

const openCollection = (
  core: Core,
  place: Extract<ThingPlace, { readonly type: 'collection' }>,
): Thing | undefined => {
  const { rows } = core.context;
  const key = place.scope.keys.collection(place.cid);
  const bytes = rows.get(key);
  if (bytes === undefined) return undefined;
  const [storeKind, label, keyShape, valueShape, slots, ...rest] = unpackRow('collection', bytes);
  const header = headerOf(core, rest);
  const save = (): void => {
    const { count, es, zero, released } = header;
    const shapes = [storeKind, label, keyShape, valueShape, slots] as const;
    const row: CollectionRow = [...shapes, count, core.forks.stored(es), zero, released];
    rows.set(key, packRow('collection', row));
  };
  return { place, key, header, save };
};

/** The thing at `place`; undefined if it has no row. An import without one is new. */
export const openThing = (core: Core, place: ThingPlace): Thing | undefined => {
  switch (place.type) {
    case 'import':
      return openImport(core, place.n, place);
    case 'object':
      return openObject(core, place);
    case 'collection':
      return openCollection(core, place);
    default:
      throw TypeError(`unknown thing ${String(place satisfies never)}`);
  }
};
