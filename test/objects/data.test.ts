/**
 * Data (section 2.13 of README.md, pass styles and encoding): what may be passed, and what becomes
 * of it on every way that it can take. The bytes: packages/store/src/codec. Remotables:
 * far.test.ts.
 *
 * @module-tag sized
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';
import type { Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

/** `$.values`: passable data of every style. `$.same`: equal in all that can be passed. */
const VALUES = `
  $.bytes = (...list) => new Uint8Array(list).buffer.sliceToImmutable();
  const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]
    .map(Constructor => Constructor('text of ' + Constructor.name));
  const caused = Error('outer', { cause: TypeError('middle', { cause: Error('inner') }) });
  const aggregate = AggregateError([RangeError('one'), caused], 'several');
  let nested = [];
  for (let i = 1; i < 250; i += 1) nested = i % 2 === 0 ? [nested] : { nested };
  $.values = harden([
    undefined, null, true, false,
    0, 1, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 64), 5e-324, 1.7976931348623157e308, NaN, Infinity,
    -Infinity,
    0n, 1n, -1n, 255n, -256n, 2n ** 64n, -(2n ** 64n), 10n ** 400n, -(10n ** 400n),
    '', 'text', '\\u0000', '\\ufeffbom', 'é\\u{1f600}', '\\ud800', 'a\\udc00b', '\\udc00\\ud800',
    '#undefined', '!', '%symbol', '$0', '&0', '+1', '-1', 'x'.repeat(70_000),
    Symbol.for('s'), Symbol.for(''), Symbol.for('@@iterator'), Symbol.for('@@@@'), Symbol.iterator,
    Symbol.asyncIterator, Symbol.toStringTag,
    [], [[]], [undefined, [null]], {}, { a: 1, b: { c: [2n, {}] } },
    { '': 1, 0: 2, 10: 3, 9: 4, constructor: 5, then: 6, length: 7, ['__proto__']: 8, é: 9 },
    { '@qclass': 'undefined', '#tag': 'x', payload: 1 }, nested,
    makeTagged('tag', undefined), makeTagged('', [makeTagged('inner', { a: 1 })]),
    makeCopySet(['a', 'b', 3n, undefined]), makeCopyBag([['a', 2n], [1, 1n]]),
    makeCopyMap([['k', { v: 1 }], [2, []]]),
    M.any(), M.string(), M.nat({ decimalDigitsLimit: 10 }), M.or(M.gte(3), M.eq('x'), M.null()),
    M.splitRecord({ a: M.number() }, { b: M.opt(M.string()) }, {}), M.arrayOf(M.key()),
    M.interface('I', { m: M.call(M.any()).optional(M.string()).rest(M.raw()).returns(),
      w: M.callWhen(M.await(M.nat())).returns(M.promise()) }),
    ...errors, caused, aggregate, [{ error: caused }],
    $.bytes(), $.bytes(0, 1, 255), [$.bytes(7)],
  ]);
  const fields = error => ['name', 'message', 'cause', 'errors'].map(name => error[name]);
  $.same = (a, b) => {
    const style = passStyleOf(a);
    if (style !== passStyleOf(b)) return false;
    const all = (x, y) => x.length === y.length && x.every((it, i) => $.same(it, y[i]));
    if (style === 'copyArray') return all(a, b);
    if (style === 'copyRecord') {
      const names = Object.keys(a).sort();
      return all(names, Object.keys(b).sort()) && names.every(name => $.same(a[name], b[name]));
    }
    if (style === 'tagged') {
      return a[Symbol.toStringTag] === b[Symbol.toStringTag] && $.same(a.payload, b.payload);
    }
    if (style === 'error') return all(fields(a), fields(b));
    if (style === 'byteArray') return all([...new Uint8Array(a.slice())],
      [...new Uint8Array(b.slice())]);
    return Object.is(a, b);
  };
  /** The places in which \`list\` differs from \`$.values\`. */
  $.changed = list => harden($.values.flatMap((value, i) =>
    Object.isFrozen(list[i]) && $.same(value, list[i]) ? [] : [i]));
`;

/** Kinds and stores that hold anything, virtual and durable; two of each in \`$.holders\`. */
const HOLDERS = `
  $.behavior = { get: ({ state }) => state.v, set: ({ state }, v) => { state.v = v; } };
  $.provide = (name, make) => {
    if (!baggage.has(name)) baggage.init(name, make());
    return baggage.get(name);
  };
  $.makeVirtual = VatData.defineKind('v', v => ({ v }), $.behavior);
  $.makeDurable = VatData.defineDurableKind(
    $.provide('h', () => VatData.makeKindHandle('d')), v => ({ v }), $.behavior);
  $.store = (type, durable) => VatData['makeScalarBig' + type]('L', { durable });
  0;`;

describe('data: every way that a value can take', () => {
  let bench: Workbench;
  let other: Workbench;
  beforeAll(async () => {
    bench = await benches.hold(VALUES + HOLDERS);
    other = await benches.hold(VALUES);
    await bench.run('$.other = args[0]; 0', [other.root]);
  });

  test('state, as init and setters left it -> the same in the next crank', async () => {
    await bench.run(`$.held = $.values.flatMap(v => [$.makeVirtual(v), $.makeDurable(v)]);
      $.assigned = $.values.map(v => { const it = $.makeDurable(0); it.set(v); return it; }); 0`);
    expect(await bench.run(`[0, 1].map(n =>
      $.changed($.values.map((_, i) => $.held[2 * i + n].get()))).concat(
      $.changed($.assigned.map(it => it.get())))`)).toEqual([[], []]);
  });

  test('state with all of it in one property -> the same', async () => {
    await bench.run('$.whole = $.makeDurable($.values); 0');
    expect(await bench.run('$.changed($.whole.get())')).toEqual([]);
  });

  test('stores: values by init and set, also in weak ones -> the same at once', async () => {
    const differences = await bench.run(`[false, true].flatMap(durable =>
      ['MapStore', 'WeakMapStore'].map(type => {
        const map = $.store(type, durable);
        $.values.forEach((value, i) => { map.init(i, 0); map.set(i, value); });
        return $.changed($.values.map((_, i) => map.get(i)));
      }))`);
    expect(differences).toEqual(Array(4).fill([]));
  });

  test('stores: entries, and snapshot -> the same', async () => {
    const differences = await bench.run(`const map = $.store('MapStore', true);
      $.values.forEach((value, i) => map.init(i, value));
      const values = map.snapshot().payload.values;
      [$.changed([...map.values()]), $.changed([...map.entries()].map(([, value]) => value)),
        values.length === $.values.length]`);
    expect(differences).toEqual([[], [], true]);
  });

  test('keys: scalars of every sort -> the same from keys', async () => {
    expect(await bench.run(`const map = $.store('MapStore', true);
      const keys = $.values.filter(it => matches(it, M.scalar()) && String(it).length < 200 &&
        passStyleOf(it) !== 'byteArray');
      for (const key of keys) map.init(key, key);
      [[...map.entries()].filter(([key, value]) => !$.same(key, value)).length,
        map.getSize() === keys.length, keys.length > 40]`)).toEqual([0, true, true]);
  });

  test('messages and results: to another vat and back, to the host and back -> same', async () => {
    expect(await bench.run(`E($.other).run('args[0]', [$.values]).then($.changed)`)).toEqual([]);
    expect(await other.run('$.changed(args[0])', [await bench.run('$.values')])).toEqual([]);
  });

  test('settlements: fulfilled, rejected or thrown -> the same', async () => {
    expect(await bench.run(`const run = code => E($.other).run(code);
      Promise.all([
        Promise.all($.values.map((_, i) => run('[Promise.resolve($.values[' + i + '])]')
          .then(([promise]) => promise))),
        Promise.all($.values.map((_, i) => run('Promise.reject($.values[' + i + '])')
          .then(() => 'fulfilled', reason => reason))),
        Promise.all($.values.map((_, i) => run('throw $.values[' + i + ']')
          .then(() => 'fulfilled', reason => reason))),
      ]).then(lists => lists.map($.changed))`)).toEqual([[], [], []]);
  });

  test('baggage and durable state -> the same after a restart, after an upgrade', async () => {
    const fresh = await benches.make(VALUES + HOLDERS);
    await fresh.run(`baggage.init('values', $.values);
      baggage.init('object', $.makeDurable($.values)); 0`);
    const read = `[$.changed(baggage.get('values')), $.changed(baggage.get('object').get())]`;
    await benches.restart();
    expect(await fresh.run(read)).toEqual([[], []]);
    await fresh.upgrade(VALUES + HOLDERS);
    expect(await fresh.run(read)).toEqual([[], []]);
  });

  test('vatParameters -> the same', async () => {
    const values = await bench.run('$.values');
    const fresh = await benches.make();
    await fresh.upgrade(`${VALUES} $.differences = $.changed(args);`, values as unknown[]);
    expect(await fresh.run('$.differences')).toEqual([]);
  });

  test('-0 -> 0 once it was encoded', async () => {
    expect(await bench.run(`$.zero = $.makeDurable(-0); const map = $.store('MapStore');
      map.init('k', -0); [Object.is($.zero.get(), -0), map.get('k')].map(String)`)).toEqual(
      ['true', '0'],
    );
    expect(await bench.run(`Object.is($.zero.get(), 0) &&
      E($.other).run('Object.is(args[0], 0)', [-0])`)).toBe(true);
  });

  test('encoded records -> sorted by name; errors -> without a stack', async () => {
    const record = 'harden({ b: 1, a: 2, B: 3 })';
    expect(await bench.run(`E($.other).run('Object.keys(args[0])', [${record}])`)).toEqual(
      ['B', 'a', 'b'],
    );
    expect(await bench.run(`E($.other).run('[args[0].stack, Reflect.ownKeys(args[0]).sort()]',
      [harden(Object.defineProperty(Error('x'), 'stack', { value: 'secret' }))])`)).toEqual(
      ['', ['message', 'stack']],
    );
  });
});

const UNDECLARED = /^(Type)?Error: Remotables must be explicitly declared: /;
const REFUSAL = /^(Type)?Error: /;
describe('data: names that are not well-formed', () => {
  const define = String.raw`
    const provide = (name, make) => {
      if (!baggage.has(name)) baggage.init(name, make());
      return baggage.get(name);
    };
    $.make = VatData.defineDurableKindMulti(
      provide('h\ud800', () => VatData.makeKindHandle('tag\ud800')),
      v => ({ ['p\ud800']: v, '': 2 }),
      { ['f\ud800']: { ['m\ud800']: ({ state }) => state['p\ud800'] },
        g: { [Symbol.for('\ud800')]: ({ state }) => state[''] } },
      { stateShape: { ['p\ud800']: M.any(), '': M.any() } });
    $.map = provide('map', () => VatData.makeScalarBigMapStore('l\ud800', { durable: true }));`;

  test('tags, facets, fields, methods, labels, keys -> there in every incarnation', async () => {
    const [bench, other] = [await benches.make(), await benches.make()];
    await bench.upgrade(define);
    await bench.run(String.raw`const kit = $.make('x\udfff');
      $.map.init('f\ud800', kit['f\ud800']); $.map.init('g', kit.g); 0`);
    await bench.upgrade(define);
    expect(await bench.run(String.raw`[$.map.get('f\ud800')['m\ud800'](), Object.keys($.make(1)),
      getInterfaceOf($.map.get('g')), [...$.map.keys()], why(() => $.map.get('z'))]`)).toEqual([
      'x\udfff', ['f\ud800', 'g'], 'Alleged: tag\ud800 g', ['f\ud800', 'g'],
      String.raw`Error: key (a string) not found in collection "l\ud800"`,
    ]);
    const facets = await bench.run('[...$.map.values()]');
    expect(await other.run(String.raw`const [f, g] = args;
      Promise.all([E(f)['m\ud800'](), E(g)[Symbol.for('\ud800')]()])`, facets as unknown[]),
    ).toEqual(['x\udfff', 2]);
  });
});

/** What cannot be passed, and in which words. */
const REFUSED: readonly (readonly [code: string, reason: RegExp])[] = [
  ['() => 1', UNDECLARED],
  ['({ f: () => 1 })', UNDECLARED],
  ['new Map()', UNDECLARED],
  ['new Date(0)', UNDECLARED],
  ['/x/', UNDECLARED],
  ['new (class A {})()', UNDECLARED],
  ['Object.create(null)', UNDECLARED],
  ['Object(1)', REFUSAL],
  ['Object.create({}, { a: { value: 1, enumerable: true } })', REFUSAL],
  ['({ get a() { return 1; } })', /must not be an accessor property: /],
  ['Object.defineProperty({}, "a", { value: 1 })', /must be an enumerable property: /],
  [`({ [Symbol.for('a')]: 1 })`, /^TypeError: Records can only have string-named properties: /],
  ['Object.assign([1], { x: 1 })', /^TypeError: Arrays must not have non-indexes: /],
  ['[1, , 2]', /^TypeError: 1 property expected: /],
  ['new (class extends Array {})()', REFUSAL],
  ['({ then: () => {} })', /^TypeError: Cannot pass non-promise thenables/],
  ['Object.assign(Promise.resolve(), { extra: 1 })', REFUSAL],
  ['new (class extends Promise {})(() => {})', REFUSAL],
  [`Symbol('own')`, /^TypeError: Only registered symbols or well-known symbols are passable/],
  ['new Uint8Array(1)', REFUSAL],
  ['new ArrayBuffer(1)', REFUSAL],
  ['new Proxy({}, {})', /^TypeError: Cannot pass proxies/],
  [`Object.assign(Error('x'), { code: 1 })`, /^TypeError: Passable Error /],
  [`new (class extends Error {})('x')`, /^TypeError: Passable Error /],
  [`Object.defineProperty(Error('x'), 'cause', { value: 'y' })`, /^TypeError: Error expected: /],
  [`({ [Symbol.for('passStyle')]: 'remotable' })`, REFUSAL],
  ['(() => { let v = 1; for (let i = 0; i < 501; i += 1) v = [v]; return v; })()',
    /^RangeError: passable nested deeper than nestingMax 500$/],
  ['(() => { const v = []; v[0] = v; return v; })()',
    /^RangeError: passable nested deeper than nestingMax 500$/],
];

describe('data: what cannot be passed', () => {
  let bench: Workbench;
  let other: Workbench;
  beforeAll(async () => {
    bench = await benches.hold(`${HOLDERS}
      $.bad = () => harden([${REFUSED.map(([code]) => code).join(', ')}]);
      $.textOf = error => error.name + ': ' + error.message; 0`);
    other = await benches.hold();
  });
  const expectRefused = (texts: unknown): void => {
    const said = (texts as string[]).map((text, i) => [REFUSED[i]?.[0], text]);
    expect(said).toEqual(REFUSED.map(([code, reason]) => [code, expect.stringMatching(reason)]));
  };

  test('canBeDurable, state and stores -> thrown, nothing is kept', async () => {
    expectRefused(await bench.run('$.bad().map(it => why(() => VatData.canBeDurable(it)))'));
    expectRefused(await bench.run('$.bad().map(it => why(() => $.makeVirtual(it)))'));
    expectRefused(await bench.run(`$.it = $.makeDurable(1);
      $.bad().map(it => why(() => $.it.set(it)))`));
    expectRefused(await bench.run(`$.map = $.store('MapStore', true);
      $.bad().map(it => why(() => $.map.init('k', it)))`));
    expect(await bench.run('[$.it.get(), $.map.getSize()]')).toEqual([1, 0]);
  });

  test('arguments of a send -> its result is rejected, no message leaves', async () => {
    await bench.run('$.other = args[0]; 0', [other.root]);
    await other.run('$.calls = 0');
    expectRefused(await bench.run(`Promise.all($.bad().map(it =>
      E($.other).run('$.calls += 1', [it]).then(() => 'sent', $.textOf)))`));
    expect(await other.run('$.calls')).toBe(0);
  });

  test('results and settlements -> rejected with the reason, the vat goes on', async () => {
    await bench.run(`$.giver = Far('giver', { give: i => $.bad()[i],
      promise: i => harden([Promise.resolve($.bad()[i]).then(it => it)]) }); 0`);
    const giver = await bench.run('$.giver');
    // What has a `then` is followed, and an error that is not passable is told all the same.
    const indices = REFUSED.flatMap(([code], i) => (/then|Promise|Error/.test(code) ? [] : [i]));
    const textOf = `error => error.name + ': ' + error.message`;
    const given = await other.run(`Promise.all(args[1].map(i =>
      E(args[0]).give(i).then(() => 'given', ${textOf})))`, [giver, indices]);
    const settled = await other.run(`Promise.all(args[1].map(i =>
      E(args[0]).promise(i).then(([it]) => it).then(() => 'settled', ${textOf})))`,
      [giver, indices]);
    for (const texts of [given, settled] as string[][]) {
      texts.forEach((text, n) => expect(text).toMatch(REFUSED[indices[n]!]![1]));
    }
    expect(await bench.run('1 + 1')).toBe(2);
  });
});

describe('data: what is not frozen', () => {
  testFacts(benches, [
    ['arguments and results of sends, values of stores, state -> hardened on the way',
      `const [a, b, c, d] = [[[1]], [[1]], [[1]], [[1]]];
       const far = Far('far', { id: () => b });
       VatData.makeScalarBigMapStore().init('k', c);
       VatData.defineKind('k', () => ({ d }), {})();
       E(far).id(a).then(() => [a, b, c, d].map(it => Object.isFrozen(it[0])))`,
      [true, true, true, true]],
    ['what canBeDurable is asked about -> must be hardened by the asker',
      `why(() => VatData.canBeDurable([[]]))`,
      expect.stringMatching(/^TypeError: Cannot pass non-frozen objects like .*Use harden\(\)/)],
  ]);
});

benches.testRepetition();
