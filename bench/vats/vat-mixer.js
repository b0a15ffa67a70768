// A vat that does a little of everything, as the plan of the bench `replicas` tells it: durable and
// virtual objects, weak maps, promises between vats, garbage, alarms, vats of its own, and its end.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const PLACES = 3;

export const buildRootObject = ({ exitVat, exitVatWithFailure }, parameters, baggage) => {
  const { version, fail, clock, vatAdmin } = parameters;
  const { defineDurableKind, defineKind, makeKindHandle, watchPromise } = VatData;
  const { makeScalarBigMapStore, makeScalarBigWeakMapStore, providePromiseWatcher } = VatData;
  if (!baggage.has('Item')) {
    for (const tag of ['Item', 'Watcher']) baggage.init(tag, makeKindHandle(tag));
    for (const label of ['own', 'taken', 'tally', 'staff']) {
      baggage.init(label, makeScalarBigMapStore(label, { durable: true }));
    }
    baggage.init('marks', makeScalarBigWeakMapStore('marks', { durable: true }));
  }
  if (fail === 'throw') throw Error('this version is broken');
  if (fail === 'never') return new Promise(() => {});
  if (fail === 'plain') return harden({ version });
  const [own, taken, tally] = ['own', 'taken', 'tally'].map(label => baggage.get(label));
  const staff = baggage.get('staff');
  const count = (event, by = 1) =>
    tally.has(event) ? tally.set(event, tally.get(event) + by) : tally.init(event, by);
  const counting = (event, promise) =>
    promise.then(
      () => count(`${event} done`),
      reason => count(`${event} refused: ${reason?.name}`),
    );
  const watcher = providePromiseWatcher(
    baggage.get('Watcher'),
    (value, event) => count(`${event} seen by ${version}`),
    (reason, event) => count(`${event} lost on ${version}: ${reason?.name}`),
  );

  // The claim of a durable kind is left out: the upgrade must fail.
  const init = (n, link) => ({ n, hits: 0, link });
  const behaviour = {
    hit: ({ state }, by) => (state.hits += by),
    link: ({ self, state }) => state.link ?? self,
    relink: ({ state }, link) => void (state.link = link),
  };
  const makeItem =
    fail === 'unclaimed' ? undefined : defineDurableKind(baggage.get('Item'), init, behaviour);
  const makeNote = defineKind('Note', init, behaviour);
  const makeEar = n => Far('ear', { hit: by => n + by, link: () => root, relink: () => {} });

  // What only this incarnation has.
  const shortLived = makeScalarBigMapStore('shortLived');
  const shortMarks = makeScalarBigWeakMapStore('shortMarks');
  const heapMarks = new WeakMap();
  const heap = [];
  const kits = [];
  const nodes = [];

  const firstKeys = (store, most) => [...store.keys()].slice(0, most);
  const lastValues = (store, most) => [...store.values()].slice(-most);
  const next = event => {
    count(event);
    return tally.get(event);
  };
  const mark = (marks, key, value) => (marks.has(key) ? 0 : (marks.init(key, value), 1));
  const put = thing => {
    const n = next('taken');
    if (n % PLACES === 0) taken.init(n, thing);
    else if (n % PLACES === 1) shortLived.init(n, thing);
    else heap.push(thing);
    count('marked', mark(baggage.get('marks'), thing, n) + mark(shortMarks, thing, n));
    heapMarks.set(thing, n);
  };
  const held = most => [
    ...lastValues(taken, most),
    ...lastValues(shortLived, most),
    ...heap.slice(-most),
  ];
  const newPromise = () =>
    new Promise((resolve, reject) => {
      kits.push({ resolve, reject });
    });

  const root = Far('mixer', {
    make: most => {
      for (let i = 0; i < most; i += 1) {
        const n = next('made');
        own.init(n, makeItem(n, lastValues(n % 2 === 0 ? own : taken, 1)[0]));
      }
      return own.getSize();
    },
    trim: most => firstKeys(own, most).forEach(key => own.delete(key)),
    /** Hands out what it has: durable, virtual, in RAM. */
    offer: (peer, most) => {
      const notes = Array.from({ length: most }, (_, i) => makeNote(i, lastValues(own, 1)[0]));
      const gifts = [...lastValues(own, most), ...notes, makeEar(most), ...held(1)];
      counting('offer', E(peer).take(harden(gifts), newPromise()));
    },
    take: (things, promise) => {
      things.forEach(put);
      if (promise !== undefined) watchPromise(promise, watcher, 'gift');
      return things.length;
    },
    lose: most => {
      for (const store of [taken, shortLived]) {
        firstKeys(store, most).forEach(key => store.delete(key));
      }
      heap.splice(0, most);
    },
    poke: most => held(most).forEach(thing => counting('poke', E(thing).hit(version))),
    relink: most => {
      const things = held(most);
      things.forEach((thing, i) => counting('relink', E(thing).relink(things.at(i - 1))));
    },
    pick: n => lastValues(n % 2 === 0 ? own : taken, 1)[0] ?? root,
    link: () => makeEar(0),
    /** Sends to results that are not there yet, whoever decides them. */
    walk: (peer, steps) => {
      let at = E(peer).pick(steps);
      for (let i = 0; i < steps; i += 1) at = E(at).link();
      counting('walk', E(at).hit(steps));
      return at;
    },
    /** Promises inside data, and as results that somebody else decides. */
    hold: peer => {
      const promise = newPromise();
      watchPromise(promise, watcher, 'hold');
      counting('hold', E(peer).wait(harden({ promise, again: [promise, newPromise()] })));
      counting('early', E(promise).hit(1));
    },
    wait: ({ promise, again }) => {
      for (const one of again) watchPromise(one, watcher, 'wait');
      return E.when(promise, () => root);
    },
    settle: how => {
      for (const { resolve, reject } of kits.splice(0, 2)) {
        if (how === 'reject') reject(Error('settled so'));
        else if (how === 'chain') resolve(newPromise());
        else resolve(lastValues(own, 1)[0] ?? how);
      }
    },
    sleep: async duration => {
      const now = await E(clock).getTime();
      counting('sleep', E(clock).wakeAt(now + BigInt(duration)));
    },
    hire: async wrong => {
      const service = await E(vatAdmin).createVatAdminService();
      const vatParameters = { ...parameters, version: 1, fail: wrong };
      const cap = await E(service).getNamedBundleCap('mixer');
      const hired = await E(service).createVat(cap, { vatParameters });
      nodes.push(hired.adminNode);
      staff.init(next('hired'), hired);
      counting('done', E(hired.adminNode).done());
    },
    delegate: (method, args) =>
      lastValues(staff, 2).forEach(it => counting('delegate', E(it.root)[method](...args))),
    promote: (to, wrong) =>
      lastValues(staff, 1).forEach(({ adminNode }) => {
        const service = E(vatAdmin).createVatAdminService();
        const upgrading = E.when(E(service).getNamedBundleCap('mixer'), cap =>
          E(adminNode).upgrade(cap, { vatParameters: { ...parameters, version: to, fail: wrong } }),
        );
        counting('promote', upgrading);
      }),
    dismiss: () =>
      firstKeys(staff, 1).forEach(key => {
        counting('dismiss', E(staff.get(key).adminNode).terminateWithFailure(Error('dismissed')));
        staff.delete(key);
      }),
    leave: how => (how === 'well' ? exitVat('enough') : exitVatWithFailure(Error('enough'))),
    /** A fault: its result is too large. */
    fault: () => 'x'.repeat(10_000_001),
    /** All that can be seen of it. */
    weigh: () => {
      const all = [...taken.values(), ...shortLived.values(), ...heap];
      const marks = [baggage.get('marks'), shortMarks, heapMarks];
      const seen = marks.map(it => all.filter(thing => it.has(thing)).length);
      const sizes = [own, taken, shortLived, staff].map(store => store.getSize());
      const hits = [...own.values()].reduce((sum, item) => sum + item.hit(0), 0);
      const rest = [heap.length, kits.length, nodes.length, hits, version];
      return harden([...sizes, ...seen, ...rest, [...tally.entries()]]);
    },
  });
  return root;
};
