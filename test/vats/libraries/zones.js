import { Far } from '@endo/far';
import { M } from '@endo/patterns';
import { makeHeapZone } from '@agoric/zone/heap.js';
import { makeVirtualZone } from '@agoric/zone/virtual.js';
import { makeDurableZone } from '@agoric/zone/durable.js';

const CounterI = M.interface('Counter', {
  add: M.call(M.nat()).returns(M.nat()),
  read: M.call().returns(M.nat()),
  getVersion: M.call().returns(M.number()),
});

/** The same objects and stores in a zone of each sort; the parameters say which version this is. */
const furnish = (zone, version) => {
  const makeCounter = zone.exoClass('Counter', CounterI, start => ({ count: start }), {
    add(n) {
      this.state.count += n;
      return this.state.count;
    },
    read() {
      return this.state.count;
    },
    getVersion: () => version,
  });
  const makeCell = zone.exoClassKit(
    'Cell',
    {
      reader: M.interface('CellReader', { get: M.call().returns(M.any()) }),
      writer: M.interface('CellWriter', { set: M.call(M.any()).returns(M.remotable('reader')) }),
    },
    value => ({ value }),
    {
      reader: {
        get() {
          return this.state.value;
        },
      },
      writer: {
        set(value) {
          this.state.value = value;
          return this.facets.reader;
        },
      },
    },
  );
  const stores = {
    map: zone.mapStore('map'),
    set: zone.setStore('set'),
    weakMap: zone.weakMapStore('weakMap'),
    weakSet: zone.weakSetStore('weakSet'),
  };
  const sub = zone.subZone('sub');
  const subMap = sub.mapStore('map');
  const first = zone.makeOnce('first', () => makeCounter(version === 1 ? 1000n : 2000n));
  const subFirst = sub.makeOnce('first', key => `${key} of ${version}`);
  const GreeterI = M.interface('Greeter', { hello: M.call().returns(M.string()) });
  const greeter = zone.exo('Greeter', GreeterI, { hello: () => `hello from ${version}` });
  return { makeCounter, makeCell, stores, subMap, first, subFirst, greeter, zone };
};

const attempt = work => {
  try {
    return work();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

export const buildRootObject = (_vatPowers, { version }, baggage) => {
  const zones = {
    heap: furnish(makeHeapZone('heap'), version),
    virtual: furnish(makeVirtualZone('virtual'), version),
    durable: furnish(makeDurableZone(baggage, 'durable'), version),
  };
  return Far('zones', {
    makeCounter: (sort, start) => zones[sort].makeCounter(start),
    makeCell: (sort, value) => zones[sort].makeCell(value),
    greeter: sort => zones[sort].greeter,
    first: sort => zones[sort].first,
    subFirst: sort => zones[sort].subFirst,
    put: (sort, store, key, value) => {
      const { stores, subMap } = zones[sort];
      if (store === 'sub') subMap.init(key, value);
      else if (store === 'map' || store === 'weakMap') stores[store].init(key, value);
      else stores[store].add(key);
    },
    find: (sort, store, key) => {
      const { stores, subMap } = zones[sort];
      if (store === 'sub') return subMap.has(key) && subMap.get(key);
      const it = stores[store];
      return it.has(key) && (it.get ? it.get(key) : true);
    },
    entries: sort => harden([...zones[sort].stores.map.entries()]),
    refusals: sort => {
      const { zone } = zones[sort];
      return harden([
        attempt(() => zone.makeOnce('first', () => 1n)),
        attempt(() => zone.exoClass('Counter', undefined, () => ({}), {})),
        attempt(() => zone.makeOnce('promise', () => Promise.resolve())),
      ]);
    },
    isStorable: sort => {
      const { zone, first } = zones[sort];
      const specimens = harden([1n, 'a', [first], Far('own', {}), Promise.resolve()]);
      return harden(specimens.map(specimen => zone.isStorable(specimen)));
    },
    detached: sort => {
      const map = zones[sort].zone.detached().mapStore('map');
      map.init('a', 1n);
      return harden([...map.keys()]);
    },
  });
};
