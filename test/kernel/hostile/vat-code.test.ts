/**
 * Vat code that means harm, with an honest worker: it gets an error, or its vat ends, or the host
 * is told. Every other vat, the store, and what can be replayed are as they were.
 */
import { Store } from '@heirloom/store';
import { describe, expect, test } from 'vitest';
import { amount } from '../../support/suite/amounts.js';
import { expectOwnIntact, ownScene, Scenes } from '../../support/hostile/scene.js';

/** A title, a snippet, and what it gives. */
const TRICKS: readonly (readonly [title: string, code: string, expected: unknown])[] = [
  [
    'writing to shared prototypes',
    `[
      () => { Object.prototype.stolen = 1; },
      () => { Array.prototype.push = () => 0; },
      () => { Promise.prototype.then = () => 0; },
      () => { Map.prototype.get = () => 0; },
      () => { Uint8Array.prototype.set = () => 0; },
      () => { Object.prototype.__proto__ = {}; },
      () => { Function.prototype.call = () => 0; },
    ].map(thunk => why(thunk).startsWith('TypeError'))`,
    [true, true, true, true, true, true, true],
  ],
  [
    'replacing what liveslots calls',
    `[
      () => { E.get = 1; },
      () => { VatData.makeScalarBigMapStore = 1; },
      () => { outer.HandledPromise.applyMethod = 1; },
    ].map(thunk => why(thunk).startsWith('TypeError'))`,
    [true, true, true],
  ],
  [
    'replacing its own globals',
    `for (const name of ['Promise', 'Map', 'WeakMap', 'Object', 'Array', 'Error']) {
       outer[name] = () => { throw Error('replaced'); };
     }
     E($.other).run('[1, args[0]]', [{ n: 2n }]).then(([one, { n }]) => [one, n])`,
    [1, 2n],
  ],
  [
    'reaching the realm by constructors',
    `[
      why(() => (() => {}).constructor('return process')()),
      why(() => (async () => {}).constructor('return process')()),
      why(() => Object.getPrototypeOf(function* () {}).constructor('return process')()),
      typeof outer.process,
      typeof outer.require,
      typeof new Function('return globalThis')().process,
    ].every(text => text === 'undefined' || text.startsWith('TypeError'))`,
    true,
  ],
  [
    'an argument that is a proxy, has a getter, or is made by a class',
    `Promise.all([
      new Proxy({}, { ownKeys: () => { throw Error('seen'); } }),
      Object.freeze({ get amount() { return 1n; } }),
      new (class Amount {})(),
      Object.freeze(Object.create(null, { toString: { value: () => 'x', enumerable: true } })),
      new Proxy(() => {}, {}),
    ].map(async arg => E($.bank).makePurse('b', arg))
     .map(promise => promise.then(() => 'passed', () => 'refused')))`,
    ['refused', 'refused', 'refused', 'refused', 'refused'],
  ],
  [
    'a record with the keys of prototypes',
    `E($.other).run('Object.keys(args[0]).sort().join()', [
      JSON.parse('{"__proto__": 1, "constructor": 2, "then": 3, "toString": 4}')
    ]).then(text => text, error => 'refused')`,
    '__proto__,constructor,then,toString',
  ],
  [
    'an array whose iterator lies',
    `const list = [1, 2];
     const value = () => [9][Symbol.iterator]();
     why(() => Object.defineProperty(list, Symbol.iterator, { value }));
     E($.other).run('args.length', list).then(n => n, () => 'refused')`,
    'refused',
  ],
  [
    'throwing what cannot be passed',
    `Promise.all([
      E($.other).run('throw new Proxy({}, { get() { throw 1; } })').catch(e => typeof e),
      E($.other).run('const e = Error("x"); e.cause = e; throw e').catch(e => e.message),
      E($.other).run('throw () => {}').catch(e => typeof e),
      E($.other).run('throw undefined').catch(e => typeof e),
    ])`,
    ['object', expect.any(String), 'object', 'undefined'],
  ],
  [
    'logging what lies',
    `console.log(new Proxy({}, { get() { throw Error('read'); } }));
     console.log({ get x() { throw Error('read'); }, toString() { throw Error('read'); } });
     console.log(Object.assign(Error('m'), { name: { toString() { throw Error('read'); } } }));
     const cycle = {}; cycle.cycle = cycle; console.log(cycle, [cycle]);
     'logged'`,
    'logged',
  ],
  [
    'data that contains itself',
    `const cycle = []; cycle.push(cycle);
     E($.other).run('1', cycle).catch(error => error.message)`,
    expect.stringMatching(/./),
  ],
  [
    'hardening and passing 100,000 levels',
    `let deep = []; for (let i = 0; i < 100_000; i += 1) deep = [deep];
     E($.other).run('1', deep).then(() => 'passed', () => 'refused')`,
    'refused',
  ],
  [
    'a promise with a then of its own',
    `const promise = Promise.resolve(1);
     const set = why(() => { promise.then = () => { throw Error('called'); }; });
     E($.other).run('1', [promise]).then(n => n, () => 'refused')`,
    expect.anything(),
  ],
  [
    'a thenable that never ends calling back',
    `const value = { then: (resolve, reject) => { resolve(1); resolve(2); reject(3); throw 4; } };
     Promise.resolve(value).then(n => n)`,
    1,
  ],
  [
    'a remotable with a getter, or made of a proxy',
    `[
      why(() => Far('x', { get m() { return 1; } })),
      why(() => Far('x', new Proxy({}, {}))) !== '',
    ].length`,
    2,
  ],
];

/** Promises, exports and messages: of a crowd. */
const CROWD = amount({ quick: 1_000, thorough: 20_000 });
const MESSAGES = CROWD / 4;
const SIZED = { tags: ['sized'] };

describe('hostile vat code:', () => {
  const scenes = new Scenes();

  test.each(TRICKS)('%s -> it gets an error, all else is as before', async (_t, code, expected) => {
    const changesItself = code.includes('outer[name] =');
    const stage = await (changesItself ? scenes.beginAlone() : scenes.begin());
    expect(await stage.run(code)).toEqual(expected);
    expect(await stage.run('1 + 1')).toBe(2);
    expect(stage.log.filter(({ level }) => level === 'fault')).toEqual([]);
    await scenes.expectIntact(stage, 'survives');
  });

  test('names that others settle -> a copy of a promise settles nothing', async () => {
    const stage = await scenes.beginAlone();
    const { run } = stage;
    const code = `
      const never = E($.other).run('new Promise(() => {})');
      const mine = new Promise(resolve => { $.resolve = resolve; });
      E.sendOnly($.other).run('$.held = args; 1', [never, mine]);
      $.resolve(never); 1`;
    expect(await run(code)).toBe(1);
    expect(await run(`why(() => $.resolve('again'))`)).toBe('nothing thrown');
    await scenes.expectIntact(stage, 'survives');
  });

  test('a crowd of promises, all settled in the next crank -> nothing is left', SIZED, async () => {
    const stage = await scenes.beginAlone();
    const { run } = stage;
    const make = `
      $.all = [];
      const promises = [];
      for (let i = 0; i < ${CROWD}; i += 1) {
        promises.push(new Promise(r => { $.all.push(r); }));
      }
      for (let i = 0; i < 10; i += 1) {
        E.sendOnly($.other).run('1', promises.slice(i * ${CROWD / 10}, (i + 1) * ${CROWD / 10}));
      }
      1`;
    await run(make);
    await run('for (const resolve of $.all) resolve(1); $.all = []; 1');
    await scenes.expectIntact(stage, 'survives');
  });

  test('a crowd of exports, then its end -> what it took goes, all else stays', SIZED, async () => {
    const stage = await ownScene();
    const { directory, kernel, run } = stage;
    await run(`
      for (let i = 0; i < 10; i += 1) {
        const one = (_, n) => Far('thing', { n: () => n });
        const things = Array.from({ length: ${CROWD / 10} }, one);
        E.sendOnly($.other).run('$.things = args; 1', things);
      }
      1`);
    await kernel.terminateVat(kernel.vat('hostile').vatId);
    const other = kernel.vat('other').root;
    for (let wave = 0; wave < 60; wave += 1) await kernel.call(other, 'run', ['1']);
    const ask = 'E($.things[0]).n().catch(error => error.message)';
    expect(await kernel.call(other, 'run', [ask])).toBe('vat terminated');
    await kernel.close();
    const store = await Store.open({ directory, readersMax: 8 });
    const names = store.keysAfter('kernel', '\x40\0\0\0\x03', '\x40\0\0\0\x04', 100);
    const rows = store.keysAfter('vatstore', '\0\0\0\x03', '\0\0\0\x04', 100);
    await store.close();
    expect([names, rows]).toEqual([[], []]);
    await expectOwnIntact(stage, ['bank', 'other']);
  });

  test('a crowd of messages in one crank -> all arrive, others have a turn', SIZED, async () => {
    const stage = await scenes.beginAlone();
    const { kernel, run } = stage;
    const code = `
      for (let i = 0; i < ${MESSAGES}; i += 1) E.sendOnly($.other).run('$.n = ($.n ?? 0) + 1');
      1`;
    await run(code);
    expect(await kernel.call(kernel.vat('bank').root, 'getNames')).toEqual(['a']);
    await kernel.idle();
    expect(await kernel.call(kernel.vat('other').root, 'run', ['$.n'])).toBe(MESSAGES);
    await scenes.expectIntact(stage, 'survives');
  });
});
