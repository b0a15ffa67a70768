/**
 * What vat code throws, rejects with, stores or exports may be anything, also a proxy whose traps
 * throw when the kernel's own code looks at it: a vat's failure is its own, on every road, and no
 * host stops of it (rules.md#h2).
 */
import { expect, describe, test } from 'vitest';
import { expectOwnIntact, ownScene } from '../../support/hostile/scene.js';
import { amount } from '../../support/suite/amounts.js';

const TRAPS = [
  ...['get', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'ownKeys', 'has', 'isExtensible'],
  ...['preventExtensions', 'defineProperty', 'set', 'setPrototypeOf', 'apply'],
];
const EACH = amount({ quick: 12, thorough: 2 });
const SIZED = { tags: ['sized'] };
/** What there is a proxy of. */
const TARGETS = [`Error('x')`, '(() => 1)', '{}', '[]', `Far('x', {})`, 'Promise.resolve(1)'];

const proxies = TARGETS.flatMap(target =>
  TRAPS.map(trap => `new Proxy(${target}, { ${trap}() { throw 7; } })`),
).filter((_, i) => i % EACH === 1);
const VALUES = [
  ...proxies,
  ...['undefined', 'null', '1n', `Symbol('x')`, 'NaN', '(() => 1)'],
  'new Proxy({}, new Proxy({}, { get() { throw 7; } }))',
  `(() => {
    let n = 0;
    return new Proxy({}, { ownKeys: () => { n += 1; if (n > 2) throw 7; return []; } });
  })()`,
  `Object.defineProperty(Error('x'), 'message', { get() { throw 7; } })`,
  `Object.defineProperty(Error('x'), 'name', { value: Symbol('y') })`,
  `Object.defineProperty(Error('x'), 'message', { value: Symbol('y') })`,
  `Object.defineProperty(Error('x'), 'stack', { get() { throw 7; } })`,
  `Error('x', { cause: new Proxy(Error('y'), { getOwnPropertyDescriptor() { throw 7; } }) })`,
  `AggregateError([new Proxy(Error('y'), { getPrototypeOf() { throw 7; } })], 'x')`,
];

/** In the hostile vat; `V` is the value. */
const ROADS = [
  'throw V',
  'Promise.reject(V)',
  'V',
  'Promise.reject(V); 1',
  'E($.other).run(V)',
  `E($.other).run('throw 1', [V])`,
  `E($.other).run('E(args[0]).f()', [Far('x', { f() { throw V; } })])`,
  `E($.other).run('E(args[0]).f()', [Far('x', { f: async () => V })])`,
  'E(V).x()',
  'E(Promise.reject(V)).x()',
  'HandledPromise.resolve(V)',
  'new Promise(resolve => resolve(V))',
  'console.log(V, [V], `${[1]}`); 1',
  `baggage.has('v') ? baggage.set('v', V) : baggage.init('v', V)`,
  `baggage.get(V)`,
  `VatData.makeScalarBigMapStore('m').init(V, V)`,
  `VatData.defineKind('k', () => ({ v: V }), { f() {} })()`,
  `const o = VatData.defineKind('k', () => ({ v: 1 }), { f: ({ state }) => { state.v = V; } })();
   o.f()`,
  `$.w ??= VatData.defineDurableKind(VatData.makeKindHandle('w'), () => ({}), {
     onFulfilled() {}, onRejected(_, e) { throw e; } })();
   VatData.watchPromise(Promise.reject(V), $.w)`,
  'assert.fail(V)',
  'assert(false, V)',
  'harden(V)',
];

const NAMES = ['bank', 'other', 'hostile'];

const told = async (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => 'fulfilled',
    () => 'rejected',
  );

describe('what vat code throws:', () => {
  test('on every road -> the vat goes on', SIZED, async () => {
    const scene = await ownScene();
    const { kernel, run } = scene;
    for (const value of VALUES) {
      await told(Promise.all(ROADS.map(road => told(run(road.replaceAll('V', `(${value})`))))));
      expect(await run('1'), value).toBe(1);
    }
    expect(kernel.vats().every(({ replayable }) => replayable)).toBe(true);
    await expectOwnIntact(scene, NAMES);
  });

  test.each(['throw V', 'Promise.reject(V)'])('%s, as a vat starts -> told', SIZED, async setup => {
    const scene = await ownScene();
    const { kernel } = scene;
    const { bundleId, vatId } = kernel.vat('other');
    for (const [i, value] of VALUES.entries()) {
      const vatParameters = { setup: setup.replaceAll('V', `(${value})`) };
      const started = kernel.createVat({ name: `late-${i}`, bundleId, vatParameters });
      expect(await told(started), value).toBe('rejected');
      if (i % 10 !== 0) continue;
      const upgraded = kernel.upgradeVat(vatId, { bundleId, vatParameters });
      expect(await told(upgraded), value).toBe('rejected');
    }
    await expectOwnIntact(scene, NAMES);
  });

  test('in place of exports -> told', SIZED, async () => {
    const scene = await ownScene();
    const { kernel } = scene;
    for (const [i, value] of VALUES.entries()) {
      if (i % EACH !== 0) continue;
      const source = `(() => ${value})`;
      const bundleId = await kernel.installBundle({ moduleFormat: 'getExport', source });
      expect(await told(kernel.createVat({ name: 'late', bundleId })), value).toBe('rejected');
    }
    await expectOwnIntact(scene, NAMES);
  });
});
