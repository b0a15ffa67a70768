/**
 * What may be stored where, and how each refusal is worded (section 2.7 of README.md).
 *
 * @module-tag sized
 */
import { describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';
import type { Fact } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

/** `$.durable`: what durable data may hold. `$.fleeting`: what it may not. */
const SPECIMENS = `
  const { makeKindHandle, defineDurableKind, defineDurableKindMulti, defineKind } = VatData;
  $.behavior = { get: ({ state }) => state.v, set: ({ state }, v) => { state.v = harden(v); } };
  $.handle = makeKindHandle('thing');
  $.make = defineDurableKind($.handle, v => harden({ v }), $.behavior);
  $.makeVirtual = defineKind('fleeting', v => harden({ v }), $.behavior);
  $.kit = defineDurableKindMulti(makeKindHandle('kit'), null,
    { a: { get: () => 1 }, b: { get: () => 2 } })();
  $.thing = $.make(1);
  $.far = Far('far', {});
  $.store = (type, options) => VatData['makeScalarBig' + type]('L', options);
  $.map = $.store('MapStore', { durable: true });
  $.durable = {
    data: harden([1, { a: 2n }, 'x', null, undefined, Symbol.for('s'), makeTagged('t', 1)]),
    error: harden(Error('x')), instance: $.thing, facet: $.kit.b, handle: $.handle,
    baggage, map: $.map,
    set: $.store('SetStore', { durable: true }),
    weakMap: $.store('WeakMapStore', { durable: true }),
    weakSet: $.store('WeakSetStore', { durable: true }),
  };
  $.fleeting = {
    far: $.far, function: Far('fun', () => 1), virtual: $.makeVirtual(1),
    map: $.store('MapStore'), weakSet: $.store('WeakSetStore'),
    promise: harden(Promise.resolve(1)), unsettled: harden(new Promise(() => {})),
  };
  $.each = (record, f) => harden(Object.entries(record).map(([name, it]) => [name, f(it)]));
  0`;

const all = (names: string, expected: unknown): unknown[] =>
  names.split(' ').map(name => [name, expected]);
const ANYTHING_BUT_FALSE = expect.not.arrayContaining([[expect.anything(), false]]);
const DURABLE = 'data error instance facet handle baggage map set weakMap weakSet';
const FLEETING = 'far function virtual map weakSet promise unsettled';
const KEYS = 'instance facet handle baggage map set weakMap weakSet';
const FLEETING_KEYS = 'far function virtual map weakSet';

const VALUE = 'Error: value is not durable: (an object) at slot 0 of (a string)';

/** A fact for each kind of store that takes values, or keys. */
const forStores = (
  types: readonly string[],
  factOf: (type: string) => Fact,
): readonly Fact[] => types.map(factOf);
const MAPS = ['MapStore', 'WeakMapStore'];
const SETS = ['SetStore', 'WeakSetStore'];

describe('durability: what is durable', () => {
  testFacts(benches, [
    ['canBeDurable: data, durable objects, handles, durable stores -> true',
      '$.each($.durable, VatData.canBeDurable)', all(DURABLE, true)],
    ['canBeDurable: remotables, virtual objects, virtual stores, promises -> false',
      '$.each($.fleeting, VatData.canBeDurable)', all(FLEETING, false)],
    ['canBeDurable: something deep inside -> decides',
      '[[[$.thing]], { a: [$.far, $.thing] }].map(it => VatData.canBeDurable(harden(it)))',
      [true, false]],
    ['canBeDurable: what cannot be passed -> throws as encoding does',
      `[harden({ f: () => 1 }), {}].map(it => why(() => VatData.canBeDurable(it)))`,
      [expect.stringContaining('Remotables must be explicitly declared'),
        expect.stringContaining('Cannot pass non-frozen objects like (an object). Use harden()')]],
  ], SPECIMENS);

  test('imports and roots of other vats -> durable; promises of other vats -> not', async () => {
    const [bench, other] = [await benches.make(), await benches.make()];
    const far = await other.run(`Far('far', {})`);
    expect(await bench.run(`[VatData.canBeDurable(args[0]), VatData.canBeDurable(args[1]),
      VatData.canBeDurable(harden(E(args[1]).run('1')))]`, [far, other.root])).toEqual(
      [true, true, false],
    );
  });
});

describe('durability: state of durable objects', () => {
  testFacts(benches, [
    ['state: what is durable -> taken by init and by setters',
      `$.each($.durable, it => { $.thing.set(it); return $.make(it).get() === it; })`,
      all(DURABLE, true)],
    ['state: what is not -> refused by init, the property named',
      '$.each($.fleeting, it => why(() => $.make(it)))',
      all(FLEETING, 'Error: value for "v" is not durable: slot 0 of (an object)')],
    ['state: what is not -> refused by setters, the old value kept',
      '$.each($.fleeting, it => why(() => $.thing.set(it))).concat([[$.thing.get()]])',
      [...all(FLEETING, 'Error: value for "v" is not durable: slot 0 of (an object)'), [1]]],
    ['state: several references -> the first that is not durable is counted out',
      'why(() => $.make([$.thing, $.map, $.thing, $.far]))',
      'Error: value for "v" is not durable: slot 2 of (an object)'],
    ['stateShape: one that mentions what is not durable -> refused, the kind still undefined',
      `const handle = VatData.makeKindHandle('k');
       const define = it =>
         VatData.defineDurableKind(handle, null, {}, { stateShape: harden({ v: M.or(it, 1) }) });
       [why(() => define($.far)), why(() => define($.thing))]`,
      ['Error: stateShape is not durable: slot 0 of (an object)', 'nothing thrown']],
    ['virtual objects: state -> anything that can be passed',
      `$.each({ ...$.durable, ...$.fleeting }, it => $.makeVirtual(it).get() === it)`,
      ANYTHING_BUT_FALSE],
  ], SPECIMENS);
});

describe('durability: durable collections', () => {
  testFacts(benches, [
    ...forStores(MAPS, type => [`${type}: values that are durable -> taken`,
      `const store = $.store('${type}', { durable: true });
       $.each($.durable, it => {
         store.init($.make(1), it); $.kept = $.make(2); store.init($.kept, 1);
         store.set($.kept, it); return store.has($.kept); })`, all(DURABLE, true)]),
    ...forStores(MAPS, type => [`${type}: values that are not -> refused by init, set and addAll`,
      `const store = $.store('${type}', { durable: true });
       store.init('there', 1);
       $.each($.fleeting, it => {
         const value = harden([it]);
         return [why(() => store.init('k', value)), why(() => store.set('there', value)),
           why(() => store.addAll([['k', value]])), store.has('k'), store.get('there')]; })`,
      all(FLEETING, [VALUE, VALUE, VALUE, false, 1])]),
    ...forStores(MAPS, type => [`${type}: keys that are durable -> taken`,
      `const store = $.store('${type}', { durable: true });
       const { data, error, ...keys } = $.durable;
       $.each(keys, it => { store.init(it, 1); return store.get(it); })`, all(KEYS, 1)]),
    ...forStores(MAPS, type => [`${type}: keys that are not -> refused, the value's sort told`,
      `const store = $.store('${type}', { durable: true });
       const { promise, unsettled, function: it, ...keys } = $.fleeting;
       [why(() => store.init(it, '')),
         ...$.each(keys, it => [why(() => store.init(it, 7)), store.has(it)])]`,
      ['Error: key ((a function)) is not durable in (a string)',
        ...all('far virtual map weakSet',
          ['Error: key ((an object)) is not durable in (a number)', false])]]),
    ...forStores(SETS, type => [`${type}: members that are not durable -> refused`,
      `const store = $.store('${type}', { durable: true });
       store.add($.thing);
       [why(() => store.add($.far)), why(() => store.addAll(['x', $.far])), store.has('x')]`,
      ['Error: key ((an object)) is not durable in (an object)',
        'Error: key ((an object)) is not durable in (an object)', true]]),
    ['keyShape and valueShape: what they mention that is not durable -> refused',
      `const shape = harden(M.or($.far, 1));
       ['MapStore', 'WeakMapStore', 'SetStore', 'WeakSetStore'].map(type =>
         ['keyShape', 'valueShape'].map(name =>
           why(() => $.store(type, { durable: true, [name]: shape })).slice(0, 27)))`,
      Array(4).fill(['Error: value is not durable', 'Error: value is not durable'])],
    ['keyShape and valueShape: durable ones -> taken',
      `const shape = harden(M.or($.thing, 1));
       const map = $.store('MapStore', { durable: true, keyShape: shape, valueShape: shape });
       map.init($.thing, $.thing); map.get($.thing) === $.thing`, true],
    ['virtual stores: keys and values -> anything that can be passed',
      `const map = $.store('MapStore');
       const { promise, unsettled, ...keys } = $.fleeting;
       $.each($.fleeting, it => map.init('x', it) ?? map.delete('x'));
       $.each(keys, it => { map.init(it, it); return map.get(it) === it; })`,
      all(FLEETING_KEYS, true)],
    ['several references -> the first that is not durable is counted out',
      `why(() => $.map.init('k', harden([$.thing, $.thing, $.far])))`,
      'Error: value is not durable: (an object) at slot 1 of (a string)'],
    ['baggage: what is not durable -> refused',
      `why(() => baggage.init('k', $.far))`, VALUE],
  ], SPECIMENS);
});

describe('durability: the order of checks', () => {
  testFacts(benches, [
    ['init: keyShape, presence, valueShape, size, value durable, key durable',
      `const keyShape = M.or(M.string(), M.remotable());
       const map = $.store('MapStore', { durable: true, keyShape, valueShape: M.not('bad') });
       map.init('there', 1);
       const huge = 'x'.repeat(10_000_001);
       [why(() => map.init(3, 'bad')), why(() => map.init('there', 'bad')),
         why(() => map.init($.far, 'bad')), why(() => map.init($.far, harden([huge, $.far]))),
         why(() => map.init($.far, $.far)), why(() => map.init($.far, 1)), [...map.keys()]]`,
      [expect.stringMatching(/^Error: invalid key type for collection "L": /),
        'Error: key (a string) already registered in collection "L"',
        expect.stringMatching(/^Error: invalid value type for collection "L": /),
        expect.stringMatching(/Error: syscall capdata too large$/),
        VALUE,
        'Error: key ((an object)) is not durable in (a number)',
        ['there']]],
    ['set: keyShape, valueShape, value durable, presence',
      `const map = $.store('MapStore',
         { durable: true, keyShape: M.string(), valueShape: M.not('bad') });
       [why(() => map.set(3, 'bad')), why(() => map.set('k', 'bad')),
         why(() => map.set('k', $.far)), why(() => map.set('k', 1))]`,
      [expect.stringMatching(/^Error: invalid key type/),
        expect.stringMatching(/^Error: invalid value type/), VALUE,
        'Error: key (a string) not found in collection "L"']],
  ], SPECIMENS);
});

benches.testRepetition('always');
