/**
 * Patterns, copies and the order of keys (section 2.13 of README.md). Guards of kinds:
 * kinds.test.ts; patterns that select entries of stores: collections.test.ts.
 *
 * @module-tag sized
 */
import { describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

const SPECIMENS = `
  $.specimens = harden({
    undefined, null: null, boolean: true, number: 1.5, bigint: -5n, nat: 5n, string: 'x',
    symbol: Symbol.for('s'), record: { a: 1 }, array: [1],
    byteArray: new ArrayBuffer(2).sliceToImmutable(), set: makeCopySet([1]),
    bag: makeCopyBag([['a', 2n]]), map: makeCopyMap([['k', 1]]), remotable: Far('x', {}),
    error: Error('x'), promise: Promise.resolve(), tagged: makeTagged('other', 1),
  });
  $.matching = pattern => Object.entries($.specimens).filter(([, it]) => matches(it, pattern))
    .map(([name]) => name).join();
  $.each = (pattern, ...values) => harden(values.map(it => matches(harden(it), pattern)));
  0`;

const SCALARS = 'undefined,null,boolean,number,bigint,nat,string,symbol';
const OWN_NAMES = ['boolean', 'number', 'nat', 'string', 'symbol', 'record', 'array', 'byteArray',
  'set', 'bag', 'map', 'remotable', 'error', 'promise', 'undefined', 'null'];

describe('patterns: what they match', () => {
  testFacts(benches, [
    ['M.any, scalar, key, pattern -> more than one style',
      `['any', 'scalar', 'key', 'pattern'].map(name => $.matching(M[name]()))`,
      [`${SCALARS},record,array,byteArray,set,bag,map,remotable,error,promise,tagged`,
        `${SCALARS},byteArray,remotable`,
        ...Array(2).fill(`${SCALARS},record,array,byteArray,set,bag,map,remotable`)]],
    ['matchers of one style -> that style',
      `${JSON.stringify(OWN_NAMES)}.map(name => $.matching(M[name]()))`, OWN_NAMES],
    ['M.bigint -> naturals too', '$.matching(M.bigint())', 'bigint,nat'],
    ['M.kind -> by the name of a style', `$.each(M.kind('remotable'), $.specimens.remotable, 1)`,
      [true, false]],
    ['M.opt, M.eref -> undefined, a promise beside what is meant',
      `[$.each(M.opt(M.string()), undefined, 'x', 1),
        $.each(M.eref(M.string()), $.specimens.promise, 'x', 1)]`,
      [[true, true, false], [true, true, false]]],
    ['M.and, M.or, M.not -> combine',
      `[$.each(M.and(M.string(), M.gt('b')), 'c', 'a', 3),
        $.each(M.or(M.string(), M.gt(2)), 'c', 3, 1),
        $.each(M.not(M.string()), 3, 'c'), $.each(M.and(), 1), $.each(M.or(), 1)]`,
      [[true, false, false], [true, true, false], [true, false], [true], [false]]],
    ['M.recordOf, arrayOf, setOf, bagOf, mapOf -> every member',
      `[$.each(M.recordOf(M.string(), M.number()), {}, { a: 1 }, { a: 'x' }, []),
        $.each(M.arrayOf(M.number()), [], [1], ['x']),
        $.each(M.setOf(M.number()), makeCopySet([1]), makeCopySet(['x'])),
        $.each(M.bagOf(M.string()), $.specimens.bag, makeCopyBag([[1, 1n]])),
        $.each(M.mapOf(M.string(), M.number()), $.specimens.map, makeCopyMap([['k', 'v']]))]`,
      [[true, true, false, false], [true, true, false], [true, false], [true, false],
        [true, false]]],
    ['M.splitArray, splitRecord, split, partial -> required, optional and further members',
      `[$.each(M.splitArray([M.number()], [M.string()], M.arrayOf(M.bigint())),
          [1], [1, 'x'], [1, 'x', 2n], [1, 'x', 2], [1, 2]),
        $.each(M.splitRecord({ a: M.number() }, { b: M.string() }, {}),
          { a: 1 }, { a: 1, b: 'x' }, { a: 1, c: 1 }, { b: 'x' }),
        $.each(M.partial({ a: M.number() }), {}, { a: 1 }, { a: 'x' }, { b: 1 }),
        $.each(M.split({ a: M.number() }), { a: 1, b: 2 }, {})]`,
      [[true, true, true, false, false], [true, true, false, false], [true, true, false, true],
        [true, false]]],
    ['M.containerHas, M.tagged -> members, tags',
      `[$.each(M.containerHas(1, 1n), makeCopySet([1, 2]), [1], [2]),
        $.each(M.tagged('other', M.any()), $.specimens.tagged, makeTagged('x', 1))]`,
      [[true, true, false], [true, false]]],
    ['data as a pattern -> matches its equals, with patterns inside what these match',
      `[$.each(1, 1, 2), $.each(harden({ a: M.number() }), { a: 1 }, { a: 'x' }, { a: 1, b: 1 }),
        $.each(harden([M.string()]), ['x'], [1], []), $.each(makeCopySet([1]), makeCopySet([1]))]`,
      [[true, false], [true, false, false], [true, false, false], [true]]],
    ['matchers -> passable; guards too',
      `[M.or(M.string(), 3), M.interface('I', { m: M.call(M.any()).returns() })].map(passStyleOf)`,
      ['tagged', 'tagged']],
  ], SPECIMENS);
});

describe('patterns: limits', () => {
  testFacts(benches, [
    ['strings, bigints, arrays, records, names -> up to the default limits',
      `const record = n => Object.fromEntries(Array.from({ length: n }, (_, i) => ['p' + i, 0]));
       const list = n => Array(n).fill(0);
       const named = n => ({ ['x'.repeat(n)]: 1 });
       [$.each(M.string(), 'x'.repeat(100_000), 'x'.repeat(100_001)),
         $.each(M.bigint(), 10n ** 99n, 10n ** 100n), $.each(M.array(), list(10_000), list(10_001)),
         $.each(M.record(), record(80), record(81)),
         $.each(M.recordOf(M.string(), M.any()), named(100), named(101)),
         $.each(M.symbol(), Symbol.for('x'.repeat(100)), Symbol.for('x'.repeat(101))),
         $.each(M.string({ stringLengthLimit: 3 }), 'xxx', 'xxxx')]`,
      Array(7).fill([true, false])],
    ['sets, bags, maps, byte arrays -> up to theirs',
      `const numbers = n => Array.from({ length: n }, (_, i) => i);
       const set = n => makeCopySet(numbers(n));
       const bag = n => makeCopyBag(numbers(n).map(i => [i, 1n]));
       const map = n => makeCopyMap(numbers(n).map(i => [i, i]));
       const bytes = n => new ArrayBuffer(n).sliceToImmutable();
       [$.each(M.set(), set(9_999), set(10_000)), $.each(M.bag(), bag(10_000), bag(10_001)),
         $.each(M.map(), map(5_000), map(5_001)),
         $.each(M.byteArray(), bytes(100_000), bytes(100_001))]`, Array(4).fill([true, false])],
    ['the text of a mismatch -> style and pattern, the value kept back',
      `Object.values($.specimens).map(it => why(() =>
         VatData.makeScalarBigMapStore('s', { valueShape: M.number() }).init('k', it)))
         .map(text => text.replace('Error: invalid value type for collection "s": ', ''))`,
      ['undefined (an undefined)', 'null (an object)', 'boolean (a boolean)', '',
        'bigint (a bigint)', 'bigint (a bigint)', 'string (a string)', 'symbol (a symbol)',
        'copyRecord (an object)', 'copyArray (an object)', 'byteArray (an object)',
        'copySet (an object)', 'copyBag (an object)', 'copyMap (an object)',
        'remotable (an object)', 'error (an Error)', 'promise (an object)', undefined].map(what =>
        what === '' ? 'nothing thrown' : what === undefined
          ? 'cannot check unrecognized tag "other": (an object)'
          : `${what} - Must be a number`)],
    ['the text of a mismatch deep inside -> the way to it',
      `const valueShape = M.splitRecord({ a: M.nat() }, { b: M.opt(M.arrayOf(M.key())) });
       const map = VatData.makeScalarBigMapStore('s', { valueShape });
       [why(() => map.init('k', harden({ a: 1 }))),
         why(() => map.init('k', harden({ a: 1n, b: [Promise.resolve()] })))]`,
      ['Error: invalid value type for collection "s": a: number (a number) - Must be a bigint',
        'Error: invalid value type for collection "s": b?: [0]: A "promise" cannot be a key']],
    ['guards made of what is none -> refused', `why(() => M.interface('I', { m: 3 }))`,
      expect.stringMatching(/^Error: interfaceGuard: .*Must be a guard:methodGuard$/)],
  ], SPECIMENS);
});

describe('patterns: keys and their order', () => {
  testFacts(benches, [
    ['M.lt, lte, eq, neq, gte, gt -> the partial order of keys',
      `[[1, 2], [2, 1], [1, 1], [NaN, 1], [0, -0], [1, 1n], ['a', 'b'], [{ a: 1 }, { a: 2 }],
         [{ a: 1 }, { b: 1 }], [[1], [1, 2]], [makeCopySet([1]), makeCopySet([1, 2])],
         [makeCopySet([1]), makeCopySet([2])]].map(([a, b]) =>
         ['lt', 'lte', 'eq', 'neq', 'gte', 'gt'].filter(name =>
           matches(harden(a), M[name](harden(b)))).join())`,
      ['lt,lte,neq', 'neq,gte,gt', 'lte,eq,gte', 'neq', 'lte,eq,gte', 'neq', 'lt,lte,neq',
        'lt,lte,neq', 'neq', 'lt,lte,neq', 'lt,lte,neq', 'neq']],
    ['keyEQ -> by value; promises are no keys, maps are not compared yet',
      `[keyEQ(makeCopySet([1, 2]), makeCopySet([2, 1])), keyEQ(1, 1n), keyEQ(0, -0),
         keyEQ(harden({ a: 1, b: 2 }), harden({ b: 2, a: 1 })),
         why(() => keyEQ(harden(Promise.resolve()), 1)),
         why(() => keyEQ(makeCopyMap([['a', 1]]), makeCopyMap([['a', 1]])))]`,
      [true, false, true, true, 'Error: A "promise" cannot be a key',
        'Error: Map comparison not yet implemented: (an object) vs (an object)']],
    ['CopySet, CopyBag, CopyMap -> in reverse order of rank, without duplicates',
      `[makeCopySet(['a', 'b', 3]).payload, makeCopyBag([['a', 1n], ['b', 2n]]).payload,
         makeCopyMap([['a', 1], ['b', 2]]).payload, why(() => makeCopySet(['a', 'a'])),
         why(() => makeCopyBag([['a', 0n]])), why(() => makeCopySet([harden(Promise.resolve())]))]`,
      [['b', 'a', 3], [['b', 2n], ['a', 1n]], { keys: ['b', 'a'], values: [2, 1] },
        'Error: value has duplicate keys: (a string)',
        'Error: Each entry of a copyBag must have a positive count: (an object)',
        'Error: A "promise" cannot be a key']],
  ], SPECIMENS);
});

describe('patterns: between vats and incarnations', () => {
  const SHAPE = `M.splitRecord({ a: M.or(M.nat(), M.gt('m')), who: M.remotable() },
    { b: M.key() })`;
  const TRY = `pattern => harden([{ a: 1n, who: baggage }, { a: 'n', who: baggage, b: [] },
    { a: 'a', who: baggage }, { a: 1n }].map(it => matches(harden(it), pattern)))`;
  const EXPECTED = [true, true, false, false];

  test('a pattern sent to another vat -> matches there what it matches here', async () => {
    const [one, other] = [await benches.make(), await benches.make()];
    const shape = await one.run(SHAPE);
    expect(await one.run(`(${TRY})(args[0])`, [shape])).toEqual(EXPECTED);
    expect(await other.run(`(${TRY})(args[0])`, [shape])).toEqual(EXPECTED);
  });

  test('patterns in baggage, shapes of durable stores -> the same after an upgrade', async () => {
    const bench = await benches.make();
    await bench.run(`baggage.init('shape', ${SHAPE});
      baggage.init('store', VatData.makeScalarBigMapStore('s',
        { durable: true, keyShape: M.or(M.string(), M.gte(3n)), valueShape: ${SHAPE} }))`);
    await bench.upgrade();
    expect(await bench.run(`(${TRY})(baggage.get('shape'))`)).toEqual(EXPECTED);
    expect(await bench.run(`const store = baggage.get('store');
      const value = harden({ a: 1n, who: baggage });
      [() => store.init('k', value), () => store.init(3n, value), () => store.init(2n, value),
        () => store.init('l', harden({ a: 'a' }))].map(why)`)).toEqual([
      'nothing thrown', 'nothing thrown', expect.stringMatching(/^Error: invalid key type/),
      expect.stringMatching(/^Error: invalid value type/),
    ]);
  });

  test('a guard asked for over vats -> the guard, which guards there too', async () => {
    const guarded = `VatData.defineKind('g', null, { add: (_, a) => a + 1 }, { interfaceGuard:
      M.interface('Adder', { add: M.call(M.number()).returns(M.number()) }) })()`;
    const [one, other] = [await benches.make(), await benches.make()];
    await other.run('$.adder = args[0]; 0', [await one.run(guarded)]);
    expect(await other.run(`E($.adder).__getInterfaceGuard__().then(guard => {
      const own = VatData.defineKind('own', null, { add: (_, a) => a + 2 },
        { interfaceGuard: guard })();
      return Promise.all([own.add(1), why(() => own.add('1')), E($.adder).add(1),
        why(() => E($.adder).add('1'))]); })`)).toEqual([
      3, 'Error: In "add" method of (own): arg 0: string (a string) - Must be a number',
      2, 'Error: In "add" method of (g): arg 0: string (a string) - Must be a number',
    ]);
  });
});

benches.testRepetition();
