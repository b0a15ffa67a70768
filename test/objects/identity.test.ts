/**
 * What is the same as what, and when (section 2.9 of README.md), as far as vat code can see it
 * without a collector. With one: test/support/drivers/workbench.ts does all of it again, and
 * packages/worker/src/liveslots/garbage/gc.test.ts.
 *
 * @module-tag sized
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';
import type { Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

const OBJECTS = `
  const { makeKindHandle, defineDurableKind, defineDurableKindMulti, defineKind } = VatData;
  $.provide = tag => {
    if (!baggage.has(tag)) baggage.init(tag, makeKindHandle(tag));
    return baggage.get(tag);
  };
  $.behavior = {
    get: ({ state }) => state.v, set: ({ state }, v) => { state.v = harden(v); },
    context: context => context,
  };
  $.make = defineDurableKind($.provide('Thing'), v => harden({ v }), $.behavior);
  $.makeKit = defineDurableKindMulti($.provide('Kit'), v => harden({ v }),
    { a: $.behavior, b: $.behavior });
  $.makeVirtual = defineKind('virtual', v => harden({ v }), $.behavior);
  $.provideMap = name => {
    if (!baggage.has(name)) {
      baggage.init(name, VatData.makeScalarBigMapStore(name, { durable: true }));
    }
    return baggage.get(name);
  };
  $.map = $.provideMap('map');
  $.virtualMap = VatData.makeScalarBigMapStore('virtual');
  0`;

/** The same, with kinds and stores of their own for each fact. */
const FRESH_OBJECTS = `for (const name of [...baggage.keys()]) baggage.delete(name); ${OBJECTS}`;

describe('identity: what is reached on several ways', () => {
  testFacts(benches, [
    ['durable object: from maker, store, state and self -> one',
      `const thing = $.make(0); $.map.init('it', thing); const other = $.make([thing]);
       thing.set(thing);
       [$.map.get('it'), [...$.map.values()][0], other.get()[0], thing.get(), thing.context().self]
         .map(it => it === thing)`, [true, true, true, true, true]],
    ['virtual object -> one',
      `const thing = $.makeVirtual(0); $.virtualMap.init(thing, thing);
       [$.virtualMap.get(thing), ...$.virtualMap.keys()].map(it => it === thing)`,
      [true, true]],
    ['facets: from the kit, a store and facets -> one, the kit too',
      `const kit = $.makeKit(0); $.map.init('a', kit.a); $.map.init('b', kit.b);
       [$.map.get('a') === kit.a, $.map.get('b').context().facets === kit,
         $.map.get('a').context().facets.b === kit.b]`, [true, true, true]],
    ['stores, handles and baggage -> one',
      `$.map.init('me', $.map); $.map.init('baggage', baggage);
       $.map.init('handle', $.provide('Thing'));
       [$.map.get('me') === $.map, $.map.get('baggage') === baggage,
         $.map.get('handle') === baggage.get('Thing')]`, [true, true, true]],
    ['remotables and virtual objects in virtual state -> one',
      `const far = Far('far', {}); $.makeVirtual([far, far]).get()[0] === far`, true],
    ['promises in virtual state -> one',
      `const p = harden(Promise.resolve(1)); $.makeVirtual([p]).get()[0] === p`, true],
  ], FRESH_OBJECTS);

  test('in later cranks, while the vat holds one -> that one', async () => {
    const bench = await benches.make(OBJECTS);
    await bench.run(`$.thing = $.make(0); $.kit = $.makeKit(0); $.far = Far('far', {});
      $.promise = harden(new Promise(() => {}));
      $.map.init('thing', $.thing); $.map.init('a', $.kit.a);
      $.virtualMap.init('far', $.far); $.virtualMap.init('promise', $.promise);
      $.virtualMap.init('thing', $.virtual = $.makeVirtual(1)); 0`);
    const same = await bench.run(`[$.map.get('thing') === $.thing, $.map.get('a') === $.kit.a,
      $.map.get('a').context().facets === $.kit, $.virtualMap.get('far') === $.far,
      $.virtualMap.get('promise') === $.promise, $.virtualMap.get('thing') === $.virtual]`);
    expect(same).toEqual(Array(6).fill(true));
  });

  test('restart -> the vat finds what it held', async () => {
    const bench = await benches.make(OBJECTS);
    await bench.run(`$.thing = $.make(1); $.weak = new WeakMap([[$.thing, 'kept']]);
      $.map.init('thing', $.thing); 0`);
    await benches.restart();
    expect(await bench.run(
      `[$.map.get('thing') === $.thing, $.weak.get($.map.get('thing'))]`,
    )).toEqual([true, 'kept']);
  });
});

describe('identity: between vats', () => {
  let benchesHere: [Workbench, Workbench];
  beforeAll(async () => {
    benchesHere = [await benches.hold(OBJECTS), await benches.hold(OBJECTS)];
  });
  /** Two vats, with empty stores. */
  const pair = async (): Promise<[Workbench, Workbench]> => {
    for (const bench of benchesHere) await bench.run('$.map.clear(); $.virtualMap.clear(); 0');
    return benchesHere;
  };

  test('exports that come back -> the very objects', async () => {
    const [owner, other] = await pair();
    const sent = await owner.run(`$.sent = harden([$.make(1), $.makeKit(1).b, $.makeVirtual(1),
      Far('far', {}), Far('function', () => 1), $.map, baggage.get('Thing')])`);
    await other.run('$.kept = args[0]; 0', [sent]);
    const back = await other.run('$.kept');
    const same = await owner.run('args[0].map((it, i) => it === $.sent[i])', [back]);
    expect(same).toEqual(Array(7).fill(true));
  });

  test('an import: each time that it comes -> one presence', async () => {
    const [owner, other] = await pair();
    const far = await owner.run(`$.far = Far('far', {})`);
    await other.run(`$.presence = args[0]; $.map.init('it', args[0])`, [far]);
    expect(await other.run(`[args[0] === $.presence, args[1][0] === $.presence,
      $.map.get('it') === $.presence, Object.isFrozen($.presence),
      Reflect.ownKeys($.presence)]`, [far, [far]])).toEqual([true, true, true, true, []]);
  });

  test('the root -> one reference, in every incarnation', async () => {
    const [owner, other] = await pair();
    await other.run(`$.map.init('root', args[0]); $.root = args[0]; 0`, [owner.root]);
    await owner.upgrade(OBJECTS);
    expect(await other.run('args[0] === $.root', [owner.root])).toBe(true);
    expect(await other.run(`E($.root).run('1 + 1')`)).toBe(2);
  });

  test('an upgrade of its owner -> durable presences stay the same', async () => {
    const [owner, other] = await pair();
    const thing = await owner.run(`$.map.init('it', $.make(7)); $.map.get('it')`);
    await other.run('$.presence = args[0]; 0', [thing]);
    await owner.upgrade(OBJECTS);
    const again = await owner.run(`$.map.get('it')`);
    expect(await other.run('args[0] === $.presence', [again])).toBe(true);
    expect(await other.run('E($.presence).get()')).toBe(7);
  });

  test('an upgrade of its holder -> the presence in baggage is the one that comes', async () => {
    const [owner, other] = await pair();
    const far = await owner.run(`$.far = Far('far', { ping: () => 'pong' })`);
    await other.run(`$.map.init('it', args[0])`, [far]);
    await other.upgrade(OBJECTS);
    expect(await other.run(`args[0] === $.map.get('it')`, [far])).toBe(true);
    expect(await other.run(`E($.map.get('it')).ping()`)).toBe('pong');
  });
});

describe('identity: WeakMap and WeakSet', () => {
  testFacts(benches, [
    ['keys of every sort -> found, others not',
      `const keys = [{}, [], () => 1, Far('far', {}), $.make(1), $.makeKit(1), $.makeKit(1).a,
         $.makeVirtual(1), $.map, baggage, baggage.get('Thing'), Promise.resolve()];
       const map = new WeakMap(), set = new WeakSet();
       keys.forEach((key, i) => { map.set(key, i); set.add(key); });
       [keys.every((key, i) => map.get(key) === i && map.has(key) && set.has(key)),
         map.has({}), map.get({}), set.has($.make(1))]`, [true, false, undefined, false]],
    ['facets of one kit -> keys of their own',
      `const kit = $.makeKit(1); const map = new WeakMap();
       map.set(kit.a, 'a'); map.set(kit.b, 'b');
       [map.get(kit.a), map.get(kit.b), map.has(kit)]`, ['a', 'b', false]],
    ['set, delete, add -> as the language has it',
      `const thing = $.make(1), map = new WeakMap(), set = new WeakSet();
       [map.set(thing, 1) === map, map.delete(thing), map.delete(thing), map.has(thing),
         set.add(thing) === set, set.delete(thing), set.delete(thing), set.has(thing)]`,
      [true, true, false, false, true, true, false, false]],
    ['keys that are no objects -> set throws, has and delete do not',
      `const map = new WeakMap();
       [why(() => map.set('x', 1)).slice(0, 9), map.has('x'), map.get(3), map.delete(null),
         why(() => new WeakSet().add(3)).slice(0, 9)]`,
      ['TypeError', false, undefined, false, 'TypeError']],
    ['a key added before and after it has a reference -> one entry',
      `const far = Far('far', {}); const map = new WeakMap([[far, 1]]);
       $.virtualMap.init(far, 1); map.set(far, 2);
       [map.get(far), map.delete(far), map.has(far)]`, [2, true, false]],
    ['the constructors -> named, frozen, the same in vatPowers and child compartments',
      `const child = new Compartment({}, {}, {});
       [WeakMap.name, WeakSet.name, Object.isFrozen(WeakMap.prototype), String(new WeakSet()),
         vatPowers.WeakMap === outer.WeakMap, child.globalThis.WeakMap === outer.WeakMap,
         WeakSet === outer.WeakSet]`,
      ['WeakMap', 'WeakSet', true, '[object WeakSet]', true, true, true]],
    ['the constructors: without new -> TypeError; subclasses -> work',
      `class Own extends WeakMap { twice(key) { return this.get(key) * 2; } }
       [why(() => WeakMap()).slice(0, 9), new Own([[baggage, 4]]).twice(baggage)]`,
      ['TypeError', 8]],
  ], FRESH_OBJECTS);

  test('presences, promises and what comes back from others -> the entries of before', async () => {
    const [bench, other] = [await benches.make(OBJECTS), await benches.make()];
    await bench.run(`[$.far] = args; $.thing = $.make(1); $.promise = E($.far).run('1');
      $.weak = new WeakMap([[$.far, 'far'], [$.thing, 'thing'], [$.promise, 'promise']]);
      $.seen = new WeakSet([$.far]); 0`, [other.root]);
    await other.run('$.thing = args[0]; 0', [await bench.run('$.thing')]);
    expect(await bench.run(`[...args, $.promise].map(it => $.weak.get(it)).concat(
      $.seen.has(args[0]), $.seen.has(args[1]))`, [other.root, await other.run('$.thing')]))
      .toEqual(['far', 'thing', 'promise', true, false]);
    expect(await bench.run(`[$.weak.delete(args[0]), $.weak.has($.far)]`, [other.root])).toEqual(
      [true, false],
    );
  });

  test('entries -> there in later cranks, gone with the incarnation', async () => {
    const bench = await benches.make(OBJECTS);
    await bench.run(`$.map.init('it', $.make(1));
      $.weak = new WeakMap([[$.map.get('it'), 'kept'], [$.map, 'store']]); 0`);
    expect(await bench.run(`[$.weak.get($.map.get('it')), $.weak.get($.map)]`)).toEqual([
      'kept', 'store',
    ]);
    await bench.upgrade(OBJECTS);
    expect(await bench.run('$.weak')).toBe(undefined);
  });
});

describe('identity: weak keys and private members that vat code has added', () => {
  const STAMPS = `
    $.Given = class { constructor(it) { return it; } };
    $.Stamp = class extends $.Given { #is = true; static has(it) { return #is in it; } };
    $.Brand = class extends $.Given { #is() {} static has(it) { return #is in it; } };
    $.weak = new WeakSet();
    $.stamp = it => { for (const Class of [$.Stamp, $.Brand]) new Class(it); $.weak.add(it); };
    $.has = it => [$.Stamp.has(it), $.Brand.has(it), $.weak.has(it)].join();
    0`;

  test('what is made again -> found again when nobody else has held it', async () => {
    const other = await benches.make();
    const far = await other.run(`Far('stamped', {})`);
    const bench = await benches.make(OBJECTS);
    const all = `const kit = $.map.get('kit');
      const all = [args[0], Object.getPrototypeOf(args[0]), $.map.get('thing'), kit,
        kit.context().facets, $.map.get('map'), $.map.get('map').has, $.map.get('handle')];`;
    await bench.run(`$.map.init('thing', $.make(0)); $.map.init('kit', $.makeKit(0).a);
      $.map.init('map', VatData.makeScalarBigMapStore('m', { durable: true }));
      $.map.init('handle', $.provide('Other')); ${STAMPS}`);
    expect(await bench.run(`{ ${all} all.map($.has) }`, [far]))
      .toEqual(Array(8).fill('false,false,false'));
    await bench.run(`{ ${all} all.forEach($.stamp); } 0`, [far]);
    // The vat lets go of the arguments before.
    await bench.run('0');
    expect(await bench.run(`{ ${all} all.map($.has) }`, [far]))
      .toEqual(Array(8).fill('true,true,true'));
  });
});

describe('identity: new incarnations', () => {
  test('methods and prototypes -> of their incarnation', async () => {
    const bench = await benches.make(OBJECTS);
    await bench.run(`$.map.init('it', $.make(1)); $.map.init('n', 0)`);
    await bench.upgrade(OBJECTS.replace('get: ({ state }) => state.v', `get: () => 'new'`));
    expect(await bench.run(`[$.map.get('it').get(), $.make(5).get(),
      Object.getPrototypeOf($.map.get('it')) === Object.getPrototypeOf($.make(1))]`)).toEqual(
      ['new', 'new', true],
    );
  });

  test('objects of a kind made before and after -> never the same', async () => {
    const bench = await benches.make(OBJECTS);
    await bench.run(`for (let i = 0; i < 5; i += 1) $.map.init(i, $.make(i))`);
    await bench.upgrade(OBJECTS);
    expect(await bench.run(`for (let i = 5; i < 10; i += 1) $.map.init(i, $.make(i));
      [new Set($.map.values()).size, [...$.map.values()].map(it => it.get())]`)).toEqual(
      [10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    );
  });
});

// What is held and what is recognised, in cranks, upgrades and restarts: what a collector could
// change. So this file is the one for which `npm test` looks.
benches.testRepetition();
