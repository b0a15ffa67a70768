/**
 * Where messages go: pipelining, settlement, splats (section 1.3 of README.md).
 *
 * @module-tag sized
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { useWorkbenches, type Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

/** `$.make(name)` makes a promise, `$.Log(tag)` an object that notes what it is told. */
const SETUP = `
  $.kits = {};
  $.make = name => {
    const kit = {};
    kit.promise = new Promise((resolve, reject) => Object.assign(kit, { resolve, reject }));
    $.kits[name] = kit;
    return harden({ promise: kit.promise });
  };
  $.log = [];
  $.Log = tag => Far(tag, { note: x => ($.log.push([tag, x]), tag + x) });
  undefined;
`;

const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];
type Vats = Record<Name, Workbench>;

let shared: Vats;
beforeAll(async () => {
  shared = { a: await benches.hold(), b: await benches.hold(), c: await benches.hold() };
});

/** Vats a, b, c: in each, `$.b` and so on are the roots of the others. `doomed` is a new one. */
const vats = async (doomed?: Name): Promise<Vats> => {
  const made = { ...shared };
  if (doomed !== undefined) made[doomed] = await benches.make();
  const roots = Object.fromEntries(NAMES.map(name => [name, made[name].root]));
  for (const name of NAMES) {
    await made[name].run(SETUP);
    await made[name].run('Object.assign($, args[0]), undefined', [roots]);
  }
  return made;
};
const reasons = `Promise.all($.r.map(p => p.then(v => ['fulfilled', v], e => [String(e)])))`;

describe('messages to an unresolved promise', () => {
  /** Vat a has sent three messages to a promise that b decides. */
  const sent = async (doomed?: Name): Promise<Vats> => {
    const made = await vats(doomed);
    await made.a.run(`$.p = E($.b).run("$.make('x').promise"); undefined`);
    await made.a.run('$.r = [1, 2, 3].map(n => E($.p).note(n)); undefined');
    return made;
  };

  test('it becomes an object -> they arrive in order', async () => {
    const { a, b } = await sent();
    expect(await b.run('[...$.log]')).toEqual([]);
    await b.run(`$.kits.x.resolve($.Log('L'))`);
    expect(await a.run('Promise.all($.r)')).toEqual(['L1', 'L2', 'L3']);
    expect(await b.run('[...$.log]')).toEqual([1, 2, 3].map(n => ['L', n]));
  });

  test('it becomes an object of a third vat -> they go there', async () => {
    const { a, b, c } = await sent();
    await b.run(`E($.c).run("$.Log('C')").then($.kits.x.resolve)`);
    expect(await a.run('Promise.all($.r)')).toEqual(['C1', 'C2', 'C3']);
    expect(await c.run('$.log.length')).toBe(3);
  });

  test('it becomes an object of the sender -> they come back', async () => {
    const { a, b } = await sent();
    await a.run(`E($.b).run('$.kits.x.resolve(args[0])', [$.Log('A')])`);
    expect(await a.run('Promise.all($.r)')).toEqual(['A1', 'A2', 'A3']);
    expect(await b.run('[...$.log]')).toEqual([]);
  });

  test('it becomes another promise -> they wait on', async () => {
    const { a, b, c } = await sent();
    await b.run(`$.kits.x.resolve(E($.c).run("$.make('y').promise"))`);
    await a.run('$.r.push(E($.p).note(4)); undefined');
    expect(await c.run('[...$.log]')).toEqual([]);
    await c.run(`$.kits.y.resolve($.Log('C'))`);
    expect(await a.run('Promise.all($.r)')).toEqual(['C1', 'C2', 'C3', 'C4']);
  });

  test('it becomes data -> rejected: data is not callable', async () => {
    const { a, b } = await sent();
    await b.run('$.kits.x.resolve(harden({ note: 1 }))');
    const refused = ['TypeError: data is not callable, has no method note'];
    expect(await a.run(reasons)).toEqual([refused, refused, refused]);
  });

  test('it is rejected -> so are they, with the same data, references too', async () => {
    const { a, b } = await sent();
    await b.run(`$.kits.x.reject(harden({ why: 'no', who: $.a }))`);
    const reason = { why: 'no', who: a.root };
    const caught = 'Promise.all($.r.map(p => p.catch(e => e)))';
    expect(await a.run(caught)).toEqual([reason, reason, reason]);
  });

  test('its vat ends -> rejected: vat terminated', async () => {
    const { a, b } = await sent('b');
    await b.terminate();
    const refused = ['Error: vat terminated'];
    expect(await a.run(reasons)).toEqual([refused, refused, refused]);
    expect(await a.run(`$.p.catch(String)`)).toEqual('Error: vat terminated');
  });

  test('its vat is upgraded -> rejected with the disconnection', async () => {
    const { a, b } = await sent('b');
    await b.upgrade();
    expect(await a.run('$.r[1].catch(e => e.name)')).toBe('vatUpgraded');
  });
});

describe('pipelines', () => {
  test('a chain of results, each the target of the next -> one after the other', async () => {
    const { a, b } = await vats();
    const link = `
      $.Link = n => Far('link', { next: () => $.Link(n + 1), value: () => n });
      undefined`;
    await b.run(link);
    const chain = `
      let p = E($.b).run('$.Link(0)');
      for (let i = 0; i < 100; i += 1) p = E(p).next();
      E(p).value()`;
    expect(await a.run(chain)).toBe(100);
  });

  test('a result as argument of the next message -> arrives as a promise', async () => {
    const { a, b } = await vats();
    const send = `
      const p = E($.c).run('7');
      E($.b).run('$.got = args[0]; $.kind = args[0] instanceof Promise; args[0]', [p])`;
    expect(await a.run(send)).toBe(7);
    expect(await b.run('$.kind')).toBe(true);
    expect(await b.run('$.got')).toBe(7);
  });

  test('a promise of c, passed by a to b, which sends to it -> arrives', async () => {
    const { a, b, c } = await vats();
    await a.run(`
      $.p = E($.c).run("$.make('x').promise");
      E($.b).run('$.r = E(args[0].p).note(1); undefined', [{ p: $.p }])`);
    await c.run(`$.kits.x.resolve($.Log('C'))`);
    expect(await b.run('$.r')).toBe('C1');
    expect(await c.run('[...$.log]')).toEqual([['C', 1]]);
  });

  test('messages before and after the settlement, by one sender -> in order', async () => {
    const { a, b } = await vats();
    await a.run(`$.p = E($.b).run("$.make('x').promise"); undefined`);
    const send = (from: number) =>
      a.run(`for (let n = ${from}; n < ${from + 10}; n += 1) E($.p).note(n); undefined`);
    const resolve = b.run(`$.kits.x.resolve($.Log('L'))`);
    await Promise.all([send(0), send(10), resolve, send(20), send(30)]);
    await send(40);
    const numbers = Array.from({ length: 50 }, (_value, n) => ['L', n]);
    expect(await b.run('[...$.log]')).toEqual(numbers);
  });
});

describe('splats', () => {
  test('an object of an ended vat -> rejected; without a result nothing happens', async () => {
    const { a, b } = await vats('b');
    await a.run(`E($.b).run("$.Log('L')").then(l => { $.l = l; })`);
    await b.terminate();
    expect(await a.run(`E($.l).note(1).catch(String)`)).toBe('Error: vat terminated');
    expect(await a.run('E.sendOnly($.l).note(1); 1')).toBe(1);
    expect(await a.run(`E(E($.l).note(1)).more().catch(String)`)).toBe('Error: vat terminated');
  });

  test('a remotable of an ended incarnation -> as of an ended vat, identity kept', async () => {
    const { a, b } = await vats('b');
    await a.run(`E($.b).run("$.Log('L')").then(l => { $.l = l; })`);
    await b.upgrade();
    expect(await a.run(`E($.l).note(1).catch(String)`)).toBe('Error: vat terminated');
    expect(await a.run(`E($.a).run('args[0] === $.l', [$.l])`)).toBe(true);
  });

  test('messages that were queued on a promise for an ended vat -> rejected', async () => {
    const { a, b, c } = await vats('c');
    await a.run(`$.p = E($.b).run("$.make('x').promise"); $.r = [E($.p).note(1)]; undefined`);
    await b.run(`E($.c).run("$.Log('C')").then(l => { $.c = l; })`);
    await c.terminate();
    await b.run('$.kits.x.resolve($.c)');
    expect(await a.run(reasons)).toEqual([['Error: vat terminated']]);
  });
});

benches.testRepetition();
