/**
 * Recursion and buffers without end (rules.md#h4). Calls that nest too deep end the vat, at the
 * same depth everywhere; what V8 throws for want of stack or memory stops the kernel, and no state
 * changes: vat code never goes on with either.
 */
import { HostError } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { expectOwnIntact, ownScene, Scenes } from '../../support/hostile/scene.js';

/** The workbench's `run` and what calls it are a few calls themselves. */
const FITS = 9_900;
const TOO_DEEP = 10_000;

const TOO_DEEP_TEXT = 'calls of vat code nest at most 10000 deep';

const FUNCTION = 'const f = n => (n > 1 ? f(n - 1) : 1); try { f(DEEP); } catch {}';

type Recursion = readonly [how: string, code: string];
/** Ways to nest `DEEP` calls and to catch what comes of it. */
const ALL_RECURSIONS: readonly Recursion[] = [
  ['a function', `${FUNCTION} 1`],
  [
    'methods',
    `class A { m(n) { return n > 1 ? this.m(n - 1) : 1; } } try { new A().m(DEEP); } catch {}
     1`,
  ],
  [
    'constructors',
    `class A { constructor(n) { if (n > 1) new A(n - 1); } } try { new A(DEEP); } catch {} 1`,
  ],
  [
    'accessors',
    `let n = DEEP; const o = { get x() { n -= 1; return n > 0 ? o.x : 1; } }; try { o.x; }
     catch {} 1`,
  ],
  [
    'a proxy',
    `let n = DEEP; const p = new Proxy({}, { get: () => (--n > 0 ? p.x : 1) }); try { p.x; }
     catch {} 1`,
  ],
  [
    'sort',
    `let n = DEEP; const f = () => { if (--n > 0) [1, 2].sort(f); return 0; }; try { f(); }
     catch {} 1`,
  ],
  [
    'generators',
    `function* g(n) { if (n > 1) for (const x of g(n - 1)) yield x; } try { [...g(DEEP)]; }
     catch {} 1`,
  ],
  [
    'async functions',
    `const f = async n => { if (n > 1) await f(n - 1); }; f(DEEP).catch(() => 0); 1`,
  ],
  [
    'finally',
    `const f = n => { try { return n > 1 ? f(n - 1) : 1; } finally { if (n > 0) return 1; } };
     f(DEEP)`,
  ],
  [
    'default values',
    `const f = (n, x = n > 1 ? f(n - 1) : 1) => x; try { f(DEEP); } catch {} 1`,
  ],
  ['fields', `let n = DEEP; class A { x = --n > 0 && new A(); } try { new A(); } catch {} 1`],
  [
    'delegation',
    `function* g(n) { if (n > 1) return yield* g(n - 1); yield 1; } try { [...g(DEEP)]; } catch {}
     1`,
  ],
  [
    'constructors that nobody has written',
    `let A = class {}; for (let n = 0; n < DEEP; n += 1) A = class extends A { x = 1; };
     try { new A(); } catch {} 1`,
  ],
  [
    'functions that stand in no block',
    `function f(n) { var g; function g() {} return n > 1 ? f(n - 1) : 1; }
     try { f(DEEP); } catch {} 1`,
  ],
  ['evaluated code', `(0, eval)("${FUNCTION} 1")`],
  ['Function', `new Function("${FUNCTION} return 1;")()`],
  [
    'a compartment with transforms of its own',
    `new Compartment({ globals: {}, transforms: [s => s], __options__: true }).evaluate(
       "${FUNCTION} 1",
       { __moduleShimLexicals__: { ['$heir' + 'loom_enter']: () => 0 } })`,
  ],
  [
    'a module that was compiled to take a name of ours',
    `const name = '$heir' + 'loom_enter';
     const source = {
       imports: [], exports: ['x'], __fixedExportMap__: {},
       __liveExportMap__: { x: [name, true] },
       __syncModuleProgram__: \`({ liveVar }) => {
         liveVar['$heir' + 'loom_enter'](() => 0);
         ${FUNCTION}
       }\`,
     };
     new Compartment({ modules: { m: { source } }, __options__: true }).importNow('m') && 1`,
  ],
  [
    'a compartment in a compartment',
    `new Compartment().evaluate(\`new Compartment({}, {}, {}).evaluate(
       "${FUNCTION} 1")\`)`,
  ],
];

/**
 * One of each way in which calls are counted: called, as a constructor, by native code, resumed,
 * left by `finally`, outside of a body, delegated to, of a class that has no constructor, in code
 * that is evaluated, and where other code was told to weave or not to.
 */
const REPRESENTATIVES = [
  ...['a function', 'constructors', 'sort', 'generators', 'finally', 'evaluated code'],
  ...['default values', 'delegation', 'constructors that nobody has written'],
  ...['a compartment with transforms of its own', 'a compartment in a compartment'],
];
const RECURSIONS = ALL_RECURSIONS.filter(([how]) => REPRESENTATIVES.includes(how));
const MORE_RECURSIONS = ALL_RECURSIONS.filter(([how]) => !REPRESENTATIVES.includes(how));

type Endless = readonly [what: string, code: string];
const NEST = `const nest = f => {
  let a = 1; for (let i = 0; i < 300_000; i += 1) a = f(a); return a;
};`;
const DEEP_LISTS = `${NEST} const a = nest(it => [it]);`;
/** Calls without end that no body of a function counts: by natives, by data, beside bodies. */
const ENDLESS: readonly Endless[] = [
  ['arrays as text', `${DEEP_LISTS} try { String(a); } catch {} 1`],
  ['a native given to a promise', `${DEEP_LISTS} Promise.resolve(a).then(String).catch(() => 1)`],
  [
    'a native given to allSettled',
    `${DEEP_LISTS} Promise.allSettled([Promise.resolve(a).then(JSON.stringify)]).then(() => 1)`,
  ],
  ['JSON.stringify', `${DEEP_LISTS} try { JSON.stringify({ a }); } catch {} 1`],
  ['default values', 'const f = (x = f()) => x; try { f(); } catch {} 1'],
  [
    'default values of an asynchronous function',
    `const g = (k, x = k > 0 ? g(k - 1) : 0) => x; const h = async (n, x = g(n)) => x;
     h(1e6).catch(() => 1)`,
  ],
  ['fields', 'class A { x = new A(); } try { new A(); } catch {} 1'],
  ['yield*', 'function* g() { yield* g(); } try { [...g()]; } catch {} 1'],
];
const MORE_ENDLESS: readonly Endless[] = [
  ['flat', `${DEEP_LISTS} try { a.flat(Infinity); } catch {} 1`],
  [
    'JSON.stringify of getters',
    `${NEST} const a = nest(a => ({ get x() { return a; } }));
     try { JSON.stringify(a); } catch {} 1`,
  ],
  [
    'JSON.stringify with a replacer',
    `${DEEP_LISTS} try { JSON.stringify(a, (k, v) => v); } catch {} 1`,
  ],
  [
    'JSON.parse with a reviver',
    `const text = '['.repeat(300_000) + ']'.repeat(300_000);
     try { JSON.parse(text, (k, v) => v); } catch {} 1`,
  ],
  ['static fields', 'const f = () => class { static x = f(); }; try { f(); } catch {} 1'],
  ['keys in patterns', 'const f = ({ [f({})]: x }) => x; try { f({}); } catch {} 1'],
  [
    'yield* that waits',
    `async function* g() { yield* g(); } (async () => { for await (const x of g()); })()
       .catch(() => 1)`,
  ],
  [
    'join that is toString',
    'try { Array.prototype.toString.call({ join: Array.prototype.toString }); } catch {} 1',
  ],
  [
    'toISOString that is toJSON',
    'try { Date.prototype.toJSON.call({ toISOString: Date.prototype.toJSON }); } catch {} 1',
  ],
  ['then that is catch', 'Promise.resolve({ then: Promise.prototype.catch }).catch(() => 1)'],
  ['toString that is trim', 'try { String({ toString: String.prototype.trim }); } catch {} 1'],
  ['exec that is test', 'try { /a/.test.call({ exec: RegExp.prototype.test }); } catch {} 1'],
  ['Reflect.get for a getter', `
    const o = {}; const get = Reflect.get.bind(null, o, 'x');
    Object.defineProperty(o, 'x', { get }); try { o.x; } catch {} 1`],
];

const NO_SUCH_BUFFER = /^RangeError: a buffer has at most 536,870,912 bytes$/;

type Refusal = readonly [what: string, code: string, error: RegExp];
/** What would want more stack than calls do, or more than a native of the host holds. */
const REFUSED: readonly Refusal[] = [
  ['source in brackets', `(0, eval)('['.repeat(60_000))`, /^SyntaxError: the source nests too deep/],
  [
    'a regular expression in groups',
    `RegExp('(?:'.repeat(60_000) + ')*'.repeat(60_000))`,
    /^SyntaxError: Invalid regular expression: the regular expression nests too deep/,
  ],
  ['a text to match', `'a'.match('('.repeat(60_000))`, /^SyntaxError: .* nests too deep/],
  ['a proxy before proxies', 'let p = {}; for (;;) p = new Proxy(p, {});', /^RangeError: a proxy/],
  ['handlers of handlers', 'let p = {}; for (;;) p = new Proxy({}, p);', /^RangeError: a proxy/],
  [
    'proxies as prototypes',
    'let p = {}; for (;;) p = Object.create(new Proxy(p, {}));',
    /^RangeError: a proxy/,
  ],
  [
    'a proxy as its own prototype',
    'const o = {}; o.__proto__ = new Proxy(o, {});',
    /^RangeError: an object that is there/,
  ],
  ['bound functions', 'let f = () => 1; for (;;) f = f.bind();', /^RangeError: functions are bound/],
  ['arguments', 'Math.max(...Array(1e6))', /^RangeError: a call takes at most 65,536 arguments/],
  ['arguments in a list', 'Math.max.apply(0, Array(1e6))', /^RangeError: a call takes at most 65,536/],
  [
    'arguments for Reflect',
    'Reflect.construct(Array, { length: 1e6 })',
    /^RangeError: a call takes at most 65,536/,
  ],
  ['a text to encode', `new TextEncoder().encode('x'.repeat(2 ** 28))`, /^RangeError: at most/],
  ['a buffer', 'new ArrayBuffer(2 ** 50)', NO_SUCH_BUFFER],
  ['a buffer of 64 GiB', 'Reflect.construct(ArrayBuffer, [2 ** 36])', NO_SUCH_BUFFER],
  ['room to grow', 'new ArrayBuffer(1, { maxByteLength: 2 ** 36 })', NO_SUCH_BUFFER],
  ['a typed array', 'new (class extends Uint8Array {})(2 ** 33)', NO_SUCH_BUFFER],
  ['a float array', 'new Float64Array(2 ** 33)', NO_SUCH_BUFFER],
  ['a typed array like another', 'Uint8Array.from({ length: 2 ** 36 })', NO_SUCH_BUFFER],
  ['bytes of a codec', 'new (new TextEncoder().encode().constructor)(2 ** 36)', NO_SUCH_BUFFER],
  ['a buffer in a child', `new Compartment().evaluate('new ArrayBuffer(2 ** 36)')`, NO_SUCH_BUFFER],
];

type Shortage = readonly [what: string, code: string];
/**
 * What vat code may catch at once, whatever it does then. Of stack alone: no machine that runs a
 * vat refuses one buffer that vat code can ask for; buffer-constructors.test.ts has the engine's
 * error.
 */
const HOST_IS_SHORT: readonly Shortage[] = [
  [
    'stack, where nothing counts',
    'try { String({ toString: String.prototype.slice }); } catch {} 1',
  ],
  [
    'stack, for arguments',
    'const f = (...x) => f(...x); try { f(...Array(60_000)); } catch {} 1',
  ],
];
/** The same where native code or another sort of code meets it. */
const HOST_IS_SHORT_ELSEWHERE: readonly Shortage[] = [
  [
    'stack, in patterns',
    `const p = new Proxy({}, { get: (t, k, { x }) => x }); try { p.x; } catch (error) {
       $.error = error; } 1`,
  ],
  [
    'stack, where nothing counts',
    `function* f() { var g; function g() {} yield [...f()]; }
     try { [...f()]; } catch (error) { $.error = error; } 1`,
  ],
];

describe('call depth:', () => {
  const scenes = new Scenes();

  const THOROUGH = { tags: ['thorough'] };

  const fits = async (_how: string, code: string): Promise<void> => {
    const stage = await scenes.begin();
    expect(await stage.run(code.replaceAll('DEEP', String(FITS)))).toBe(1);
    expect(stage.log.filter(({ level }) => level === 'fault')).toEqual([]);
  };
  test.each(RECURSIONS)('%s, as deep as may be -> fine', fits);
  test.each(MORE_RECURSIONS)('%s, as deep as may be -> fine', THOROUGH, fits);

  const deeper = async (_how: string, code: string): Promise<void> => {
    const stage = await scenes.begin();
    const reason = await stage.run(code.replaceAll('DEEP', String(TOO_DEEP))).then(
      () => 'nothing',
      (error: unknown) => String(error),
    );
    expect(reason).toBe('Error: vat terminated');
    const faults = stage.log.filter(({ level }) => level === 'fault');
    expect(faults.map(({ text }) => text)).toEqual([expect.stringContaining(TOO_DEEP_TEXT)]);
    await scenes.expectIntact(stage, 'has ended');
  };
  test.each(RECURSIONS)('%s, deeper, caught -> the vat ends', deeper);
  test.each(MORE_RECURSIONS)('%s, deeper, caught -> the vat ends', THOROUGH, deeper);

  test.each(ENDLESS)('%s without end, caught -> the vat ends', deeper);
  test.each(MORE_ENDLESS)('%s without end, caught -> the vat ends', THOROUGH, deeper);

  test.each([
    ['nothing', '', '0'],
    ['methods', 'm() {} get x() { return 1; } static s = 1;', '0'],
    ['nothing, by Reflect', '', 'Reflect.construct(A, [], class extends A {})'],
  ])('constructors that are not written and add %s -> called by nobody', async (_, body, code) => {
    const { run } = await scenes.begin();
    const nest = `for (let n = 0; n < 20_000; n += 1) A = class extends A { ${body} };`;
    expect(await run(`let A = class {}; ${nest} new A(); ${code}; 1`)).toBe(1);
  });

  test.each(REFUSED)('%s without end -> refused', async (_what, code, error) => {
    const { run } = await scenes.begin();
    expect(await run(`why(() => { ${code} })`)).toMatch(error);
  });

  test('recursion that tries again whenever it fails -> ends all the same', async () => {
    const stage = await scenes.begin();
    const code = 'const f = () => { try { f(); } catch {} try { f(); } catch {} }; f(); 1';
    await expect(stage.run(code)).rejects.toThrow('vat terminated');
    await scenes.expectIntact(stage, 'has ended');
  });

  test.each([
    'Math.max(...Array(1_000_000).keys())',
    'Reflect.ownKeys(Object(...Array(65_537)))',
    'new (class extends Array { x = 1; })(...Array(65_537).fill(1))',
  ])('%s -> an error of ours, and the vat lives', async code => {
    const { run } = await scenes.begin();
    const told = 'RangeError: a call takes at most 65,536 arguments';
    expect(await run(`why(() => ${code})`)).toBe(told);
    expect(await run('Math.max(...Array(65_536).keys())')).toBe(65_535);
  });

  test('names that woven code uses -> a SyntaxError where they are evaluated', async () => {
    const { run } = await scenes.begin();
    const code = `why(() => (0, eval)('const $heirloom_enter = () => 0; 1'))`;
    expect(await run(code)).toMatch(/^SyntaxError: the name \$heirloom_enter is reserved/);
  });

  test('the counter -> out of reach: a function that throws, whatever was refused', async () => {
    const { run } = await scenes.begin();
    const code = `
      const names = Reflect.ownKeys(globalThis).filter(it => String(it).includes('heirloom'));
      const take = globalThis[names[0]];
      const compartment = new Compartment();
      const tries = [
        () => take(),
        () => Reflect.construct(take, []),
        () => compartment.globalThis[names[0]](),
        () => { delete globalThis[names[0]]; },
        () => { globalThis[names[0]] = () => ({}); },
      ];
      const refused = ['with ({}) {}', 'delete x', 'let a; let a;', 'imp' + 'ort("x")', 'f('];
      const after = refused.map(bad => Promise.resolve(bad).then(eval).catch(take).catch(String));
      Promise.all([names.length, ...tries.map(why), ...after, take.toString().length < 500])`;
    const found = (await run(code)) as unknown[];
    expect([found[0], found.at(-1)]).toEqual([1, true]);
    for (const what of found.slice(1, -1)) expect(what).toMatch(/^TypeError: /);
    expect(found.length).toBe(12);
  });

  test('a buffer without end, natively and in time -> a rejection, and the vat lives', async () => {
    const { run } = await scenes.begin();
    const code = `
      Promise.resolve([2 ** 36]).then(Reflect.construct.bind(null, ArrayBuffer)).catch(String)`;
    expect(await run(code)).toMatch(NO_SUCH_BUFFER);
    expect(await run('new Uint8Array(2 ** 29).length')).toBe(2 ** 29);
  });

  test('calls one after another, waits that fail -> depth does not add up', async () => {
    const { run } = await scenes.begin();
    const code = `
      const fails = async () => { await null; throw 1; };
      (async () => {
        for (let i = 0; i < 15_000; i += 1) { try { await fails(); } catch {} }
        return 1;
      })()`;
    expect(await run(code)).toBe(1);
  });
});

describe('this host has no more:', () => {
  const short = async (_what: string, code: string): Promise<void> => {
    const stage = await ownScene({ maxVatsOnline: 1 });
    await expect(stage.run(code)).rejects.toThrow(HostError);
    await expectOwnIntact(stage, ['bank', 'other', 'hostile']);
  };
  const title = '%s, caught -> the host is told, all is as before';
  test.each(HOST_IS_SHORT)(title, short);
  test.each(HOST_IS_SHORT_ELSEWHERE)(title, { tags: ['thorough'] }, short);
});
