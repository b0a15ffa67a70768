import { Far } from '@endo/far';
import * as patterns from '@endo/patterns';
import * as heapStores from '@agoric/store';
import * as vatData from '@agoric/vat-data';

const { M } = patterns;

const heap = (name, options) => {
  const { makeScalarMapStore, makeScalarSetStore } = heapStores;
  const { makeScalarWeakMapStore, makeScalarWeakSetStore } = heapStores;
  return {
    map: makeScalarMapStore(name, options),
    set: makeScalarSetStore(name),
    weakMap: makeScalarWeakMapStore(name),
    weakSet: makeScalarWeakSetStore(name),
  };
};

const virtual = (name, options) => ({
  map: vatData.makeScalarBigMapStore(name, options),
  set: vatData.makeScalarBigSetStore(name),
  weakMap: vatData.makeScalarBigWeakMapStore(name),
  weakSet: vatData.makeScalarBigWeakSetStore(name),
});

const durable = (name, options, baggage) => ({
  map: vatData.provideDurableMapStore(baggage, `${name}-map`, options),
  set: vatData.provideDurableSetStore(baggage, `${name}-set`),
  weakMap: vatData.provideDurableWeakMapStore(baggage, `${name}-weakMap`),
  weakSet: vatData.provideDurableWeakSetStore(baggage, `${name}-weakSet`),
});

const outcome = work => {
  try {
    const value = work();
    return harden(['returned', value === undefined ? 'undefined' : value]);
  } catch (error) {
    return harden(['threw', error.name, error.message]);
  }
};

/** Stores of `@agoric/store` in the heap, of `@agoric/vat-data`, and the patterns of endo. */
export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  const options = harden({ keyShape: M.or(M.string(), M.number(), M.remotable()) });
  const sorts = {
    heap: heap('store', options),
    virtual: virtual('store', options),
    durable: durable('store', options, baggage),
  };
  const makeKey = vatData.prepareExoClass(baggage, 'Key', undefined, () => ({}), {});
  let provided = 0;
  return Far('stores', {
    run: (sort, store, method, ...args) =>
      outcome(() => {
        const found = sorts[sort][store][method](...args);
        const isIterable = typeof found === 'object' && Symbol.iterator in found;
        return isIterable ? harden([...found]) : found;
      }),
    provideLazy: (sort, key) =>
      heapStores.provideLazy(sorts[sort].map, key, () => (provided += 1)),
    provideBaggage: key => vatData.provide(baggage, key, () => `first ${key}`),
    makeKey: () => makeKey(),
    legacy: () => {
      const map = heapStores.makeLegacyMap('legacy');
      map.init('a', 1n);
      return map.get('a');
    },
    pattern: (name, ...args) => patterns.M[name](...args),
    matches: (specimen, pattern) => patterns.matches(specimen, pattern),
    mustMatch: (specimen, pattern) => outcome(() => patterns.mustMatch(specimen, pattern)),
    copy: (name, ...args) => patterns[name](...args),
  });
};
