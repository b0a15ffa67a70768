/**
 * What a vat runs in (section 2.2 of README.md). `outer` is the vat's own global object and
 * `outer.eval` its evaluator; snippets themselves run in a child compartment. Every global by name,
 * and what is reached from them: packages/worker/src/zygote/vat-compartment.test.ts.
 *
 * @module-tag sized
 */
import { describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

const SECURE = /^TypeError: secure mode/;
const NOT_A_CONSTRUCTOR =
  'TypeError: Function.prototype.constructor is not a valid constructor.';

describe('environment: globals', () => {
  testFacts(benches, [
    ['what vats are written against -> there',
      `['VatData', 'harden', 'HandledPromise', 'Compartment', 'assert', 'console', 'TextEncoder',
         'TextDecoder', 'URL', 'WeakMap', 'WeakSet', 'Promise', 'Proxy', 'Reflect', 'BigInt64Array',
         'Symbol', 'JSON', 'Map', 'Set', 'DataView', 'AggregateError']
         .filter(name => outer.eval('typeof ' + name) === 'undefined')`, []],
    ['collectors, clocks, timers, threads, network, files, locales -> not even as undefined',
      `['WeakRef', 'FinalizationRegistry', 'gc', 'performance', 'setTimeout', 'setInterval',
         'setImmediate', 'clearTimeout', 'queueMicrotask', 'SharedArrayBuffer', 'Atomics', 'Worker',
         'MessageChannel', 'BroadcastChannel', 'EventTarget', 'AbortController', 'fetch', 'Request',
         'WebSocket', 'crypto', 'process', 'Buffer', 'require', 'module', 'global', 'navigator',
         'structuredClone', 'WebAssembly', 'Intl', 'Base64', 'self']
         .filter(name => name in outer || outer.eval('typeof ' + name) !== 'undefined')`, []],
    ['VatData -> the one of vatPowers, hardened',
      '[VatData === vatPowers.VatData, outer.VatData === VatData, Object.isFrozen(VatData)]',
      [true, true, true]],
    ['VatData -> its functions, by name',
      `[Object.keys(VatData).sort(), Object.entries(VatData).every(([name, it]) =>
         it.name === name && Object.isFrozen(it))]`,
      [['canBeDurable', 'defineDurableKind', 'defineDurableKindMulti', 'defineKind',
        'defineKindMulti', 'makeDurablePromiseKit', 'makeKindHandle', 'makeScalarBigMapStore',
        'makeScalarBigSetStore', 'makeScalarBigWeakMapStore',
        'makeScalarBigWeakSetStore', 'providePromiseWatcher',
        'watchPromise'], true]],
    ['vatPowers -> exits, powers of upgrades, VatData and weak collections, hardened',
      '[Object.keys(vatPowers).sort(), Object.isFrozen(vatPowers)]',
      [['D', 'VatData', 'WeakMap', 'WeakSet', 'dismissKind', 'exitVat', 'exitVatWithFailure',
        'finishedUpgrade', 'makeKind', 'makeKindMulti', 'nameExport', 'onFork', 'reconnectExport',
        'replaceKind', 'replaceKindMulti'], true]],
    ['the global object -> may be added to; what stands in it is frozen',
      `outer.own = 1; const own = outer.eval('own'); delete outer.own;
       [own, Object.isExtensible(outer),
         ['Array', 'VatData', 'console', 'assert', 'URL', 'HandledPromise', 'Compartment']
           .every(name => Object.isFrozen(outer[name]))]`, [1, true, true]],
    ['intrinsics -> cannot be changed',
      `[() => { Array.prototype.x = 1; }, () => { Object.prototype.toString = 1; },
         () => { ({}).__proto__.x = 1; }, () => { VatData.x = 1; }, () => { console.log = 1; },
         () => { Promise.prototype.then = 1; }, () => Object.setPrototypeOf(Map.prototype, null)]
         .map(why)`, Array(7).fill(expect.stringMatching(/^TypeError: /))],
    ['properties that intrinsics have too -> may be set on objects of its own',
      `class Own extends Error { constructor(text) { super(text); this.name = 'Own'; } }
       const it = {}; it.toString = () => 'mine'; [String(it), String(new Own('text'))]`,
      ['mine', 'Own: text']],
    ['errors of the language -> tell of the code of the vat alone',
      `Promise.all([
         async () => { const { a } = await undefined; return a; },
         async () => { (await undefined)(); },
         async () => [...await 5],
         async () => { for await (const x of 5) return x; },
         () => { try { throw undefined; } catch ({ a }) { return a; } },
         async () => { throw harden(Error('$heir' + 'loom_waited(...) is data')); },
       ].map(why))`,
      [
        "TypeError: Cannot destructure property 'a' of '(intermediate value)' as it is undefined.",
        'TypeError: (intermediate value) is not a function',
        'TypeError: (intermediate value) is not iterable',
        expect.stringMatching(/^TypeError: (5|\(intermediate value\)) is not async iterable$/),
        expect.stringMatching(/^TypeError: Cannot destructure property 'a' of '[^$]*' as it is/),
        'Error: $heirloom_waited(...) is data',
      ]],
  ]);
});

describe('environment: time, chance, place', () => {
  testFacts(benches, [
    ['clock and randomness -> refused, however they are asked for',
      `[() => Date.now(), () => new Date(), () => Date(), () => Reflect.construct(Date, []),
         () => Math.random(), () => new outer.Date(), () => outer.Math.random(),
         () => new Compartment().evaluate('Date.now()'), () => new (class extends Date {})()]
         .map(why)`, Array(9).fill(expect.stringMatching(SECURE))],
    ['dates -> made of numbers and text, in UTC',
      `[new Date(2020, 0, 1).toISOString(), new Date(0).getTimezoneOffset(), String(new Date(0)),
         Date.UTC(1970, 0, 2), Date.parse('1970-01-01T00:00:00Z')]`,
      ['2020-01-01T00:00:00.000Z', 0, 'Thu Jan 01 1970 00:00:00 GMT+0000', 86_400_000, 0]],
    ['methods that ask for a locale -> one answer everywhere',
      `[new Date(0).toLocaleDateString('de') === new Date(0).toDateString(),
         1234567.5.toLocaleString('de'), 12345678n.toLocaleString(), [1234567].toLocaleString('de'),
         'I'.toLocaleLowerCase('tr'), 'i'.toLocaleUpperCase('tr'), 'ä'.localeCompare('z', 'de'),
         'a'.localeCompare('b'), 'a'.localeCompare('a')]`,
      [true, '1234567.5', '12345678', '1234567', 'i', 'I', 1, -1, 0]],
    ['stacks -> empty: no file, no line, no depth',
      `const deep = n => (n === 0 ? Error('deep') : deep(n - 1));
       const asked = {}; Error.captureStackTrace?.(asked);
       [Error('here').stack, deep(9).stack, String(asked.stack ?? ''), Error.stackTraceLimit]`,
      ['', '', '', undefined]],
    ['float arrays -> there, in child compartments too, with one NaN',
      `const { Float32Array, Float64Array } = outer;
       const zero = Number('0'); const f = new Float64Array([zero / zero, -(zero / zero)]);
       f[2] = 1; const g = Float32Array.from([NaN, -Math.sqrt(-1 - zero)]);
       [new BigUint64Array(f.buffer).every(bits => bits === 0x7ff8000000000000n),
         new Uint32Array(g.buffer).every(bits => bits === 0x7fc00000), f.length, String(f),
         new Compartment().globalThis.Float64Array === Float64Array, Object.isFrozen(Float32Array),
         new Compartment({ Float64Array: 1 }).evaluate('Float64Array'),
         ArrayBuffer.isView(g), harden(g) === g && !Object.isExtensible(g),
         why(() => { harden(f).x = 1; })]`,
      [true, true, 2, 'NaN,NaN', true, true, 1, true, true, expect.stringMatching(/^TypeError: /)]],
    ['what the last match was -> not told', `/(a)/.exec('a'); [RegExp.$1, RegExp.lastMatch]`,
      [undefined, undefined]],
  ]);
});

describe('environment: ways out', () => {
  testFacts(benches, [
    ['constructors reached through functions -> refused',
      `[() => (() => {}).constructor('return this')(), () => outer.eval('(async () => {})')
         .constructor('x'), () => (function* () {}).constructor(''),
         () => Object.getPrototypeOf(async function* () {}).constructor('')].map(why)`,
      Array(4).fill(NOT_A_CONSTRUCTOR)],
    ['eval and Function -> evaluate in their compartment',
      `outer.mark = 'outer'; globalThis.mark = 'inner';
       const seen = [(0, eval)('mark'), Function('return mark')(),
         outer.eval('mark'), outer.Function('return mark')()];
       delete outer.mark; delete globalThis.mark; seen`, ['inner', 'inner', 'outer', 'outer']],
    ['code -> strict', `[(function () { return this; })(), why(() => { undeclared = 1; })]`,
      [undefined, expect.stringMatching(/^ReferenceError: /)]],
    ['import expressions -> refused before they run',
      `why(() => outer.eval('imp' + 'ort("node:fs")'))`,
      expect.stringMatching(/^SyntaxError: /)],
    ['HTML comments -> comments, and in texts nothing',
      `[['1 <', '!-- 2'], ['1\\n--', '> 2'], ['"<', '!--"']].map(([a, b]) => outer.eval(a + b))`,
      [1, 1, '<!--']],
    ['lockdown once more -> refused', `why(() => outer.eval('lockdown()'))`,
      expect.stringContaining('SES_ALREADY_LOCKED_DOWN')],
    ['child compartments, at any depth -> WeakMap, WeakSet and passStyleOf are the vat\'s own',
      `const child = new Compartment({ globals: { WeakMap: Map }, __options__: true }).globalThis;
       const grandchild = new child.Compartment().globalThis;
       const key = Symbol.for('@endo passStyleOf');
       [child, grandchild].map(it => ['WeakMap', 'WeakSet', key].every(name =>
         it[name] === outer[name]))`, [true, true]],
    ['child compartments -> neither VatData nor console, assert or URL',
      `const it = new Compartment().globalThis;
       ['VatData', 'console', 'assert', 'URL'].filter(name => name in it)`, []],
  ]);
});

describe('environment: assert, text, URL', () => {
  testFacts(benches, [
    ['assert -> its texts show what is quoted and nothing else',
      `const { assert } = outer; const { Fail, quote: q, details: X } = assert;
       [() => assert(false), () => assert.fail(X\`no \${'secret'}\`), () => assert.equal(1, 2),
         () => assert.typeof(1, 'string'), () => Fail\`seen \${q('open')}, not \${'secret'}\`]
         .map(why)`,
      ['Error: Check failed', 'Error: no (a string)',
        'RangeError: Expected (a number) is same as (a number)',
        expect.stringMatching(/must be a string/), 'Error: seen "open", not (a string)']],
    ['TextEncoder and TextDecoder -> UTF-8', `
       const bytes = new outer.TextEncoder().encode('é\\u{1f600}');
       [[...bytes], new outer.TextDecoder().decode(bytes)]`,
      [[195, 169, 240, 159, 152, 128], 'é\u{1f600}']],
    ['URL -> parses',
      `const { host, pathname } = new outer.URL('http://a.b:1/c'); [host, pathname]`,
      ['a.b:1', '/c']],
  ]);
});

describe('environment: turns', () => {
  testFacts(benches, [
    ['a delivery -> ends when no turn is left',
      'let n = 0; const next = () => (n += 1) < 20_000 ? Promise.resolve().then(next) : n; next()',
      20_000],
    ['a send in the vat -> in a turn of its own, in order',
      `const seen = []; const far = Far('far', { note: n => void seen.push(n) });
       const first = E(far).note(1); E.sendOnly(far).note(2); const last = E(far).note(3);
       seen.push(0); Promise.all([first, last]).then(() => [...seen])`, [0, 1, 2, 3]],
  ]);

  test('an error thrown or rejected in a handler -> rejects the result, no more', async () => {
    const bench = await benches.make();
    await expect(bench.run(`throw TypeError('thrown')`)).rejects.toThrow(TypeError('thrown'));
    await expect(bench.run(`Promise.reject(RangeError('later'))`)).rejects.toThrow('later');
    expect(await bench.run('1 + 1')).toBe(2);
  });

  test('a promise that nobody settles -> the delivery ends, its result waits', async () => {
    const bench = await benches.make();
    const result = bench.run('new Promise(resolve => { $.resolve = resolve; })');
    await bench.run('$.resolve(7)');
    expect(await result).toBe(7);
  });
});

describe('environment: console', () => {
  test('console -> lines of the vat in order, each method gives undefined', async () => {
    const bench = await benches.make();
    const from = benches.log.length;
    expect(await bench.run(`[console.log('a', 1n, { b: [Symbol.for('c')] }), console.warn('d'),
      console.count(), console.time('x'), console.timeEnd('x'), console.error(Error('e'))]`,
    )).toEqual(Array(6).fill(undefined));
    expect(benches.log.slice(from).map(({ level, text }) => [level, text.split('\n')[0]])).toEqual([
      ['log', 'a 1n { b: [Symbol(c)] }'], ['warn', 'd'], ['error', 'Error: e'],
    ]);
  });
});

describe('environment: two vats', () => {
  test('vats of one bundle -> share neither globals, module state nor objects', async () => {
    const [one, other] = [await benches.make(), await benches.make()];
    await one.run(`outer.shared = 1; $.shared = 1; baggage.init('shared', 1);
      $.map = new WeakMap([[baggage, 1]]); 0`);
    expect(await other.run(`[typeof outer.shared, $.shared, baggage.has('shared'), $.map]`))
      .toEqual(['undefined', undefined, false, undefined]);
  });

  test('data between vats -> copies; registered symbols -> the same by name', async () => {
    const [one, other] = [await benches.make(), await benches.make()];
    const sent = await one.run(`$.sent = harden({ list: [1], key: Symbol.for('key') })`);
    expect(await other.run(`[args[0].key === Symbol.for('key'), Object.isFrozen(args[0].list)]`,
      [sent])).toEqual([true, true]);
    expect(await one.run(`[$.sent === args[0], keyEQ($.sent, args[0])]`, [sent])).toEqual(
      [false, true],
    );
  });

  test('kinds, labels and tags of one name in two vats -> nothing in common', async () => {
    const define = `$.make = VatData.defineKind('k', n => ({ n }),
      { get: ({ state }) => state.n })`;
    const [one, other] = [await benches.make(define), await benches.make(define)];
    const thing = await one.run('$.thing = $.make(1)');
    expect(await other.run(`[passStyleOf(args[0]), typeof args[0].get,
      why(() => Reflect.apply($.make(2).get, args[0], []))]`, [thing])).toEqual(['remotable',
      'undefined', expect.stringContaining('may only be applied to a valid instance')]);
    expect(await other.run('E(args[0]).get()', [thing])).toBe(1);
  });
});

benches.testRepetition();
