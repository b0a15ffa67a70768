/**
 * Collections (section 2.8 of README.md). Whether they are durable: durability.test.ts.
 *
 * @module-tag sized
 */
import { describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';
import type { Fact } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

const TOOLS = `
  $.store = (type, options, label = 'L') => VatData['makeScalarBig' + type](label, options);
  $.map = $.store('MapStore');
  $.set = $.store('SetStore');
  $.filled = entries => { const map = $.store('MapStore'); map.addAll(entries); return map; };
  $.a = Far('a', {}); $.b = Far('b', {}); $.c = Far('c', {});
  $.list = iterator => harden([...iterator]);
  $.notKeys = harden([{}, [], Promise.resolve(), Error('x'), { a: 1 }, makeTagged('t', 1)]);
  0`;

/** The same fact of merely-virtual and of durable stores. */
const inBoth = (factOf: (durable: boolean, how: string) => Fact): Fact[] => [
  factOf(false, 'virtual'),
  factOf(true, 'durable'),
];

const INVALID_KEY = /^Error: invalid key type for collection "L": /;
const NOT_FOUND = 'Error: key (a string) not found in collection "L"';
const ADDED = 'Error: keys in store cannot be added to during iteration';

describe('collections: kinds of store', () => {
  testFacts(benches, [
    ...inBoth((durable, how) => [`stores: ${how} ones -> remotables of four interfaces`,
      `['MapStore', 'WeakMapStore', 'SetStore', 'WeakSetStore'].map(type =>
         getInterfaceOf($.store(type, { durable: ${durable} })))`,
      ['mapStore', 'weakMapStore', 'setStore', 'weakSetStore'].map(it => `Alleged: ${it}`)]),
    ['stores: their methods -> own properties, frozen',
      `['MapStore', 'WeakMapStore', 'SetStore', 'WeakSetStore'].map(type => {
         const store = $.store(type);
         return Object.isFrozen(store) ? Object.keys(store).sort().join() : 'not frozen'; })`,
      ['addAll,clear,delete,entries,get,getSize,has,init,keys,set,snapshot,values',
        'addAll,delete,get,has,init,set',
        'add,addAll,clear,delete,getSize,has,keys,snapshot,values',
        'add,addAll,delete,has']],
    ['stores: __getMethodNames__ -> all of them',
      `$.store('WeakSetStore').__getMethodNames__()`,
      ['__getMethodNames__', 'add', 'addAll', 'delete', 'has']],
    ['stores: methods taken out -> go on working',
      'const { init, get } = $.map; init("k", 1); get("k")', 1],
    ['labels: left out -> map, weakMap, set, weakSet',
      `['MapStore', 'WeakMapStore', 'SetStore', 'WeakSetStore'].map(type =>
         why(() => VatData['makeScalarBig' + type]().delete('x')))`,
      ['map', 'weakMap', 'set', 'weakSet'].map(
        label => `Error: key (a string) not found in collection "${label}"`)],
    ['labels: no string -> refused', `why(() => VatData.makeScalarBigMapStore(3))`,
      expect.stringMatching(/^(Type)?Error: /)],
    ['shapes: no patterns -> refused',
      `['keyShape', 'valueShape'].map(name =>
         why(() => $.store('MapStore', { [name]: harden({ p: Promise.resolve() }) })))`,
      Array(2).fill(expect.stringMatching(/^(Type)?Error: .*pattern/))],
  ], TOOLS);
});

describe('collections: keys', () => {
  testFacts(benches, [
    ['keys: every scalar -> taken',
      `const keys = ['', 'x', 0, -1.5, Infinity, NaN, 0n, -5n, true, false, null, undefined,
         Symbol.for('s'), Symbol.iterator, $.a, Far('f', () => 1), baggage, $.set];
       for (const key of keys) $.map.init(key, 'v');
       [keys.filter(key => !$.map.has(key)), $.map.getSize() - keys.length]`, [[], 0]],
    ['keys: -0 and 0 -> one key',
      `$.map.init(-0, 'zero'); [$.map.get(0), why(() => $.map.init(0, 1)).slice(0, 10),
         Object.is($.list($.map.keys())[0], 0)]`, ['zero', 'Error: key', true]],
    ['keys: 1 and 1n, "1" and 1, true and "true" -> different',
      `for (const key of [1, 1n, '1', true, 'true']) $.map.init(key, 1); $.map.getSize()`, 5],
    ['keys: no scalar -> has is false',
      `const stores = [$.map, $.set, $.store('WeakMapStore')];
       $.notKeys.map(key => stores.some(it => it.has(key)))`,
      Array(6).fill(false)],
    ['keys: no scalar -> get, set, init, delete, add refuse',
      `$.notKeys.map(key => [() => $.map.get(key), () => $.map.set(key, 1),
         () => $.map.init(key, 1), () => $.map.delete(key)].map(why)).flat()`,
      Array(24).fill(expect.stringMatching(INVALID_KEY))],
    ['keys: byte arrays -> refused as what is no scalar, though they are scalars to endo',
      `const bytes = harden(new Uint8Array(2).buffer.sliceToImmutable());
       [matches(bytes, M.scalar()), $.map.has(bytes), $.set.has(bytes),
         ...[() => $.map.init(bytes, 1), () => $.map.get(bytes), () => $.set.add(bytes),
           () => $.store('WeakSetStore').delete(bytes)].map(why)]`,
      [true, false, false, ...Array(4).fill(expect.stringMatching(INVALID_KEY))]],
    ['members: no scalar -> add and delete refuse',
      `$.notKeys.map(key => [() => $.set.add(key), () => $.set.delete(key)].map(why)).flat()`,
      Array(12).fill(expect.stringMatching(INVALID_KEY))],
    ['keys: unregistered symbols -> refused',
      `why(() => $.map.init(Symbol('own'), 1))`, expect.stringMatching(/^(Type)?Error: /)],
    ['keyShape: a key against it -> has is false, the others refuse',
      `const map = $.store('MapStore', { keyShape: M.string() });
       map.init('k', 1);
       [map.has(1), ...[() => map.get(1), () => map.set(1, 1), () => map.init(1, 1),
         () => map.delete(1)].map(why)]`,
      [false, ...Array(4).fill(
        'Error: invalid key type for collection "L": number (a number) - Must be a string')]],
    ['keyShape: one that allows records -> scalars only',
      `const map = $.store('MapStore', { keyShape: M.any() });
       [map.has(harden({})), why(() => map.init(harden({}), 1))]`,
      [false, expect.stringMatching(INVALID_KEY)]],
    ['keyShape: of sets and weak stores -> checked too',
      `['SetStore', 'WeakSetStore'].map(type => why(() =>
         $.store(type, { keyShape: M.string() }).add(1)).slice(0, 36))`,
      Array(2).fill('Error: invalid key type for collecti')],
    ['key size: 219 units of encoded text -> taken, 220 -> too large, also for has and get',
      `const longest = 'x'.repeat(218), more = 'x'.repeat(219);
       $.map.init(longest, 1);
       [$.map.get(longest), ...[() => $.map.init(more, 1), () => $.map.has(more),
         () => $.map.get(more), () => $.map.set(more, 1), () => $.map.delete(more),
         () => $.set.add(more)].map(why)]`,
      [1, ...Array(6).fill('Error: key too large')]],
    ['key size: counted in UTF-16 units, bigints in digits',
      `$.map.init('\\u{1f600}'.repeat(109), 1);
       [why(() => $.map.init('\\u{1f600}'.repeat(110), 1)), why(() => $.map.init(10n ** 230n, 1)),
         why(() => $.map.init(10n ** 200n, 1))]`,
      ['Error: key too large', 'Error: key too large', 'nothing thrown']],
    ['baggage: keys -> strings only',
      `[why(() => baggage.init(1, 1)), baggage.has(1), getInterfaceOf(baggage)]`,
      ['Error: invalid key type for collection "baggage": number (a number) - Must be a string',
        false, 'Alleged: mapStore']],
  ], TOOLS);
});

describe('collections: entries', () => {
  testFacts(benches, [
    ...inBoth((durable, how) => [`${how}: init, get, has, set, delete -> as of a map`,
      `const map = $.store('MapStore', { durable: ${durable} });
       map.init('k', 1);
       const seen = [map.has('k'), map.get('k')]; map.set('k', [2]); seen.push(map.get('k'));
       map.delete('k'); seen.push(map.has('k'), map.getSize()); seen`.replace('[2]', 'harden([2])'),
      [true, 1, [2], false, 0]]),
    ['methods: what they return -> undefined',
      `[$.map.init('k', 1), $.map.set('k', 2), $.map.delete('k'), $.map.addAll([]), $.map.clear(),
         $.set.add('k'), $.set.delete('k'), $.set.addAll([]), $.set.clear()]`,
      Array(9).fill(undefined)],
    ['missing key: get, set, delete -> not found',
      `[() => $.map.get('k'), () => $.map.set('k', 1), () => $.map.delete('k')].map(why)`,
      Array(3).fill(NOT_FOUND)],
    ['missing key: remotables the vat never stored or sent -> not found',
      `['MapStore', 'WeakMapStore'].map(type => why(() => $.store(type).get($.a)))`,
      Array(2).fill('Error: key (an object) not found in collection "L"')],
    ['present key: init -> refused, the value kept',
      `$.map.init('k', 1); [why(() => $.map.init('k', 2)), $.map.get('k')]`,
      ['Error: key (a string) already registered in collection "L"', 1]],
    ['values and keys left out -> undefined, which is a value and a key',
      `$.map.init('k'); $.map.init(); [$.map.get('k'), $.map.has(), $.list($.map.keys())]`,
      [undefined, true, ['k', undefined]]],
    ['set: add of a member -> nothing happens; delete of a stranger -> not found',
      `$.set.add('k'); $.set.add('k'); [$.set.getSize(), why(() => $.set.delete('x'))]`,
      [1, NOT_FOUND]],
    ['delete, then init -> a new entry',
      `$.map.init($.a, 1); $.map.delete($.a); $.map.init($.a, 2);
       [$.map.get($.a), $.map.getSize()]`, [2, 1]],
    ['values: what is not passable -> refused, nothing left',
      `[why(() => $.map.init('k', harden({ f: () => 1 }))), $.map.has('k')]`,
      [expect.stringContaining('Remotables must be explicitly declared'), false]],
    ['values: past the size limit -> thrown to the caller, nothing left',
      `$.map.init('there', 1);
       const huge = 'x'.repeat(10_000_001);
       [why(() => $.map.init('k', huge)), why(() => $.map.set('there', huge)),
         $.map.has('k'), $.map.get('there')]`,
      [...Array(2).fill(expect.stringMatching(/Error: syscall capdata too large$/)), false, 1]],
    ['values: set -> hardened',
      `const v = [[1]]; $.map.init('k', 1); $.map.set('k', v); Object.isFrozen(v[0])`, true],
    ['values: got -> fresh and hardened each time',
      `const value = harden({ a: [1] }); $.map.init('k', value);
       const [x, y] = [$.map.get('k'), $.map.get('k')];
       [x === value, x === y, Object.isFrozen(x.a), x]`, [false, false, true, { a: [1] }]],
    ['valueShape: a value against it -> init and set refuse',
      `const map = $.store('MapStore', { valueShape: M.number() });
       map.init('k', 1);
       [why(() => map.init('x', 'y')), why(() => map.set('k', 'y')), map.get('k'), map.has('x')]`,
      [...Array(2).fill(
        'Error: invalid value type for collection "L": string (a string) - Must be a number'),
      1, false]],
    ['valueShape: of a set -> no effect',
      `$.store('SetStore', { valueShape: M.number() }).add('y')`, undefined],
    ['valueShape: of a weak map -> checked too',
      `why(() => $.store('WeakMapStore', { valueShape: M.number() }).init($.a, 'y'))`,
      'Error: invalid value type for collection "L": string (a string) - Must be a number'],
    ['values: an object that holds its own store -> comes back the same',
      `$.map.init('me', $.map); $.map.get('me') === $.map`, true],
  ], TOOLS);

  test('entries: in later cranks, after a restart, after an upgrade -> there', async () => {
    const bench = await benches.make(TOOLS);
    await bench.run(`$.kept = $.store('MapStore', { durable: true });
      baggage.init('kept', $.kept);
      $.kept.addAll([['a', 1], [2n, harden({ deep: ['x'] })]])`);
    const read = `$.list(baggage.get('kept').entries())`;
    const expected = [[2n, { deep: ['x'] }], ['a', 1]];
    expect(await bench.run(read)).toEqual(expected);
    await benches.restart();
    expect(await bench.run(read)).toEqual(expected);
    await bench.upgrade(TOOLS);
    expect(await bench.run(read)).toEqual(expected);
    expect(await bench.run(`why(() => baggage.get('kept').get('z'))`)).toBe(
      'Error: key (a string) not found in collection "L"',
    );
  });

  test('shapes: in later incarnations -> as they were made', async () => {
    const bench = await benches.make(TOOLS);
    await bench.run(`baggage.init('m', $.store('MapStore',
      { durable: true, keyShape: M.string(), valueShape: M.nat() }))`);
    await bench.upgrade();
    const refusals = await bench.run(`const m = baggage.get('m');
      [why(() => m.init(1, 1n)), why(() => m.init('k', -1n))]`);
    expect(refusals).toEqual([
      expect.stringMatching(INVALID_KEY),
      expect.stringMatching(/^Error: invalid value type for collection "L": /),
    ]);
  });
});

describe('collections: order', () => {
  testFacts(benches, [
    ['order: by type -> booleans, numbers, bigints, remotables, strings, null, symbols, undefined',
      `const keys = [undefined, Symbol.for('s'), null, 'x', $.a, 5n, 1, true];
       for (const key of keys) $.map.init(key, 1);
       [...$.map.keys()].map(key => key === null ? 'null' : typeof key)`,
      ['boolean', 'number', 'bigint', 'object', 'string', 'null', 'symbol', 'undefined']],
    ['order: booleans -> false, true',
      '$.list($.filled([[true, 1], [false, 1]]).keys())', [false, true]],
    ['order: numbers -> numeric, NaN last',
      `$.list($.filled([NaN, 3, -2, Infinity, 0, 1e300, -Infinity, 0.5, -1e-300, 10]
         .map(n => [n, 1])).keys())`,
      [-Infinity, -2, -1e-300, 0, 0.5, 3, 10, 1e300, Infinity, NaN]],
    ['order: bigints -> numeric',
      `$.list($.filled([7n, -7n, 0n, 10n ** 30n, -(10n ** 30n), 12n, 99n, 100n, -100n, -99n]
         .map(n => [n, 1])).keys())`,
      [-(10n ** 30n), -100n, -99n, -7n, 0n, 7n, 12n, 99n, 100n, 10n ** 30n]],
    ['order: strings -> by UTF-16 units, ill-formed ones too',
      `$.list($.filled(['b', '', 'a', 'aa', '\\ud83d\\ude00', '\\uffff', '\\ud800', 'é', 'A']
         .map(s => [s, 1])).keys())`,
      ['', 'A', 'a', 'aa', 'b', 'é', '\ud800', '\ud83d\ude00', '\uffff']],
    ['order: remotables -> of insertion; set keeps the place, delete and init moves to the end',
      `const map = $.filled([[$.c, 'c'], [$.a, 'a'], [$.b, 'b']]);
       const before = $.list(map.values()); map.set($.c, 'c2'); const set = $.list(map.values());
       map.delete($.c); map.init($.c, 'c3'); [before, set, $.list(map.values())]`,
      [['c', 'a', 'b'], ['c2', 'a', 'b'], ['a', 'b', 'c3']]],
    ['order: symbols -> by name',
      `$.list($.filled([Symbol.for('b'), Symbol.for('a'), Symbol.iterator]
         .map(s => [s, 1])).keys()).map(String)`,
      ['Symbol(Symbol.iterator)', 'Symbol(a)', 'Symbol(b)']],
    ['order: of sets -> the same',
      `$.set.addAll(['b', 2, 'a', 1n]); $.list($.set.keys())`, [2, 1n, 'a', 'b']],
  ], TOOLS);
});

describe('collections: patterns', () => {
  const FILLED = `${TOOLS}
    $.mixed = $.filled(
      [['a', 1], ['b', 2], ['c', 1], [1, 1], [2, 2], [5n, 2], [$.a, 1], [null, 2]]); 0`;
  testFacts(benches, [
    ['keys, values, entries: a key pattern -> what matches, in order',
      `const all = p => [$.mixed.keys(p), $.mixed.values(p), $.mixed.entries(p)].map($.list);
       [all(M.string()), all(M.gte(2))]`,
      [[['a', 'b', 'c'], [1, 2, 1], [['a', 1], ['b', 2], ['c', 1]]],
        [[2], [2], [[2, 2]]]]],
    ['keys, values, entries: a value pattern -> what matches',
      `[$.list($.mixed.keys(M.any(), 2)), $.list($.mixed.values(undefined, M.gt(1))),
         $.list($.mixed.entries(M.string(), 1))]`,
      [[2, 5n, 'b', null], [2, 2, 2, 2], [['a', 1], ['c', 1]]]],
    ['patterns: a key itself, M.or, M.and, M.not, ranges -> what matches',
      `['b', M.or('a', 5n), M.and(M.string(), M.gt('a')), M.not(M.string()), M.lt('b'), M.lte(1n),
         M.eq('c'), M.neq('c'), M.number(), M.bigint(), M.nat(), M.boolean(), M.null(),
         M.undefined(), M.scalar(), M.key(), M.symbol(), M.promise()]
         .map(p => [...$.mixed.keys(p)].map(key => typeof key === 'object' && key ? 'far' : key))`,
      [['b'], [5n, 'a'], ['b', 'c'], [1, 2, 5n, 'far', null], ['a'], [], ['c'],
        [1, 2, 5n, 'far', 'a', 'b', null], [1, 2], [5n], [5n], [], [null], [],
        [1, 2, 5n, 'far', 'a', 'b', 'c', null], [1, 2, 5n, 'far', 'a', 'b', 'c', null], [], []]],
    ['patterns: remotables -> one, or all',
      `[$.list($.mixed.values(M.remotable())), $.list($.mixed.values($.a))]`, [[1], [1]]],
    ['patterns: a remotable that is no key -> nothing',
      `$.list($.mixed.keys($.b))`, []],
    ['getSize: with patterns -> a count; without -> of all',
      `[$.mixed.getSize(), $.mixed.getSize(M.any()), $.mixed.getSize(M.string()),
         $.mixed.getSize(M.any(), 2), $.mixed.getSize(M.boolean())]`, [8, 8, 3, 4, 0]],
    ['clear: with patterns -> what matches goes',
      `$.mixed.clear(M.string(), 1); $.mixed.clear(M.remotable());
       [$.mixed.getSize(), $.list($.mixed.keys())]`, [5, [1, 2, 5n, 'b', null]]],
    ['clear: without -> everything goes, remotables may come again',
      `$.mixed.clear(); const size = $.mixed.getSize(); $.mixed.init($.a, 3);
       [size, $.list($.mixed.values()), $.mixed.has('a')]`, [0, [3], false]],
    ['snapshot: with and without patterns -> a CopyMap',
      `const copies = [[], [M.string()], [M.any(), 2]].map(all => $.mixed.snapshot(...all));
       [copies.every(copy => matches(copy, M.map())),
         copies.map(({ payload: { keys, values } }) => [keys.length, values])]`,
      [true, [[8, expect.anything()], [3, [1, 2, 1]], [4, [2, 2, 2, 2]]]]],
    ['snapshot: of a set -> a CopySet',
      `$.set.addAll(['b', 'a', 1]);
       [keyEQ($.set.snapshot(), makeCopySet(['a', 'b', 1])),
         keyEQ($.set.snapshot(M.string()), makeCopySet(['a', 'b']))]`, [true, true]],
    ['sets: keys, values, getSize and clear with a pattern -> what matches',
      `$.set.addAll(['b', 'a', 1]);
       const seen = [$.list($.set.keys(M.string())), $.list($.set.values(M.number())),
         $.set.getSize(M.string())];
       $.set.clear(M.string()); [...seen, $.list($.set.keys())]`, [['a', 'b'], [1], 2, [1]]],
    ['patterns: what is none -> refused',
      `const bad = harden(Promise.resolve());
       [() => $.map.keys(bad), () => $.map.getSize(bad), () => $.map.clear(M.any(), bad),
         () => $.set.keys(bad)].map(why)`,
      Array(4).fill(expect.stringMatching(/^(Type)?Error: .*pattern/))],
  ], FILLED);
});

describe('collections: iteration', () => {
  const ABCD = `${TOOLS}
    $.it = $.filled([['a', 1], ['b', 2], ['c', 3], ['d', 4]]); $.map.init('a', 1); 0`;
  testFacts(benches, [
    ['iterators: iterable once, frozen',
      `const keys = $.it.keys();
       [Object.isFrozen(keys), keys[Symbol.iterator]() === keys, $.list(keys), $.list(keys)]`,
      [true, true, ['a', 'b', 'c', 'd'], []]],
    ['deleted ahead -> skipped; deleted behind or under the cursor -> no matter',
      `const keys = $.it.keys(); const first = keys.next().value;
       $.it.delete('a'); $.it.delete('b'); [first, $.list(keys)]`, ['a', ['c', 'd']]],
    ['set ahead -> seen',
      `const values = $.it.values(); values.next(); $.it.set('c', 30); $.list(values)`, [2, 30, 4]],
    ['cleared -> it ends', `const keys = $.it.keys(); keys.next(); $.it.clear(); $.list(keys)`, []],
    ['every key deleted as it comes -> all are seen',
      `const seen = []; for (const key of $.it.keys()) { seen.push(key); $.it.delete(key); }
       [seen, $.it.getSize()]`, [['a', 'b', 'c', 'd'], 0]],
    ['a new key ahead or behind -> the next step throws',
      `['z', '0'].map(key => {
         const keys = $.it.keys(); keys.next(); $.it.init(key, 1);
         return why(() => keys.next()); })`,
      [ADDED, ADDED]],
    ['a new key -> thrown by keys, values and entries',
      `['keys', 'values', 'entries'].map((name, i) => {
         const iterator = $.it[name](); iterator.next(); $.it.init(i, 1);
         return why(() => [...iterator]); })`, [ADDED, ADDED, ADDED]],
    ['a key deleted and added again -> thrown too',
      `const keys = $.it.keys(); keys.next(); $.it.delete('c'); $.it.init('c', 3);
       why(() => keys.next())`, ADDED],
    ['a new key in another store -> no matter',
      `const keys = $.it.keys(); keys.next(); $.map.init('z', 1); $.list(keys)`, ['b', 'c', 'd']],
    ['an init that is refused -> no matter',
      `const keys = $.it.keys(); keys.next(); why(() => $.it.init('a', 1)); $.list(keys)`,
      ['b', 'c', 'd']],
    ['iteration begun after the addition -> goes on',
      `const early = $.it.keys(); early.next(); $.it.init('e', 5); const late = $.it.keys();
       [why(() => early.next()), $.list(late)]`, [ADDED, ['a', 'b', 'c', 'd', 'e']]],
    ['a set: a new member -> thrown; one that is there -> no matter',
      `$.set.addAll(['a', 'b']); const keys = $.set.keys(); keys.next(); $.set.add('a');
       const next = keys.next().value; $.set.add('c'); [next, why(() => keys.next())]`,
      ['b', ADDED]],
    ['left early -> over; undefined for patterns -> all',
      `const keys = $.it.keys(undefined, undefined); for (const key of keys) if (key === 'b') break;
       [$.list(keys), $.it.getSize(undefined, M.any())]`, [[], 4]],
    ['two iterators at once -> each its own place',
      `const [x, y] = [$.it.keys(), $.it.keys()];
       x.next(); x.next(); [x.next().value, y.next().value]`, ['c', 'a']],
  ], ABCD);

  test('an iterator held over cranks -> goes on; a key added meanwhile -> it throws', async () => {
    const bench = await benches.make(ABCD);
    await bench.run('$.keys = $.it.keys(); $.keys.next(); 0');
    expect(await bench.run('$.keys.next().value')).toBe('b');
    await bench.run('$.it.init("z", 1)');
    expect(await bench.run('why(() => $.keys.next())')).toBe(ADDED);
  });
});

describe('collections: addAll', () => {
  testFacts(benches, [
    ['map: arrays, iterables, maps, entries of a store -> init or set',
      `const source = $.filled([['a', 1], ['b', 2]]);
       $.map.init('a', 0);
       $.map.addAll(source.entries()); $.map.addAll(new Map([['c', 3]]));
       $.map.addAll((function* () { yield ['d', 4]; })()); $.list($.map.entries())`,
      [['a', 1], ['b', 2], ['c', 3], ['d', 4]]],
    ['map: a CopyMap -> its entries', `$.map.addAll(makeCopyMap([['x', 1]])); $.map.get('x')`, 1],
    ['set: iterables and a CopySet -> members',
      `$.set.addAll(['a', 'a']); $.set.addAll(makeCopySet(['b'])); $.list($.set.keys())`,
      ['a', 'b']],
    ['strings, pairs without values -> iterables like any other',
      `$.set.addAll('aba'); $.map.addAll([['x']]);
       [$.list($.set.keys()), $.list($.map.entries()), why(() => $.map.addAll([1])).slice(0, 10)]`,
      [['a', 'b'], [['x', undefined]], 'TypeError:']],
    ['weak stores -> the same',
      `const map = $.store('WeakMapStore'), set = $.store('WeakSetStore');
       map.addAll(makeCopyMap([[$.a, 1]])); map.addAll([[$.a, 2]]); set.addAll(makeCopySet([$.a]));
       [map.get($.a), set.has($.a)]`, [2, true]],
    ['no source at all -> not iterable', `['map', 'set'].map(name => why(() => $[name].addAll()))`,
      Array(2).fill('Error: provided data source is not iterable: (an undefined)')],
    ['other sources -> not iterable',
      `[3, {}, makeCopySet(['a']), makeCopyBag([['a', 1n]])].map(it => why(() => $.map.addAll(it)))
         .concat([3, makeCopyMap([['a', 1]])].map(it => why(() => $.set.addAll(it))))`,
      ['a number', 'an object', 'an object', 'an object', 'a number', 'an object'].map(
        what => `Error: provided data source is not iterable: (${what})`)],
    ['a source with a bad entry in the middle -> what came before stays',
      `const source = [['a', 1], [harden([]), 2], ['c', 3]];
       [why(() => $.map.addAll(source)), $.list($.map.keys())]`,
      [expect.stringMatching(INVALID_KEY), ['a']]],
  ], TOOLS);
});

describe('collections: weak stores', () => {
  testFacts(benches, [
    ...inBoth((durable, how) => [`${how} weak map: entries -> as of a map`,
      `const map = $.store('WeakMapStore', { durable: ${durable} });
       const of = ${durable} ? baggage : $.a;
       map.init(of, 1); map.init('primitive', 2); map.set(of, 3);
       const seen = [map.get(of), map.get('primitive'), why(() => map.init(of, 1)).slice(0, 10)];
       map.delete(of); [...seen, map.has(of), why(() => map.get(of)), map.has('primitive')]`,
      [3, 2, 'Error: key', false, 'Error: key (an object) not found in collection "L"', true]]),
    ...inBoth((durable, how) => [`${how} weak set: members -> as of a set`,
      `const set = $.store('WeakSetStore', { durable: ${durable} });
       set.add(baggage); set.add(baggage); set.add('p');
       const seen = [set.has(baggage), set.has('p')]; set.delete(baggage);
       [...seen, set.has(baggage), why(() => set.delete(baggage))]`,
      [true, true, false, 'Error: key (an object) not found in collection "L"']]),
  ], TOOLS);

  test('weak stores: keys of other vats -> found again in later incarnations', async () => {
    const [bench, other] = [await benches.make(TOOLS), await benches.make()];
    const far = await other.run(`$.far = Far('far', {})`);
    await bench.run(`baggage.init('weak', $.store('WeakMapStore', { durable: true }));
      baggage.init('far', args[0]);
      baggage.get('weak').init(args[0], 'kept')`, [far]);
    const get = `baggage.get('weak').get(args[0])`;
    expect(await bench.run(get, [far])).toBe('kept');
    await bench.upgrade();
    expect(await bench.run(get, [far])).toBe('kept');
  });
});

describe('collections: many of them', () => {
  test('stores with equal labels and keys -> nothing in common', async () => {
    const bench = await benches.make(TOOLS);
    expect(await bench.run(`
      const stores = Array.from({ length: 20 }, (_, i) =>
        $.store('MapStore', { durable: i % 2 === 0 }));
      stores.forEach((store, i) => store.init('k', i));
      stores[3].delete('k');
      stores.map(store => store.has('k') ? store.get('k') : null)`)).toEqual(
      Array.from({ length: 20 }, (_, i) => (i === 3 ? null : i)),
    );
  });

  test('a store in a store, many deep -> reached', async () => {
    const bench = await benches.make(TOOLS);
    await bench.run(`let inner = $.store('MapStore'); inner.init('n', 'bottom');
      for (let i = 0; i < 50; i += 1) {
        const outer = $.store('MapStore'); outer.init('n', inner); inner = outer; }
      $.outer = inner; 0`);
    expect(await bench.run(`let it = $.outer;
      while (typeof it !== 'string') it = it.get('n');
      it`)).toBe('bottom');
  });
});

benches.testRepetition();
