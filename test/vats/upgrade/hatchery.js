import { E, Far } from '@endo/far';

/** What vat code makes of `vatPowers.onFork`, by name. */
const makeHandlers = (vatPowers, heap) => ({
  note: ({ vatParameters }) => void heap.forks.push(vatParameters),
  tell: ({ vatParameters: { listener } }) => void E(listener).echo('hatched'),
  late: async ({ vatParameters }) => {
    await null;
    heap.forks.push(['late', vatParameters]);
  },
  throw: () => {
    throw Error('not of this vat');
  },
  never: () => new Promise(() => {}),
  exit: () => vatPowers.exitVat('gone at once'),
  spin: () => {
    const nested = n => nested(n + 1) + 1;
    nested(0);
  },
});

const defineKinds = (baggage, version) => ({
  makeEgg: VatData.defineDurableKind(baggage.get('Egg'), weight => ({ weight }), {
    getWeight: ({ state }) => state.weight,
    feed: ({ state }, grams) => (state.weight += grams),
    getVersion: () => version,
  }),
  makePair: VatData.defineDurableKindMulti(
    baggage.get('Pair'),
    count => ({ count, other: undefined }),
    {
      front: {
        add: ({ state }, n) => (state.count += n),
        /** Two pairs that hold each other. */
        hold: ({ state }, other) => (state.other = other),
      },
      back: { read: ({ state }) => state.count },
    },
  ),
  makeFeather: VatData.defineKind('Feather', colour => ({ colour }), {
    getColour: ({ state }) => state.colour,
    paint: ({ state }, colour) => (state.colour = colour),
  }),
});

const makeEggs = ({ makeEgg }, nest, heap) => ({
  /** Kept in the store, or held by whoever gets it. */
  layEgg: (name, weight) => {
    const egg = makeEgg(weight);
    if (name !== undefined) nest.init(name, egg);
    return egg;
  },
  layEggs: (prefix, count) => {
    for (let i = 0; i < count; i += 1) nest.init(`${prefix}${i}`, makeEgg(BigInt(i)));
  },
  getEgg: name => nest.get(name),
  dropEgg: name => nest.delete(name),
  getNames: () => harden([...nest.keys()]),
  getWeights: () => [...nest.values()].reduce((sum, egg) => sum + egg.getWeight(), 0n),
  /** An egg that only the heap holds. */
  warmEgg: weight => void heap.held.push(makeEgg(weight)),
  weighWarm: () => harden(heap.held.map(egg => egg.getWeight())),
  takeWarm: i => heap.held[i],
});

const makeWaiting = (heap, kit) => ({
  /** A promise of the vat's own. */
  brood: () =>
    new Promise(hatch => {
      heap.hatch = hatch;
    }),
  hatch: value => heap.hatch(value),
  broodDurably: () => {
    const { promise, resolver } = VatData.makeDurablePromiseKit();
    kit.init('resolver', resolver);
    return promise;
  },
  hatchDurably: value => kit.get('resolver').resolve(value),
  /** Waits for another vat's promise. */
  wait: promise =>
    void promise.then(
      value => heap.settled.push(value),
      reason => heap.settled.push(`rejected: ${reason}`),
    ),
  ask: (thing, method) => void E(thing)[method]().then(value => heap.settled.push(value)),
  getSettled: () => harden([...heap.settled]),
});

const STORES = ['nest', 'imports', 'kit'];

/**
 * A vat worth forking: durable eggs, kept in a store or held by nobody inside, things of the heap,
 * promises in both directions. Every incarnation and every fork counts its own calls.
 */
export const buildRootObject = (vatPowers, parameters = {}, baggage) => {
  const { version = 1, onFork = [] } = parameters ?? {};
  if (!baggage.has('Egg')) {
    for (const tag of ['Egg', 'Pair']) baggage.init(tag, VatData.makeKindHandle(tag));
    for (const name of STORES) {
      baggage.init(name, VatData.makeScalarBigMapStore(name, { durable: true }));
    }
    baggage.init('seen', VatData.makeScalarBigWeakMapStore('seen', { durable: true }));
  }
  const [nest, imports, kit] = STORES.map(name => baggage.get(name));
  const seen = baggage.get('seen');
  const kinds = defineKinds(baggage, version);
  const heap = { calls: 0, forks: [], held: [], settled: [], hatch: undefined };
  const counter = Far('counter', { count: () => (heap.calls += 1) });
  const handlers = makeHandlers(vatPowers, heap);
  for (const name of onFork) vatPowers.onFork(handlers[name]);
  return Far('hatchery', {
    ...makeEggs(kinds, nest, heap),
    ...makeWaiting(heap, kit),
    count: () => (heap.calls += 1),
    getForks: () => harden([...heap.forks]),
    getVersion: () => version,
    makePair: count => kinds.makePair(count),
    makeFeather: colour => kinds.makeFeather(colour),
    getCounter: () => counter,
    nameCounter: name => {
      const named = Far('named', { count: () => (heap.calls += 100) });
      vatPowers.nameExport(name, named);
      return named;
    },
    keepImport: (name, thing) => imports.init(name, thing),
    dropImport: name => imports.delete(name),
    callImport: (name, method, args) => E(imports.get(name))[method](...args),
    recognize: (thing, word) => seen.init(thing, word),
    recall: thing => (seen.has(thing) ? seen.get(thing) : undefined),
    addHandler: handler => vatPowers.onFork(handler),
  });
};
