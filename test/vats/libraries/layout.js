import { Far } from '@endo/far';
import { M } from '@endo/patterns';
import { makeScalarMapStore } from '@agoric/store';
import * as vatData from '@agoric/vat-data';
import { makeDurableZone } from '@agoric/zone/durable.js';

const CounterI = M.interface('Counter', { add: M.call(M.nat()).returns(M.nat()) });
const init = () => ({ count: 0n });
const methods = by => ({
  add(n) {
    this.state.count += n * by;
    return this.state.count;
  },
});

/** Version 1 is written with `@agoric/vat-data`, version 2 with a zone over the same baggage. */
const furnish = (version, baggage) => {
  if (version === 1) {
    vatData.provideKindHandle(baggage, 'Bare');
    vatData.defineDurableKind(vatData.provideKindHandle(baggage, 'Bare'), init, {});
    return {
      make: vatData.prepareExoClass(baggage, 'Counter', CounterI, init, methods(1n)),
      one: vatData.prepareExo(baggage, 'One', undefined, { get: () => 'one' }),
      map: vatData.provideDurableMapStore(baggage, 'map'),
    };
  }
  const zone = makeDurableZone(baggage);
  zone.exoClass('Bare', undefined, init, {});
  return {
    make: zone.exoClass('Counter', CounterI, init, methods(10n)),
    one: zone.exo('One', undefined, { get: () => 'another' }),
    map: zone.mapStore('map'),
  };
};

export const buildRootObject = (_vatPowers, { version }, baggage) => {
  const { make, one, map } = furnish(version, baggage);
  return Far('layout', {
    make: key => {
      map.init(key, make());
      return map.get(key);
    },
    get: key => map.get(key),
    one: () => one,
    keys: () => harden([...baggage.keys()]),
    /** A heap store iterated while it is added to. */
    stale: () => {
      const store = makeScalarMapStore('heap');
      store.init('a', 1);
      const keys = store.keys()[Symbol.iterator]();
      store.init('b', 2);
      return keys.next();
    },
  });
};
