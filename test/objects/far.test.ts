/**
 * Objects that pass by reference: Far and remotables (section 2.13 of README.md). Kinds:
 * kinds.test.ts.
 *
 * @module-tag sized
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';
import type { Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

describe('far: pass styles', () => {
  testFacts(benches, [
    ['passStyleOf -> the style of every passable',
      `[undefined, null, true, 1, 1n, 'x', Symbol.for('x'), [], {}, Error('x'), makeTagged('a', 1),
         new ArrayBuffer(1).sliceToImmutable(), Promise.resolve(), Far('x', {}), Far('f', () => 1),
         baggage, vatPowers.VatData.makeScalarBigSetStore(), VatData.defineKind('k', null, {})()]
         .map(it => passStyleOf(harden(it)))`,
      ['undefined', 'null', 'boolean', 'number', 'bigint', 'string', 'symbol', 'copyArray',
        'copyRecord', 'error', 'tagged', 'byteArray', 'promise', ...Array(5).fill('remotable')]],
    ['getInterfaceOf -> of remotables only',
      `[{}, 3, 'x', null, [], Promise.resolve(), Far('x', {})].map(it => getInterfaceOf(it))`,
      [...Array(6).fill(undefined), 'Alleged: x']],
    ['passStyleOf and harden -> the endowments of the vat, in child compartments too',
      `const key = Symbol.for('@endo passStyleOf');
       [outer[key], globalThis[key]].map(it => it(harden([])))`, ['copyArray', 'copyArray']],
  ]);
});

describe('far: making remotables', () => {
  testFacts(benches, [
    ['Far -> the object itself, frozen, methods and __getMethodNames__ its own',
      `const methods = { b() {}, a() { return this; }, [Symbol.for('s')]: () => 's' };
       const far = Far('x', methods);
       [far === methods, Object.isFrozen(far), Reflect.ownKeys(far).map(String).sort(),
         far.__getMethodNames__().map(String), far.a() === far, far[Symbol.for('s')](),
         String(far)]`,
      [true, true, ['Symbol(s)', '__getMethodNames__', 'a', 'b'],
        ['Symbol(s)', '__getMethodNames__', 'a', 'b'], true, 's', '[object Alleged: x]']],
    ['Far: names -> alleged as they are given',
      `['Alleged: x', 'x y', '', 'é'].map(name => getInterfaceOf(Far(name, {})))`,
      ['Alleged: Alleged: x', 'Alleged: x y', 'Alleged: ', 'Alleged: é']],
    ['Far: a function -> can be called',
      `const f = Far('f', n => n + 1); [f(1), getInterfaceOf(f)]`, [2, 'Alleged: f']],
    ['Far: fields, accessors, arrays, primitives, classes, odd heirs -> refused',
      `[() => Far('x', { a: 1 }), () => Far('x', { get a() { return () => 1; } }),
         () => Far('x', []), () => Far('x', 3), () => Far('x', class { m() {} }),
         () => Far('x', Object.create({ inherited() {} })), () => Far('y', Far('x', {}))].map(why)`,
      [/^Error: cannot serialize Remotables with non-methods like "a" in \(an object\)$/,
        /^Error: cannot serialize Remotables with accessors like "a" in \(an object\)$/,
        /^Error: cannot serialize arrays as Remotable/,
        /^Error: cannot serialize non-objects as Remotable/, /^Error: Far functions unexpected/,
        /^Error: For now, remotables cannot inherit from anything unusual/,
        /^Error: Remotable \(an object\) is already marked as a "remotable"/]
        .map(text => expect.stringMatching(text) as unknown)],
    ['methods alone, without Far -> not passable: to be declared',
      `why(() => VatData.canBeDurable(harden({ m() {} })))`,
      expect.stringContaining('Remotables must be explicitly declared')],
    ['no methods, without Far -> a record',
      `const store = VatData.makeScalarBigMapStore(); store.init('k', harden({}));
       passStyleOf(store.get('k'))`, 'copyRecord'],
  ]);
});

describe('far: between vats', () => {
  let owner: Workbench;
  let other: Workbench;
  beforeAll(async () => {
    owner = await benches.hold(`
      $.far = Far('far', { ping: n => n + 1, who() { return this === $.far; }, fail() {
        throw RangeError('failed'); }, [Symbol.for('s')]: () => 's',
        [Symbol.asyncIterator]: () => 'walks', '': () => 'empty', then2: () => 2 });
      $.call = Far('call', (...list) => list.length); 0`);
    other = await benches.hold();
    await other.run('[$.far, $.call] = args; 0', [await owner.run('$.far'),
      await owner.run('$.call')]);
  });

  test('presence -> frozen, without properties or methods, of its interface', async () => {
    expect(await other.run(`[$.far, $.call].map(it => [typeof it, passStyleOf(it),
      Object.isFrozen(it), Reflect.ownKeys(it).length, getInterfaceOf(it), typeof it.ping])`),
    ).toEqual(
      ['far', 'call'].map(it => ['object', 'remotable', true, 0, `Alleged: ${it}`, 'undefined']),
    );
  });

  test('presence -> a key, a member, a value, durable, and sent on', async () => {
    const third = await benches.make();
    expect(await other.run(`const map = VatData.makeScalarBigMapStore('m', { durable: true });
      map.init($.far, $.far);
      [VatData.canBeDurable($.far), map.get($.far) === $.far, matches($.far, M.remotable()),
        keyEQ(makeCopySet([$.far]), makeCopySet([$.far])), keyEQ($.far, $.call)]`)).toEqual(
      [true, true, true, true, false],
    );
    await third.run('$.far = args[0]; 0', [await other.run('$.far')]);
    expect(await third.run('E($.far).ping(1)')).toBe(2);
    expect(await owner.run('args[0] === $.far', [await third.run('$.far')])).toBe(true);
  });

  test('methods: by strings, registered and well-known symbols -> called, this is the object',
    async () => {
      expect(await other.run(`Promise.all([E($.far).ping(1), E($.far).who(),
        E($.far)[Symbol.for('s')](), E($.far)[Symbol.asyncIterator](), E($.far)['']()])`)).toEqual(
        [2, true, 's', 'walks', 'empty'],
      );
      expect(await other.run(`why(() => E($.far)[Symbol('own')]())`)).toMatch(
        /^TypeError: Only registered symbols or well-known symbols are passable/,
      );
    });

  test('functions: E(f)(...) -> applied; on an object -> refused there', async () => {
    expect(await other.run(`Promise.all([E($.call)(1, 2, 3), why(() => E($.far)(1))])`)).toEqual(
      [3, 'TypeError: Cannot invoke target as a function; typeof target is "object"'],
    );
  });

  test('E.get of a presence -> its own property, which it has not: no message leaves', async () => {
    expect(await other.run('Promise.all([E.get($.far).ping, E.get({ a: 1 }).a])')).toEqual(
      [undefined, 1],
    );
  });

  test('E.sendOnly -> undefined at once; what the method throws is lost', async () => {
    expect(await other.run('E.sendOnly($.far).fail()')).toBe(undefined);
    expect(await other.run('E($.far).ping(2)')).toBe(3);
  });

  test('__getMethodNames__ -> can be asked for', async () => {
    expect(await other.run('E($.far).__getMethodNames__().then(all => all.map(String))')).toEqual([
      'Symbol(Symbol.asyncIterator)', 'Symbol(s)', '', '__getMethodNames__', 'fail', 'ping',
      'then2', 'who',
    ]);
  });

  test('an object twice in a message -> one; data twice -> two', async () => {
    const sent = `const data = harden({ a: [] }); harden([$.far, [$.far], data, data])`;
    expect(await other.run(`[args[0][0] === args[0][1][0], args[0][2] === args[0][3]]`,
      [await owner.run(sent)])).toEqual([true, false]);
  });

  test('a remotable in virtual state and stores -> itself in later cranks', async () => {
    await owner.run(`$.map = VatData.makeScalarBigMapStore('m'); $.map.init($.far, [$.call]); 0`);
    expect(await owner.run('[[...$.map.keys()][0] === $.far, $.map.get($.far)[0] === $.call]'))
      .toEqual([true, true]);
  });
});

benches.testRepetition();
