/**
 * The four store objects that vat code sees, over one collection each.
 *
 * Their methods are own properties that need no `this`, as in SwingSet, so that vat code may take
 * one out of its store. Every store of a type inherits from one tag record.
 */
import { Far } from '@endo/pass-style';
import { getCopyMapEntries, getCopySetKeys, isCopyMap, isCopySet } from '@endo/patterns';
import type { Hardening } from '../../contracts/hardening.js';
import { propertyOf } from '../../values.js';
import { Fail } from '../contract/fail.js';
import { farPrototype } from '../contract/far-prototypes.js';
import { copyMapOf, copySetOf } from '../contract/patterns.js';
import { markRemade } from '../objects/remade-marks.js';
import { iterateCollection } from './collection-iteration.js';
import type { Collection } from './collection.js';

/** The method that every far object has. */
const GET_METHOD_NAMES = '__getMethodNames__';

export type StoreType = 'mapStore' | 'weakMapStore' | 'setStore' | 'weakSetStore';
type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

const isIterable = (source: unknown): source is Iterable<unknown> =>
  typeof propertyOf(Object(source), Symbol.iterator) === 'function';

/** The pairs of an iterable or a CopyMap. */
const pairsOf = (source: unknown): Iterable<readonly [unknown, unknown]> => {
  // Whoever takes a pair apart learns whether it is one: the language throws if not.
  if (isIterable(source)) return source as Iterable<readonly [unknown, unknown]>;
  if (Object.isFrozen(source) && isCopyMap(source)) return getCopyMapEntries(source);
  throw Fail`provided data source is not iterable: ${source}`;
};

/** The members of an iterable or a CopySet. */
const membersOf = (source: unknown): Iterable<unknown> => {
  if (isIterable(source)) return source;
  if (Object.isFrozen(source) && isCopySet(source)) return getCopySetKeys(source);
  throw Fail`provided data source is not iterable: ${source}`;
};

const weakMapMethods = (collection: Collection): Methods => ({
  has: (key: unknown) => collection.has(key),
  get: (key: unknown) => collection.get(key),
  init: (key: unknown, value: unknown) => collection.init(key, value),
  set: (key: unknown, value: unknown) => collection.set(key, value),
  delete: (key: unknown) => collection.delete(key),
  addAll: (source: unknown) => {
    for (const [key, value] of pairsOf(source)) {
      if (collection.has(key)) collection.set(key, value);
      else collection.init(key, value);
    }
  },
});

const weakSetMethods = (collection: Collection): Methods => ({
  has: (key: unknown) => collection.has(key),
  add: (key: unknown) => collection.add(key),
  delete: (key: unknown) => collection.delete(key),
  addAll: (source: unknown) => {
    for (const key of membersOf(source)) collection.add(key);
  },
});

const mapMethods = (collection: Collection): Methods => {
  const iterate = (yields: 'keys' | 'values' | 'entries', key: unknown, value: unknown) =>
    iterateCollection(collection, yields, { keyPattern: key, valuePattern: value });
  return {
    ...weakMapMethods(collection),
    keys: (key?: unknown, value?: unknown) => iterate('keys', key, value),
    values: (key?: unknown, value?: unknown) => iterate('values', key, value),
    entries: (key?: unknown, value?: unknown) => iterate('entries', key, value),
    snapshot: (key?: unknown, value?: unknown) =>
      copyMapOf(iterate('entries', key, value)),
    getSize: (keyPattern?: unknown, valuePattern?: unknown) =>
      collection.getSize(collection.checkSelection({ keyPattern, valuePattern })),
    clear: (keyPattern?: unknown, valuePattern?: unknown) =>
      collection.clear(collection.checkSelection({ keyPattern, valuePattern })),
  };
};

const setMethods = (collection: Collection): Methods => {
  const keys = (keyPattern?: unknown) => iterateCollection(collection, 'keys', { keyPattern });
  return {
    ...weakSetMethods(collection),
    keys: (key?: unknown) => keys(key),
    values: (key?: unknown) => keys(key),
    snapshot: (key?: unknown) => copySetOf(keys(key)),
    getSize: (keyPattern?: unknown) =>
      collection.getSize(collection.checkSelection({ keyPattern })),
    clear: (keyPattern?: unknown) => collection.clear(collection.checkSelection({ keyPattern })),
  };
};

const METHODS: Readonly<Record<StoreType, (collection: Collection) => Methods>> = {
  mapStore: mapMethods,
  weakMapStore: weakMapMethods,
  setStore: setMethods,
  weakSetStore: weakSetMethods,
};

export class StoreShapes {
  readonly #hardening: Hardening;
  readonly #tagRecords = new Map<StoreType, object>();
  readonly #getMethodNames: unknown;

  constructor(hardening: Hardening) {
    this.#hardening = hardening;
    this.#getMethodNames = propertyOf(Far('store', {}), GET_METHOD_NAMES);
  }

  make(type: StoreType, collection: Collection): object {
    const store: object = Object.create(this.#tagRecord(type));
    const methods = METHODS[type](collection);
    Object.values(methods).forEach(markRemade);
    Object.assign(store, methods);
    Object.defineProperty(store, GET_METHOD_NAMES, { value: this.#getMethodNames });
    return this.#hardening.harden(store);
  }

  #tagRecord(type: StoreType): object {
    let record = this.#tagRecords.get(type);
    if (record === undefined) {
      record = this.#hardening.harden(farPrototype(`Alleged: ${type}`));
      this.#tagRecords.set(type, record);
    }
    return record;
  }
}
