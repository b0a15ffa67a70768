import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Makes things of every sort for others, and has others make them. */
export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  const provide = name => {
    if (!baggage.has(name)) baggage.init(name, VatData.makeKindHandle(name));
    return baggage.get(name);
  };
  const methods = {
    touch: ({ state }) => (state.n += 1),
    link: ({ state }, other) => {
      state.other = other;
    },
  };
  const init = () => ({ n: 0, other: undefined });
  const makeThing = VatData.defineDurableKind(provide('thing'), init, methods);
  const makeKit = VatData.defineDurableKindMulti(provide('kit'), init, { a: methods, b: methods });
  const makeVirtual = VatData.defineKind('virtual', init, methods);
  const seen = new WeakMap();
  const recognized = VatData.makeScalarBigWeakMapStore('recognized');
  const makers = {
    thing: () => makeThing(),
    facet: () => makeKit().b,
    virtual: () => makeVirtual(),
    far: () => Far('far', { touch: () => 1, link: () => {} }),
    map: () => VatData.makeScalarBigMapStore('map', { durable: true }),
  };
  const sorts = Object.keys(makers);
  return Far('leaker', {
    make: sort => makers[sort](),
    /** Holds what it is given in every way that ends with the delivery. */
    take: other => {
      seen.set(other, makeThing());
      recognized.init(other, makeKit().a);
      const holder = VatData.canBeDurable(other) ? makeThing() : makeVirtual();
      holder.link(other);
      const map = VatData.makeScalarBigMapStore('of others');
      map.init(other, [other, makeVirtual()]);
    },
    async rounds(maker, first, count) {
      const round = async n => {
        const sort = sorts[n % sorts.length];
        const made = await E(maker).make(sort);
        if (sort === 'map') await E(made).init(1, makeThing());
        else await Promise.all([E(made).touch(), E(made).link(makeKit().a)]);
        await E(maker).take(made);
        await E(maker).take(makers[sort]());
      };
      await Promise.all(Array.from({ length: count }, (_, i) => round(first + i)));
    },
  });
};
