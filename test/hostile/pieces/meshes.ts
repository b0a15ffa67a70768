/** Meshes: settled promises, objects and refusals that hold each other. */
import type { Kind } from '../piece.js';

const times = (n: number, code: string): string => `for (let i = 0; i < ${n}; i += 1) { ${code} }`;
/** `kits(n)`: promises of the vat's own, each with what settles it. */
const KITS = `const kits = n => Array.from({ length: n }, () => {
  let go; const p = new Promise(it => { go = it; }); return { p, go }; });`;
/** `durables(n)`: objects with a field that may hold another. */
const NODES = `
  const handle = VatData.makeKindHandle('node'); baggage.init('node', handle);
  const make = VatData.defineDurableKind(handle, () => ({ held: undefined }), {
    hold: ({ state }, held) => { state.held = held; }, told: ({ state }) => state.held });
  const durables = n => Array.from({ length: n }, make);`;
const MAKE_DEAD = `
  const { bundleId } = kernel.vat(me);
  const { vatId, root: dead } = await settle(() =>
    kernel.createVat({ name: 'dead-' + me, bundleId }));
  await settle(() => kernel.call(root(me), 'run', ['$.dead = args[0]; 1', [dead]]));
  await settle(() => kernel.terminateVat(vatId));
  return 'dead';`;

export const MESHES: Kind = {
  title: 'Meshes of promises, objects and refusals',
  pieces: [
    {
      name: 'a hundred promises that all hold all',
      tries: 'ten thousand references among settled promises, let go at once',
      steps: [['amid', `${KITS} const all = kits(100);
        const ps = harden(all.map(({ p }) => [p]));
        for (const { go } of all) go(ps);
        E($.innocent).hold(ps).then(() => E($.innocent).hold(undefined)).then(() => 'let go')`]],
      gives: 'let go; 1 and 3 waves, amid it',
    },
    {
      name: 'a chain of settled promises',
      tries: 'two thousand promises, each in the data of the next, let go at the head',
      steps: [['amid', `${KITS} const all = kits(2_000);
        all.forEach(({ go }, i) => go(harden(i === 0 ? 7 : [all[i - 1].p])));
        E($.innocent).hold(harden([all.at(-1).p])).then(() => E($.innocent).hold(undefined))
          .then(() => 'let go')`]],
      gives: 'let go; 1 and 3 waves, amid it',
    },
    {
      name: 'a ring of settled promises',
      tries: 'a thousand promises in a circle, which no count frees',
      steps: [['amid', `${KITS} const all = kits(1_000);
        all.forEach(({ go }, i) => go(harden([all[(i + 1) % 1_000].p])));
        E($.innocent).pass(harden([all[0].p])).then(() => 'let go')`]],
      gives: 'let go; 1 and 3 waves, when all was done',
    },
    {
      name: 'a ring of promises of two vats',
      tries: 'a circle that goes from vat to vat',
      steps: [['amid', `${KITS} const all = kits(200); const theirs = [];
        for (const { p } of all) theirs.push(E($.innocent).pass(harden([p])));
        all.forEach(({ go }, i) => go(harden([theirs[(i + 1) % 200]])));
        Promise.all(theirs).then(it => it.length)`]],
      gives: '200; 1 and 3 waves, when all was done',
    },
    {
      name: 'a star of settled promises',
      tries: 'one promise that holds two thousand, each of which holds it',
      steps: [['amid', `${KITS} const [hub] = kits(1); const all = kits(2_000);
        for (const { go } of all) go(harden([hub.p]));
        hub.go(harden(all.map(({ p }) => [p])));
        E($.innocent).hold(harden([hub.p])).then(() => E($.innocent).hold(undefined))
          .then(() => 'let go')`]],
      gives: 'let go; 1 and 3 waves, amid it',
    },
    {
      name: 'rings, many small ones',
      tries: 'a thousand pairs of promises that hold each other',
      steps: [['amid', `${KITS} const all = kits(2_000);
        all.forEach(({ go }, i) => go(harden([all[i ^ 1].p])));
        E($.innocent).pass(harden(all.map(({ p }) => [p]))).then(it => it.length)`]],
      gives: '2000; 1 and 4 waves, amid it',
    },
    {
      name: 'a mesh in a message that waits for ever',
      tries: 'settled promises that a queue holds, until its vat ends',
      steps: [
        ['hostile', `${KITS} const all = kits(100); const ps = harden(all.map(({ p }) => [p]));
          for (const { go } of all) go(ps);
          const never = E($.innocent).pass(new Promise(() => {}));
          E.sendOnly(never).take(ps); 'waiting'`],
        ['host', `return () => kernel.terminateVat(kernel.vat(me).vatId)`],
      ],
      gives: 'undefined',
      ends: 'leaves',
    },
    {
      name: 'a mesh behind an upgrade',
      tries: 'settled promises that hold each other, and lose who made them',
      steps: [
        ['hostile', `${KITS} const all = kits(100); const ps = harden(all.map(({ p }) => [p]));
          for (const { go } of all) go(ps); E($.innocent).hold(ps); 'kept'`],
        ['host', `const { vatId, bundleId } = kernel.vat(me);
          await settle(() => kernel.upgradeVat(vatId, { bundleId }));
          return () => kernel.call(root('innocent'), 'hold', [undefined])`],
      ],
      gives: 'undefined',
    },
    {
      name: 'promises in promises, two hundred deep',
      tries: 'a notify that has to go into the data of what it tells',
      code: `${KITS} const all = kits(200);
        all.forEach(({ go }, i) => go(harden(i === 0 ? 7 : [all[i - 1].p])));
        E($.innocent).pass(harden([all.at(-1).p])).then(async it => {
          let n = 0; for (let at = it; Array.isArray(at); n += 1) at = await at[0]; return n; })`,
      gives: '200',
      isQuick: true,
    },
    {
      name: 'promises resolved to promises, from vat to vat',
      tries: 'two hundred promises, each resolved to the next by another vat',
      steps: [['amid', `let p = Promise.resolve(7);
        ${times(200, 'p = E($.innocent).pass(p);')} p`]],
      gives: '7; 1 and 3 waves, when all was done',
    },
    {
      name: 'a promise resolved to itself by another vat',
      tries: 'a circle of two vats in which nobody decides',
      code: `let go; const p = new Promise(it => { go = it; });
        const q = E($.innocent).pass(p); go(q);
        q.then(() => 'fulfilled', () => 'rejected'); 'begun'`,
      gives: 'begun',
      isQuick: true,
    },
    {
      name: 'messages to a promise that waits for itself',
      tries: 'a thousand messages to a circle',
      steps: [['amid', `let go; const p = new Promise(it => { go = it; });
        const q = E($.innocent).pass(p); go(q); ${times(1_000, 'E.sendOnly(q).x();')} 'sent'`]],
      gives: 'sent; 1 and 3 waves, when all was done',
      isQuick: true,
    },
    {
      name: 'a chain of refusals',
      tries: 'three thousand messages, each to the result of the one before, the first refused',
      steps: [['host', MAKE_DEAD],
        ['amid', `let p = E($.dead).x(); ${times(3_000, 'p = E(p).x();')}
          p.then(() => 'answered', e => e.message)`]],
      gives: 'vat terminated; 1 and 3 waves, amid it',
    },
    {
      name: 'a tree of refusals',
      tries: 'two thousand messages to results of messages, all refused by the end of one',
      steps: [['host', MAKE_DEAD],
        ['amid', `let all = [E($.dead).x()];
          while (all.length < 1_024) all = all.flatMap(p => [E(p).x(), E(p).x()]);
          Promise.allSettled(all).then(it => it.filter(({ status }) =>
            status === 'rejected').length)`]],
      gives: '1024; 1 and 3 waves, amid it',
    },
    {
      name: 'refusals that others wait for',
      tries: 'a chain that goes through another vat’s results',
      steps: [['host', MAKE_DEAD],
        ['amid', `let p = E($.dead).x(); ${times(200, 'p = E(E($.innocent).pass(p)).x();')}
          p.then(() => 'answered', e => e.message)`]],
      gives: 'vat terminated; 1 and 3 waves, amid it',
    },
    {
      name: 'a ring of durable objects',
      tries: 'two thousand objects that hold each other in rows, and nobody else',
      steps: [
        ['amid', `${NODES} const all = durables(2_000);
          all.forEach((it, i) => it.hold(all[(i + 1) % 2_000])); 'made'`],
        ['host', `const { vatId, bundleId } = kernel.vat(me);
          return () => kernel.collectCycles(vatId)`],
      ],
      gives: 'undefined',
    },
    {
      name: 'a mesh of durable objects',
      tries: 'objects each of which holds a list of all',
      code: `${NODES} const all = durables(100);
        for (const it of all) it.hold(harden([...all])); all[7].told().length`,
      gives: '100',
    },
    {
      name: 'a ring of objects across vats',
      tries: 'an object that another vat keeps, which keeps that of the other',
      code: `${NODES} const [one] = durables(1);
        E($.till).show('b').then(theirs => E($.innocent).keep(harden([one, theirs])).then(() => {
          one.hold(harden([theirs, $.innocent])); return one.told().length; }))`,
      gives: '2',
    },
    {
      name: 'a deep tree of durable objects',
      tries: 'two thousand objects in a chain of rows, let go at the head',
      steps: [
        ['hostile', `${NODES} const all = durables(2_000);
          all.forEach((it, i) => { if (i > 0) it.hold(all[i - 1]); });
          baggage.init('head', all.at(-1)); 'made'`],
        ['amid', `baggage.set('head', undefined); 'let go'`],
        ['host', `const { vatId, bundleId } = kernel.vat(me);
          return () => kernel.upgradeVat(vatId, { bundleId, vatParameters: { setup:
            "VatData.defineDurableKind(baggage.get('node'), () => ({ held: undefined }), " +
            "{ hold: () => {}, told: () => {} })" } })`],
      ],
      gives: '{ incarnationNumber: 1 }',
    },
    {
      name: 'weak maps of weak maps',
      tries: 'entries whose keys are kept by the values of others',
      code: `${NODES} const all = durables(100);
        const maps = all.map(() => VatData.makeScalarBigWeakMapStore('w', { durable: true }));
        maps.forEach((map, i) => all.forEach((it, k) => { if (k % 10 === i % 10)
          map.init(it, maps[(i + k) % 100]); }));
        baggage.init('maps', maps[0]); 'made'`,
      gives: 'made',
    },
  ],
};
