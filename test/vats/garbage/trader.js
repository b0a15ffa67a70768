import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const makersOf = (makeKit, makeVirtual) => ({
  kit: other => makeKit(other).a,
  facet: other => makeKit(other).b,
  virtual: other => makeVirtual(other),
  far: other => Far('far', { touch: () => (other === undefined ? 'alone' : 'here') }),
  map: () => VatData.makeScalarBigMapStore('map', { durable: true }),
  vmap: () => VatData.makeScalarBigMapStore('vmap'),
});

/** Holds things by name in every way there is, passes them on, lets go when told. */
export const buildRootObject = ({ exitVat }, parameters, baggage) => {
  if (parameters?.fail) throw Error('told to fail');
  const provide = (name, make) => {
    if (!baggage.has(name)) baggage.init(name, make());
    return baggage.get(name);
  };
  const handle = name => provide(name, () => VatData.makeKindHandle(name));
  const behavior = { link: ({ state }, other) => void (state.other = other), touch: () => 'here' };
  const init = other => ({ other });
  const makeThing = VatData.defineDurableKind(handle('thing'), init, behavior);
  const makeKit = VatData.defineDurableKindMulti(handle('kit'), init, { a: behavior, b: behavior });
  const makeVirtual = VatData.defineKind('virtual', init, behavior);
  const watcher = VatData.providePromiseWatcher(handle('watcher'));
  const durable = { durable: true };
  const makers = { thing: makeThing, ...makersOf(makeKit, makeVirtual) };
  const weak = {
    weakmap: new WeakMap(),
    dweak: provide('dweak', () => VatData.makeScalarBigWeakMapStore('dweak', durable)),
    vweak: VatData.makeScalarBigWeakMapStore('vweak'),
  };
  const stores = {
    ram: new Map(),
    durable: provide('durable', () => VatData.makeScalarBigMapStore('durable', durable)),
    virtual: VatData.makeScalarBigMapStore('virtual'),
  };
  const put = (where, name, value) => {
    if (where === 'ram' || stores[where].has(name)) stores[where].set(name, value);
    else stores[where].init(name, value);
  };
  const get = (where, name) => stores[where].get(name);
  if (parameters?.greet !== undefined) E(parameters.greet).put('ram', 'x', get('durable', 'x'));
  return Far('trader', {
    make: (sort, where, name, from) =>
      put(where, name, makers[sort](from === undefined ? undefined : get(...from))),
    put,
    take: get,
    drop: (where, name) => void (stores[where].has(name) && stores[where].delete(name)),
    pass: (where, name, to, toWhere, toName) => E(to).put(toWhere, toName, get(where, name)),
    show: (where, name, to, how) => E(to).recognize(how, get(where, name)),
    recognize: (how, value) => {
      if (value === undefined) throw Error('nothing to recognise');
      if (how === 'weakmap') weak.weakmap.set(value, makeThing());
      else if (!weak[how].has(value)) weak[how].init(value, makeThing());
    },
    knows: (how, value) => weak[how].has(value),
    ask: (where, name, to, how) => E(to).knows(how, get(where, name)),
    forget: (how, value) => weak[how].has(value) && weak[how].delete(value),
    tellForget: (where, name, to, how) => E(to).forget(how, get(where, name)),
    touch: (where, name) => E(get(where, name)).touch(),
    /** A promise under `name`, and how to settle it under `name!`. */
    open: name => {
      const kit = {};
      kit.promise = new Promise((resolve, reject) => Object.assign(kit, { resolve, reject }));
      stores.ram.set(name, kit.promise).set(`${name}!`, kit);
    },
    settle: (name, how, where, thing, also) => {
      const next = also === undefined ? undefined : stores.ram.get(also);
      stores.ram.get(`${name}!`)[how](harden([get(where, thing), next]));
      stores.ram.delete(`${name}!`);
    },
    watch: (where, name) => void VatData.watchPromise(get(where, name), watcher),
    parameterCount: () => parameters?.things?.length,
    leave: (where, name) => exitVat(get(where, name)),
    renew: () => void (weak.weakmap = new WeakMap()),
    nothing: () => {},
  });
};
