/**
 * Kinds as vat code defines them (section 2.3 of README.md). State is in state.test.ts, what may be
 * stored in durability.test.ts, later incarnations in redefinition.test.ts.
 *
 * @module-tag sized
 */
import { describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

/** A single-facet and a multi-facet kind, merely virtual, and instances of them. */
const KINDS = `
  $.behavior = {
    get: ({ state }) => state.n,
    set: ({ state }, n) => { state.n = n; },
    context: context => context,
    fail: () => { throw TypeError('no such luck'); },
  };
  $.facets = { writer: { set: $.behavior.set }, reader: $.behavior };
  $.make = VatData.defineKind('thing', n => ({ n }), $.behavior);
  $.makeKit = VatData.defineKindMulti('kit', n => ({ n }), $.facets);
  $.thing = $.make(1);
  $.kit = $.makeKit(2);
`;

const ABOUT_INSTANCES = 'may only be applied to a valid instance: (an object)';
const UNDECLARED = 'Remotables must be explicitly declared: {"f":"[Function f]"}';
const ABOUT_FACET = 'Use an interfaceGuard, not interfaceGuardKit, to protect class "k"';
const ABOUT_KIT = 'Use an interfaceGuardKit, not an interfaceGuard, to protect class kit "k"';

describe('kinds: makers and what they make', () => {
  testFacts(benches, [
    ['single facet: its maker -> a remotable that alleges the tag',
      '[passStyleOf($.thing), getInterfaceOf($.thing), $.thing.get()]',
      ['remotable', 'Alleged: thing', 1]],
    ['multi facet: its maker -> a frozen record of remotables, names sorted',
      `[Object.isFrozen($.kit), Object.keys($.kit), Object.values($.kit).map(getInterfaceOf)]`,
      [true, ['reader', 'writer'], ['Alleged: kit reader', 'Alleged: kit writer']]],
    ['multi facet: one facet writes -> the others read it',
      '$.kit.writer.set(7); $.kit.reader.get()', 7],
    ['maker: its arguments -> those of init, each instance apart',
      '[$.make(5), $.make(6), $.thing].map(thing => thing.get())', [5, 6, 1]],
    ['instances: their properties -> none of their own, all inherited',
      '[Reflect.ownKeys($.thing), Object.isFrozen($.thing), Object.keys($.kit.reader)]',
      [[], true, []]],
    ['instances: __getMethodNames__ -> the methods, sorted',
      `[$.thing.__getMethodNames__(), $.kit.writer.__getMethodNames__()]`,
      [['__getInterfaceGuard__', '__getMethodNames__', 'context', 'fail', 'get', 'set'],
        ['__getInterfaceGuard__', '__getMethodNames__', 'set']]],
    ['behaviour that is empty -> a kind without methods of its own',
      `VatData.defineKind('k', null, {})().__getMethodNames__()`,
      ['__getInterfaceGuard__', '__getMethodNames__']],
    ['methods: registered and well-known symbols for names -> callable',
      `const key = Symbol.for('key');
       const one = VatData.defineKind('k', null, {
         [key]: () => 1, [Symbol.asyncIterator]: () => 2 })();
       [one[key](), one[Symbol.asyncIterator]()]`, [1, 2]],
    ['methods: an error of their own -> as it is', 'why(() => $.thing.fail())',
      'TypeError: no such luck'],
    ['methods: a result that is not passable -> given to a caller in the vat',
      `typeof $.thing.context().state`, 'object'],
  ], KINDS);
});

describe('kinds: context', () => {
  testFacts(benches, [
    ['single facet: context -> state and self, frozen',
      `const context = $.thing.context();
       [Object.keys(context), context.self === $.thing, Object.isFrozen(context)]`,
      [['state', 'self'], true, true]],
    ['multi facet: context -> state and facets, frozen',
      `const context = $.kit.reader.context();
       [Object.keys(context), context.facets === $.kit, Object.isFrozen(context)]`,
      [['state', 'facets'], true, true]],
    ['context: two calls in one crank -> one context, one state',
      `const [a, b] = [$.thing.context(), $.thing.context()]; [a === b, a.state === b.state]`,
      [true, true]],
    ['context: two instances -> two contexts',
      `$.thing.context() === $.make(1).context()`, false],
  ], KINDS);

  test('context: in the next crank -> another, equally good', async () => {
    const bench = await benches.make(KINDS);
    await bench.run('$.context = $.thing.context(); $.state = $.context.state; 0');
    expect(await bench.run('$.thing.context() === $.context')).toBe(false);
    expect(await bench.run('$.thing.context().state === $.state')).toBe(false);
    await bench.run('$.state.n = 11');
    expect(await bench.run('[$.thing.get(), $.state.n, $.context.self === $.thing]')).toEqual([
      11, 11, true,
    ]);
  });
});

describe('kinds: prototypes', () => {
  testFacts(benches, [
    ['prototype: of two instances -> one, frozen',
      `const of = Object.getPrototypeOf;
       [$.make(2), $.kit.reader].map(it => of(it) === of($.thing)).concat(
         Object.isFrozen(of($.thing)))`,
      [true, false, true]],
    ['method: on another instance of its kind -> works on that one',
      'Reflect.apply($.thing.get, $.make(5), [])', 5],
    ['method: on an instance of another kind -> refused',
      'why(() => Reflect.apply($.thing.set, $.kit.reader, [3]))',
      `Error: "In \\"set\\" method of (thing)" ${ABOUT_INSTANCES}`],
    ['method: on another facet of its cohort -> refused',
      'why(() => Reflect.apply($.kit.writer.set, $.kit.reader, [3]))',
      `Error: "In \\"set\\" method of (kit writer)" ${ABOUT_INSTANCES}`],
    ['method: on the record of facets, a record or the prototype -> refused',
      `[$.kit, {}, Object.getPrototypeOf($.kit.writer)].map(target =>
         why(() => Reflect.apply($.kit.writer.set, target, [3])))`,
      Array(3).fill(`Error: "In \\"set\\" method of (kit writer)" ${ABOUT_INSTANCES}`)],
    ['method: taken out of its instance -> refused',
      'const { get } = $.thing; why(() => get())',
      "Error: Method (a string) called without 'this' object"],
    ['method: on an heir of an instance -> refused',
      'why(() => Object.create($.thing).get())',
      `Error: "In \\"get\\" method of (thing)" ${ABOUT_INSTANCES}`],
  ], KINDS);
});

describe('kinds: behaviour specifiers', () => {
  testFacts(benches, [
    ['behaviour: neither one nor many -> invalid for its tag',
      `const symbol = Symbol.for('a');
       [{ a: 1 }, { a: {}, b: () => 1 }, { a: { b: {} } }, undefined, 'x', { [symbol]: {} }]
         .map(behavior => why(() => VatData.defineKind('k', null, behavior)))`,
      Array(6).fill('Error: invalid behavior specifier for "k"')],
    ['behaviour: facets given to defineKind -> Check failed',
      `why(() => VatData.defineKind('k', null, $.facets))`, 'Error: Check failed'],
    ['behaviour: a kit of one facet -> refused',
      `why(() => VatData.defineKindMulti('k', null, { only: { m: () => 1 } }))`,
      'Error: A multi-facet object must have multiple facets'],
    ['behaviour: methods given to defineKindMulti -> Check failed',
      `why(() => VatData.defineKindMulti('k', null, $.behavior))`, 'Error: Check failed'],
    ['behaviour: the same in durable kinds -> Check failed',
      `const { defineDurableKind, defineDurableKindMulti, makeKindHandle } = VatData;
       const result = [why(() => defineDurableKind(makeKindHandle('a'), null, $.facets)),
         why(() => defineDurableKindMulti(makeKindHandle('b'), null, $.behavior))];
       result`,
      Array(2).fill('Error: Check failed')],
  ], KINDS);
});

describe('kinds: init and finish', () => {
  testFacts(benches, [
    ['init: no object -> said so',
      `[() => 3, () => {}, () => 'x'].map(init => why(() => VatData.defineKind('k', init, {})()))`,
      ['(a number)', '(an undefined)', '(a string)'].map(
        what => `Error: initial data must be object, not ${what}`)],
    ['init: null, undefined, an empty record -> empty state',
      `[null, undefined, () => ({})].map(init =>
         Object.keys(VatData.defineKind('k', init, $.behavior)().context().state))`,
      [[], [], []]],
    ['init: it throws -> the maker throws that',
      `const make = VatData.defineKind('k', () => { throw RangeError('not today'); }, {});
       why(make)`, 'RangeError: not today'],
    ['init: own string-named properties -> state; inherited ones and symbols -> not',
      `const init = () => {
         const it = Object.create({ inherited: 1 });
         return Object.assign(it, { own: 2, [Symbol.for('s')]: 3 });
       };
       Object.keys(VatData.defineKind('k', init, $.behavior)().context().state)`,
      ['own']],
    ['init: objects of any sort, names of any sort -> own enumerable properties',
      `const read = init => VatData.defineKind('k', init, $.behavior)().context().state;
       const odd = { constructor: 2, toString: 3, then: 5, '': 6 };
       [{ ...read(() => new Map([[1, 2]])) }, { ...read(() => odd) }]`,
      [{}, { constructor: 2, toString: 3, then: 5, '': 6 }]],
    ['maker -> a function; behaviour gets no this',
      `const it = VatData.defineKind('k', null, { m() { return typeof this; } })();
       [typeof $.make, it.m()]`, ['function', 'undefined']],
    ['finish: it runs on the whole instance, before the maker returns -> cycles',
      `const seen = [];
       const options = { finish: ({ state, self }) => { state.n = self; seen.push(self); } };
       const one = VatData.defineKind('k', () => ({ n: 0 }), $.behavior, options)();
       [one.get() === one, seen.length, seen[0] === one]`, [true, 1, true]],
    ['finish: of a multi-facet kind -> is given the facets',
      `const finish = ({ state, facets }) => { state.n = harden(Object.keys(facets)); };
       VatData.defineKindMulti('k', () => ({ n: 0 }), $.facets, { finish })().reader.get()`,
      ['reader', 'writer']],
    ['finish: it throws -> the maker throws that',
      `why(VatData.defineKind('k', null, {}, { finish: () => { throw Error('unfinished'); } }))`,
      'Error: unfinished'],
  ], KINDS);
});

describe('kinds: amplifiers and instance testers', () => {
  const WITH_POWERS = `${KINDS}
    $.makeTested = VatData.defineKindMulti('tested', n => ({ n }), $.facets, {
      receiveAmplifier: amplify => { $.amplify = amplify; },
      receiveInstanceTester: isInstance => { $.isKit = isInstance; },
    });
    $.tested = $.makeTested(3);
    $.makeOne = VatData.defineKind('one', n => ({ n }), $.behavior, {
      receiveInstanceTester: isInstance => { $.isOne = isInstance; },
    });
    $.one = $.makeOne(4);
  `;
  testFacts(benches, [
    ['amplifier: any facet -> the very record of its facets',
      '[$.amplify($.tested.reader) === $.tested, $.amplify($.tested.writer) === $.tested]',
      [true, true]],
    ['amplifier: anything else -> refused',
      `[$.kit.reader, $.thing, {}, $.tested].map(it => why(() => $.amplify(it)))`,
      Array(4).fill('Error: Must be a facet of "tested": (an object)')],
    ['amplifier: of a single-facet kind -> refused, whatever the kind',
      `const options = { receiveAmplifier: () => {} };
       [why(() => VatData.defineKind('k', null, {}, options)),
        why(() => VatData.defineDurableKind(VatData.makeKindHandle('d'), null, {}, options))]`,
      ['k', 'd'].map(
        tag => `Error: Only facets of an exo class kit can be amplified, not "${tag}"`)],
    ['instance tester: a single-facet kind -> its instances only',
      '[$.one, $.thing, $.tested.reader, {}, 3, null, undefined].map(it => $.isOne(it))',
      [true, false, false, false, false, false, false]],
    ['instance tester: a single-facet kind and a facet name -> refused',
      `why(() => $.isOne($.one, 'reader'))`,
      'Error: facetName can only be used with an exo class kit: "one" has no facet "reader"'],
    ['instance tester: a kit -> any of its facets',
      '[$.tested.reader, $.tested.writer, $.kit.reader, $.tested].map(it => $.isKit(it))',
      [true, true, false, false]],
    ['instance tester: a kit and a facet name -> that facet only',
      `[$.isKit($.tested.reader, 'reader'), $.isKit($.tested.writer, 'reader')]`, [true, false]],
    ['instance tester: a kit and an unknown facet name -> refused',
      `why(() => $.isKit($.tested.reader, 'nose'))`,
      'Error: exo class kit "tested" has no facet named "nose"'],
    ['amplifier and tester -> hardened',
      '[$.amplify, $.isKit, $.isOne].map(Object.isFrozen)', [true, true, true]],
  ], WITH_POWERS);

  test('amplifier and tester: a facet that was made again -> its cohort', async () => {
    const bench = await benches.make(WITH_POWERS);
    await bench.run(`
      $.map = VatData.makeScalarBigMapStore('keep');
      $.map.init('facet', $.makeTested(9).reader)`);
    expect(await bench.run(`const facet = $.map.get('facet');
      [$.isKit(facet, 'reader'), $.amplify(facet).reader === facet, $.amplify(facet).reader.get()]`,
    )).toEqual([true, true, 9]);
  });
});

describe('kinds: handles', () => {
  testFacts(benches, [
    ['handle -> a durable remotable of interface kind',
      `const handle = VatData.makeKindHandle('h');
       VatData.defineDurableKind(handle, null, {});
       [getInterfaceOf(handle), passStyleOf(handle), VatData.canBeDurable(handle),
         handle.__getMethodNames__()]`,
      ['Alleged: kind', 'remotable', true, ['__getMethodNames__']]],
    ['handle: its tag no string -> refused; the empty one -> taken',
      `[undefined, 3, ''].map(tag => why(() => {
         VatData.defineDurableKind(VatData.makeKindHandle(tag), null, {}); }))`,
      ['Error: kind tag must be a string, not (an undefined)',
        'Error: kind tag must be a string, not (a number)', 'nothing thrown']],
    ['handles: two of one tag -> two kinds',
      `const [a, b] = [VatData.makeKindHandle('h'), VatData.makeKindHandle('h')];
       const make = VatData.defineDurableKind(a, () => ({ n: 1 }), $.behavior);
       VatData.defineDurableKindMulti(b, () => ({ n: 2 }), $.facets)().reader.get() + make().get()`,
      3],
    ['handle: something else -> unknown',
      `[{}, 3, $.thing].map(it => why(() => VatData.defineDurableKind(it, null, {})))`,
      ['(an object)', '(a number)', '(an object)'].map(what => `Error: unknown handle ${what}`)],
    ['handle: its kind defined twice -> refused, the tag quoted by the Multi variant',
      `const handle = VatData.makeKindHandle('twice');
       VatData.defineDurableKind(handle, null, {});
       [why(() => VatData.defineDurableKind(handle, null, {})),
        why(() => VatData.defineDurableKindMulti(handle, null, $.facets))]`,
      ['Error: redefinition of durable kind twice', 'Error: redefinition of durable kind "twice"']],
    ['durable kinds -> as virtual ones',
      `const { defineDurableKind, defineDurableKindMulti, makeKindHandle } = VatData;
       const single = defineDurableKind(makeKindHandle('s'), n => ({ n }), $.behavior);
       const multi = defineDurableKindMulti(makeKindHandle('m'), n => ({ n }), $.facets);
       const kit = multi(2);
       kit.writer.set(single(1).get() + 4);
       [getInterfaceOf(single(1)), getInterfaceOf(kit.reader), kit.reader.get()]`,
      ['Alleged: s', 'Alleged: m reader', 5]],
  ], KINDS);

  test('handle: kept in baggage, used in a later crank -> defines its kind', async () => {
    const bench = await benches.make(KINDS);
    await bench.run(`baggage.init('h', VatData.makeKindHandle('h'))`);
    const define = `VatData.defineDurableKind(baggage.get('h'), n => ({ n }), $.behavior)(8).get()`;
    expect(await bench.run(define)).toBe(8);
    expect(await bench.run(`why(() => ${define})`)).toMatch(/^Error: redefinition of durable kind/);
  });
});

describe('kinds: guards and thisful methods', () => {
  const GUARDED = `${KINDS}
    $.guard = M.interface('I', {
      add: M.call(M.number()).optional(M.number()).returns(M.number()),
      later: M.callWhen(M.await(M.string())).returns(M.string()),
      raw: M.call(M.raw()).rest(M.raw()).returns(M.raw()),
    });
    $.guarded = VatData.defineKind('g', () => ({ n: 1 }), {
      add(a, b = 0) { return a === 9 ? 'nine' : this.state.n + a + b; },
      later: async text => text + '!',
      raw: (...args) => args,
    }, { thisfulMethods: true, interfaceGuard: $.guard })();
  `;
  testFacts(benches, [
    ['thisfulMethods: context -> this, not an argument',
      `const behavior = { get() { return this.state.n; }, self() { return this.self; } };
       const one = VatData.defineKind('k', n => ({ n }), behavior, { thisfulMethods: true })(4);
       [one.get(), one.self() === one]`, [4, true]],
    ['thisfulMethods: of a kit -> facets and state',
      `const facet = { get() { return [this.state.n, Object.keys(this.facets)]; } };
       const options = { thisfulMethods: true };
       const kit = VatData.defineKindMulti('k', n => ({ n }), { a: facet, b: facet }, options)(4);
       kit.b.get()`, [4, ['a', 'b']]],
    ['thisfulMethods without a guard: arguments -> hardened and passable',
      `const behavior = { id(x) { return x; } };
       const one = VatData.defineKind('k', null, behavior, { thisfulMethods: true })();
       const arg = { list: [1] };
       [one.id(arg) === arg, Object.isFrozen(arg.list), why(() => one.id({ f: () => 1 }))]`,
      [true, true, `Error: In "id" method of (k): ${UNDECLARED}`]],
    ['bare kinds: arguments and results -> not checked',
      `const one = VatData.defineKind('k', null, { id: (_, x) => x })();
       const arg = { f: () => 1 }; [one.id(arg) === arg, Object.isFrozen(arg)]`, [true, false]],
    ['interfaceGuard: what matches -> passes', '[$.guarded.add(1), $.guarded.add(1, 2)]', [2, 4]],
    ['interfaceGuard: an argument that does not -> names method, kind and argument',
      `why(() => $.guarded.add('1'))`,
      'Error: In "add" method of (g): arg 0: string (a string) - Must be a number'],
    ['interfaceGuard: an optional argument that does not -> numbered on',
      `why(() => $.guarded.add(1, '2'))`,
      'Error: In "add" method of (g): arg 1?: string (a string) - Must be a number'],
    ['interfaceGuard: too few arguments -> refused', `why(() => $.guarded.add())`,
      expect.stringMatching(/^Error: In "add" method of \(g\): .*at least 1 arguments/)],
    ['interfaceGuard: too many arguments -> refused', `why(() => $.guarded.add(1, 2, 3))`,
      expect.stringMatching(/^Error: "In \\"add\\" method of \(g\)" accepts at most 2 arguments, not 3/)],
    ['interfaceGuard: a wrong result -> refused', `why(() => $.guarded.add(9))`,
      'Error: In "add" method of (g): result: string (a string) - Must be a number'],
    ['interfaceGuard: callWhen -> awaits, then checks',
      `Promise.all([$.guarded.later(Promise.resolve('x')), why(() => $.guarded.later(3))])`,
      ['x!', 'Error: In "later" method of (g): arg 0: number (a number) - Must be a string']],
    ['interfaceGuard: raw -> anything, unfrozen',
      `const arg = { f: () => 1 }; const [same] = $.guarded.raw(arg, 2);
       [same === arg, Object.isFrozen(arg)]`, [true, false]],
    ['interfaceGuard: __getInterfaceGuard__ -> the guard, undefined without',
      '[$.guarded.__getInterfaceGuard__() === $.guard, $.thing.__getInterfaceGuard__()]',
      [true, undefined]],
    ['interfaceGuard: methods that are missing on either side -> refused',
      `[why(() => VatData.defineKind('k', null, { add: () => 1 }, { interfaceGuard: $.guard })),
        why(() => VatData.defineKind('k', null, { more: () => 1 },
          { interfaceGuard: M.interface('J', {}) }))]`,
      ['Error: methods ["later","raw"] not implemented by "k"',
        'Error: methods ["more"] not guarded by "J"']],
    ['interfaceGuard: sloppy and default guards -> further methods pass',
      `const guards = [M.interface('J', {}, { sloppy: true }),
         M.interface('J', {}, { defaultGuards: 'raw' })];
       guards.map(interfaceGuard =>
         VatData.defineKind('k', null, { more: () => 1 }, { interfaceGuard })().more())`, [1, 1]],
    ['interfaceGuard: a method that a symbol names -> checked like any other',
      `const name = Symbol.for('add');
       const interfaceGuard = M.interface('J', { [name]: M.call(M.number()).returns(M.number()) });
       const one = VatData.defineKind('k', null, { [name]: (_, n) => n }, { interfaceGuard })();
       [one[name](1), why(() => one[name]('1'))]`,
      [1, 'Error: In "[Symbol(add)]" method of (k): arg 0: string (a string) - Must be a number']],
    ['interfaceGuardKit: each facet -> its own guard',
      `const guard = M.interface('R', { set: M.call(M.number()).returns() });
       const facets = { a: { set: $.behavior.set }, b: { set: $.behavior.set } };
       const kit = VatData.defineKindMulti('k', () => ({ n: 0 }), facets, {
         interfaceGuardKit: { a: guard, b: M.interface('B', {}, { sloppy: true }) } })();
       kit.b.set('x');
       [why(() => kit.a.set('x')), why(() => kit.a.set(1))]`,
      ['Error: In "set" method of (k a): arg 0: string (a string) - Must be a number',
        'nothing thrown']],
    ['guards: the wrong one of the two -> refused',
      `const interfaceGuard = M.interface('I', {});
       [why(() => VatData.defineKind('k', null, {}, { interfaceGuardKit: {} })),
        why(() => VatData.defineKindMulti('k', null, $.facets,
          { interfaceGuardKit: {}, interfaceGuard }))]`,
      [`Error: ${ABOUT_FACET}`, `Error: ${ABOUT_KIT}`]],
  ], GUARDED);
});

describe('kinds: messages from elsewhere', () => {
  test('interfaceGuard: callWhen that waits for a later crank -> the context of that', async () => {
    const bench = await benches.make(`
      $.waiting = VatData.defineKind('w', () => ({ n: 1 }), {
        wait() { return [this === $.early, this.state.n]; }, early() { $.early = this; },
      }, { thisfulMethods: true, interfaceGuard: M.interface('I', {
        wait: M.callWhen(M.await(M.any())).returns(M.any()), early: M.call().returns() }) })()`);
    const wait = `$.waiting.early();
      $.result = $.waiting.wait(new Promise(resolve => { $.resolve = resolve; })); 0`;
    await bench.run(wait);
    expect(await bench.run('$.waiting.early(); $.resolve(1); $.result')).toEqual([true, 1]);
    await bench.run(wait);
    expect(await bench.run('$.resolve(1); $.result')).toEqual([false, 1]);
  });

  test('a facet sent to another vat -> its methods, its interface, its identity', async () => {
    const [owner, other] = [await benches.make(KINDS), await benches.make()];
    await other.run('$.kit = args[0]; 0', [await owner.run('$.kit')]);
    expect(await other.run('E($.kit.writer).set(21)')).toBe(undefined);
    expect(await other.run('E($.kit.reader).get()')).toBe(21);
    const reader = await other.run('$.kit.reader');
    expect(await owner.run('args[0] === $.kit.reader', [reader])).toBe(true);
  });

  test('a method that is not there -> the sender is told which there are', async () => {
    const [owner, other] = [await benches.make(KINDS), await benches.make()];
    const thing = await owner.run('$.thing');
    expect(await other.run('why(() => E(args[0]).dance())', [thing])).toMatch(
      /^TypeError: target has no method "dance", has \[/,
    );
  });
});

/** A name like any other, but for assignment. */
const NAMED = `
  const name = '__proto__';
  const handleOf = tag => VatData.makeKindHandle(tag);
  $.kit = VatData.defineDurableKindMulti(handleOf('kit'), () => ({}),
    { [name]: { get: () => 1 }, other: { get: ({ facets }) => facets[name].get() + 1 } })();
  $.thing = VatData.defineDurableKind(handleOf('thing'), initial => harden(initial), {
    [name]: ({ state }) => state[name],
    set: ({ state }, value) => { state[name] = value; },
  })({ [name]: 3, n: 4 });
  $.shaped = VatData.defineDurableKind(handleOf('shaped'), initial => harden(initial), {
    state: ({ state }) => state,
  }, { stateShape: { [name]: M.number() } })({ [name]: 5 });
  $.map = VatData.makeScalarBigMapStore('map', { durable: true });
  $.map.init(name, harden({ [name]: $.kit[name] }));
  0`;

describe('kinds: what is named __proto__', () => {
  test('facets, methods, state, keys, records -> there, in later cranks too', async () => {
    const [owner, other] = [await benches.make(NAMED), await benches.make()];
    const facts = `const name = '__proto__';
      [Object.keys($.kit), $.kit[name].get(), $.kit.other.get(), getInterfaceOf($.kit[name]),
        $.thing[name](), Object.keys($.thing.__getMethodNames__()).length,
        Object.keys($.shaped.state()).length, $.shaped.state()[name],
        why(() => { $.shaped.state()[name] = 'x'; }),
        [...$.map.keys()], $.map.get(name)[name] === $.kit[name],
        why(() => M.interface('I', { [name]: M.call().returns() }))]`;
    const found = [
      ['__proto__', 'other'], 1, 2, 'Alleged: kit __proto__', 3, 4, 0, 5,
      expect.stringContaining('Must be a number'), ['__proto__'], true,
      // Endo's own library has guards for no such method.
      'Error: "[Symbol(passStyle)]" property expected: (an object)',
    ];
    expect(await owner.run(facts)).toEqual(found);
    const facet = await owner.run(`$.kit['__proto__']`);
    const thing = await owner.run('$.thing');
    expect(await other.run('E(args[0]).get()', [facet])).toBe(1);
    expect(await other.run(`E(args[0])['__proto__']()`, [thing])).toBe(3);
    await owner.run('$.thing.set(7); 0');
    expect(await owner.run(`$.thing['__proto__']()`)).toBe(7);
    expect(await owner.run(facts)).toEqual(found.with(4, 7));
  });
});

benches.testRepetition();
