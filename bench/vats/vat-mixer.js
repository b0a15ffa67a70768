// A vat that does a little of everything, as the plan of the bench `replicas` tells it: durable and
// virtual objects, weak maps, promises between vats, garbage, alarms, vats of its own, and its end.
//
// `it` is what the groups of methods share: parameters, stores, what only this incarnation has.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const PLACES = 3;
const STORES = ['own', 'taken', 'tally', 'staff'];

const firstKeys = (store, most) => [...store.keys()].slice(0, most);
const lastValues = (store, most) => [...store.values()].slice(-most);

const prepare = baggage => {
  const { makeKindHandle, makeScalarBigMapStore, makeScalarBigWeakMapStore } = VatData;
  if (!baggage.has('Item')) {
    for (const tag of ['Item', 'Watcher']) baggage.init(tag, makeKindHandle(tag));
    for (const label of STORES) {
      baggage.init(label, makeScalarBigMapStore(label, { durable: true }));
    }
    baggage.init('marks', makeScalarBigWeakMapStore('marks', { durable: true }));
  }
  return {
    ...Object.fromEntries(STORES.map(label => [label, baggage.get(label)])),
    // What only this incarnation has.
    shortLived: makeScalarBigMapStore('shortLived'),
    marks: [baggage.get('marks'), makeScalarBigWeakMapStore('shortMarks')],
    heapMarks: new WeakMap(),
    heap: [],
    kits: [],
    nodes: [],
  };
};

/** What happened, by name, in a durable store. */
const counters = ({ tally }, baggage, version) => {
  const count = (event, by = 1) =>
    tally.has(event) ? tally.set(event, tally.get(event) + by) : tally.init(event, by);
  const watcher = VatData.providePromiseWatcher(
    baggage.get('Watcher'),
    (_value, event) => count(`${event} seen by ${version}`),
    (reason, event) => count(`${event} lost on ${version}: ${reason?.name}`),
  );
  return {
    count,
    counting: (event, promise) =>
      promise.then(
        () => count(`${event} done`),
        reason => count(`${event} refused: ${reason?.name}`),
      ),
    next: event => {
      count(event);
      return tally.get(event);
    },
    watch: (promise, event) => VatData.watchPromise(promise, watcher, event),
  };
};

/** Without the claim of its durable kind an upgrade must fail. */
const kinds = (baggage, fail) => {
  const init = (n, link) => ({ n, hits: 0, link });
  const behaviour = {
    hit: ({ state }, by) => (state.hits += by),
    link: ({ self, state }) => state.link ?? self,
    relink: ({ state }, link) => void (state.link = link),
  };
  return {
    makeItem:
      fail === 'unclaimed'
        ? undefined
        : VatData.defineDurableKind(baggage.get('Item'), init, behaviour),
    makeNote: VatData.defineKind('Note', init, behaviour),
    makeEar: n => {
      const ear = Far('ear', { hit: by => n + by, link: () => ear, relink: () => {} });
      return ear;
    },
  };
};

const things = it => {
  const { own, taken, shortLived, heap, marks, heapMarks, count, next } = it;
  const put = thing => {
    const n = next('taken');
    if (n % PLACES === 0) taken.init(n, thing);
    else if (n % PLACES === 1) shortLived.init(n, thing);
    else heap.push(thing);
    const fresh = marks.filter(store => !store.has(thing));
    for (const store of fresh) store.init(thing, n);
    count('marked', fresh.length);
    heapMarks.set(thing, n);
  };
  return {
    make: most => {
      for (let i = 0; i < most; i += 1) {
        const n = next('made');
        own.init(n, it.makeItem(n, lastValues(n % 2 === 0 ? own : taken, 1)[0]));
      }
      return own.getSize();
    },
    trim: most => firstKeys(own, most).forEach(key => own.delete(key)),
    take: (gifts, promise) => {
      gifts.forEach(put);
      if (promise !== undefined) it.watch(promise, 'gift');
      return gifts.length;
    },
    lose: most => {
      for (const store of [taken, shortLived]) {
        firstKeys(store, most).forEach(key => store.delete(key));
      }
      heap.splice(0, most);
    },
    /** All that can be seen of it. */
    weigh: () => {
      const all = [...taken.values(), ...shortLived.values(), ...heap];
      const seen = [...marks, heapMarks].map(store => all.filter(one => store.has(one)).length);
      const sizes = [own, taken, shortLived, it.staff].map(store => store.getSize());
      const hits = [...own.values()].reduce((sum, item) => sum + item.hit(0), 0);
      const rest = [heap.length, it.kits.length, it.nodes.length, hits, it.version];
      return harden([...sizes, ...seen, ...rest, [...it.tally.entries()]]);
    },
  };
};

const messages = it => {
  const { own, taken, shortLived, heap, counting } = it;
  const held = most => [
    ...lastValues(taken, most),
    ...lastValues(shortLived, most),
    ...heap.slice(-most),
  ];
  return {
    /** Hands out what it has: durable, virtual, in RAM. */
    offer: (peer, most) => {
      const [last] = lastValues(own, 1);
      const notes = Array.from({ length: most }, (_value, i) => it.makeNote(i, last));
      const gifts = [...lastValues(own, most), ...notes, it.makeEar(most), ...held(1)];
      counting('offer', E(peer).take(harden(gifts), it.newPromise()));
    },
    poke: most => held(most).forEach(thing => counting('poke', E(thing).hit(it.version))),
    relink: most => {
      const all = held(most);
      all.forEach((thing, i) => counting('relink', E(thing).relink(all.at(i - 1))));
    },
    pick: n => lastValues(n % 2 === 0 ? own : taken, 1)[0] ?? it.makeEar(n),
    /** Sends to results that are not there yet, whoever decides them. */
    walk: (peer, steps) => {
      let at = E(peer).pick(steps);
      for (let i = 0; i < steps; i += 1) at = E(at).link();
      counting('walk', E(at).hit(steps));
      return at;
    },
  };
};

const promises = it => ({
  /** Promises inside data, and as results that somebody else decides. */
  hold: peer => {
    const promise = it.newPromise();
    it.watch(promise, 'hold');
    it.counting('hold', E(peer).wait(harden({ promise, again: [promise, it.newPromise()] })));
    it.counting('early', E(promise).hit(1));
  },
  wait: ({ promise, again }) => {
    for (const one of again) it.watch(one, 'wait');
    return E.when(promise, () => it.makeEar(1));
  },
  settle: how => {
    for (const { resolve, reject } of it.kits.splice(0, 2)) {
      if (how === 'reject') reject(Error('settled so'));
      else if (how === 'chain') resolve(it.newPromise());
      else resolve(lastValues(it.own, 1)[0] ?? how);
    }
  },
  sleep: async duration => {
    const now = await E(it.clock).getTime();
    it.counting('sleep', E(it.clock).wakeAt(now + BigInt(duration)));
  },
});

/** Vats of its own. */
const employer = ({ staff, parameters, ...it }) => {
  const service = () => E(parameters.vatAdmin).createVatAdminService();
  const cap = () => E(service()).getNamedBundleCap('mixer');
  return {
    hire: async fail => {
      const vatParameters = { ...parameters, version: 1, fail };
      const hired = await E(service()).createVat(await cap(), { vatParameters });
      it.nodes.push(hired.adminNode);
      staff.init(it.next('hired'), hired);
      it.counting('done', E(hired.adminNode).done());
    },
    delegate: (method, args) =>
      lastValues(staff, 2).forEach(({ root }) => it.counting('delegate', E(root)[method](...args))),
    promote: (version, fail) =>
      lastValues(staff, 1).forEach(({ adminNode }) => {
        const vatParameters = { ...parameters, version, fail };
        const upgrading = E.when(cap(), code => E(adminNode).upgrade(code, { vatParameters }));
        it.counting('promote', upgrading);
      }),
    dismiss: () =>
      firstKeys(staff, 1).forEach(key => {
        const { adminNode } = staff.get(key);
        it.counting('dismiss', E(adminNode).terminateWithFailure(Error('dismissed')));
        staff.delete(key);
      }),
  };
};

export const buildRootObject = ({ exitVat, exitVatWithFailure }, parameters, baggage) => {
  const { version, fail, clock } = parameters;
  const stores = prepare(baggage);
  if (fail === 'throw') throw Error('this version is broken');
  if (fail === 'never') return new Promise(() => {});
  if (fail === 'plain') return harden({ version });
  const newPromise = () =>
    new Promise((resolve, reject) => {
      stores.kits.push({ resolve, reject });
    });
  const counting = counters(stores, baggage, version);
  const it = { ...stores, ...counting, ...kinds(baggage, fail), newPromise };
  Object.assign(it, { version, clock, parameters });
  return Far('mixer', {
    ...things(it),
    ...messages(it),
    ...promises(it),
    ...employer(it),
    leave: how => (how === 'well' ? exitVat('enough') : exitVatWithFailure(Error('enough'))),
    /** A fault: its result is too large. */
    fault: () => 'x'.repeat(10_000_001),
  });
};
