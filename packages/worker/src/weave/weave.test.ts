/**
 * Woven scripts do what they did, and count. Evaluated as a compartment evaluates: strict, with the
 * global object as `this`.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { unmarked } from './marks.js';
import { TAKE_NAME, WOVEN_NAMES, weave } from './weave.js';

let depth = 0;
let deepest = 0;
let seen: unknown[] = [];
let stamped: unknown[] = [];

const enter = (): number => {
  depth += 1;
  deepest = Math.max(deepest, depth);
  return depth - 1;
};
const calls = {
  [WOVEN_NAMES.enter]: enter,
  [WOVEN_NAMES.leave]: (before: number) => {
    depth = before;
  },
  [WOVEN_NAMES.leaveWaited]: (before: number) => {
    if (depth === before + 1) depth = before;
  },
  [WOVEN_NAMES.wait]: <T>(value: T, before: number): T => {
    depth = before;
    return value;
  },
  [WOVEN_NAMES.waited]: <T>(value: T): T => value,
  [WOVEN_NAMES.resume]: (before: number) => (depth === before + 1 ? before : enter()),
  [WOVEN_NAMES.caught]: <T>(error: T): T => {
    seen.push(error);
    return error;
  },
  [WOVEN_NAMES.stamped]: (value: unknown) => void stamped.push(value),
};

const globals = { [TAKE_NAME]: () => calls };

const evaluateAs = (source: string): unknown =>
  (new Function('"use strict"; return eval(arguments[0]);') as (source: string) => unknown).call(
    globals,
    source,
  );
const evaluate = (source: string): unknown => evaluateAs(weave(source));

beforeEach(() => {
  depth = 0;
  deepest = 0;
  seen = [];
  stamped = [];
});

/** What a script gives, woven and not; `undefined` of the value when it is no promise. */
const SCRIPTS: readonly (readonly [what: string, source: string])[] = [
  ['function', 'function f(a, b = a) { return [a, b, arguments.length]; } f(1)'],
  ['directives', `(function () { 'use strict'; 'x'; return this === undefined; })()`],
  ['directive alone', `(function () { 'use strict' })()`],
  ['empty', '(() => {})()'],
  ['arrow with an object', '(a => ({ a, b: [a] }))(1)'],
  ['arrow with comments', '((a /* => */, b, // =>\n) /* => */ => a + b)(1, 2)'],
  ['arrow in brackets, a comment behind', '(x => (x + 1 // one\n))(1)'],
  ['arrows in arrows', '(a => b => c => a + b + c)(1)(2)(3)'],
  ['arrow with a default arrow', '((f = () => 2) => f())()'],
  ['arrow without parameters', '(() => 7)()'],
  ['arrow, this, arguments', '(function () { return (() => arguments[0])(); })(5)'],
  ['sequence', '(a => (a, a + 1))(1)'],
  ['methods', '({ m() { return super.toString === Object.prototype.toString; } }).m()'],
  [
    'accessors',
    `const o = { get x() { return 1; }, set x(v) { this.y = v; } }; o.x = 4; [o.x, o.y]`,
  ],
  [
    'classes',
    `class A {
       constructor(x) { this.x = x; } static s = (() => 3)(); #p = 1; p() { return this.#p; }
     }
     class B extends A {
       constructor() { super(2); this.z = new.target === B; } get g() { return 9; }
     }
     const b = new B(); [b.x, b.z, b.g, b.p(), A.s]`,
  ],
  ['static block', 'class A { static { try { throw 1; } catch { A.x = 2; } } } A.x'],
  [
    'names of functions',
    `const f = () => 1; const o = { g: function () {} }; [f.name, o.g.name, f.length]`,
  ],
  ['catch', 'const f = () => { try { throw 3; } catch (e) { return e; } }; f()'],
  ['catch without a parameter', 'const f = () => { try { throw 3; } catch { return 4; } }; f()'],
  [
    'catch with a pattern',
    `const f = () => {
       try { throw { a: 1, b: [2] }; }
       catch ({ a, b: [c = () => 3] }) { a += 1; const b = 0; return [a, b, c]; }
     };
     f()`,
  ],
  [
    'finally alone',
    `let n = 0; const f = () => { try { return n; } finally { n = 9; } }; [f(), n]`,
  ],
  ['finally that returns', 'const f = () => { try { throw 1; } finally { return 2; } }; f()'],
  [
    'labels',
    `const f = () => { a: for (const x of [1, 2]) { for (;;) { continue a; } } return 1; };
     f()`,
  ],
  ['hoisting', 'const f = () => { return g(); function g() { return 2; } }; f()'],
  [
    'a function declared twice',
    `(function () { function a() { return 1; } function a() { return 2; } return a(); })()`,
  ],
  [
    'a function and a var',
    `(function () { var a; { var [b, { c }] = [1, { c: 2 }]; } function c() {} function a() {}
     return [typeof a, c]; })()`,
  ],
  [
    'generators',
    `function* g(n) { const r = yield n; try { yield r; } finally { yield 8; } }
     const i = g(1); [i.next(), i.next(5), i.return(6), i.next()]`,
  ],
  [
    'yield without a value, delegation',
    `function* g() { yield; yield* [1, 2]; const x = yield yield 3; return x; } const i = g();
     [i.next(), i.next(), i.next(), i.next(), i.next(4), i.next(5)]`,
  ],
  [
    'await',
    `(async () => { const a = await 1; const b = await (2, 3); return [a, b, await [await a]];
     })()`,
  ],
  [
    'await that rejects',
    `(async () => { try { await Promise.reject(1); } catch (e) { return e; } finally {
     await 2; } })()`,
  ],
  [
    'await rejected, uncaught',
    `(async () => { await (async () => { throw 4; })(); })().catch(e => e)`,
  ],
  ['async arrow', '(async x => await x + 1)(Promise.resolve(2))'],
  [
    'for await',
    `(async () => { const out = []; for await (const x of [Promise.resolve(1), 2]) {
     if (x === 3) continue; out.push(x); } return out; })()`,
  ],
  [
    'for await, one statement, a sequence',
    `(async () => { let n = 0; for await (const x of (0, [1, 2])) n += x; return n; })()`,
  ],
  [
    'for await that breaks',
    `(async () => { a: for await (const x of [1, 2]) { for (;;) { if (x === 2) break a;
     continue a; } } return 5; })()`,
  ],
  [
    'async generator',
    `async function* g() { yield Promise.resolve(1); yield* [2]; return Promise.resolve(3) }
     (async () => { const i = g(); return [await i.next(), await i.next(), await i.next()];
     })()`,
  ],
  ['async generator, return;', 'async function* g() { if (await 1) return; yield 2; } g().next()'],
  [
    'default values that call',
    `const id = x => x; const o = { base: 5,
       m(a = id(this.base), { b = id(a) + 1, [id('k')]: c = arguments.length } = id({ k: 9 })) {
         return [a, b, c, new.target]; } };
     const f = (x = id(function () {}).name, y = () => 1, z = class {}, ...[w = id(4)]) =>
       [x, y.name, z.name, w];
     [o.m(), o.m(1, {}), f(), o.m.length, f.length]`,
  ],
  [
    'default values of super and methods',
    `class A { get g() { return 3; } } class B extends A { m(x = super.g + this.g) { return x; } }
     new B().m()`,
  ],
  ['default values in brackets', '((x = (0, 5), [y = (1 + 1)] = [, 3]) => [x, y])()'],
  [
    'fields that call',
    `const id = x => x; let n = 0; class A { a = id(this); b = (n += 1) + 1; c; d = () => this;
       static s = id(this.name); [id('k') + n] = this.b; #p = id(7); p() { return this.#p; }
       e = function () {}; 'quoted' = id(1); 2 = id(2); }
     const a = new A();
     [a.a === a, a.b, a.c, a.d() === a, A.s, a.k0, a.p(), a.e.name, a.quoted, a[2]]`,
  ],
  [
    'fields without semicolons',
    `class A { a = [1].map(x => x)
 b = 1 + 1
 c }; Object.keys(new A())`,
  ],
  [
    'static blocks that call',
    `const id = x => x; class A { static { } static /* { */ { const x = id(2); this.x = x; }
       static { var y = 1; A.y = y; function f() { return 3; } A.f = f(); } } [A.x, A.y, A.f]`,
  ],
  [
    'constructors that are not written',
    `class A { constructor(...all) { this.all = all; this.t = new.target.name; } }
     class B extends A {} class C extends B { x = 1 } const c = new C(1, 2);
     [c.all, c.t, c.x, B.length, Object.getOwnPropertyNames(B.prototype)]`,
  ],
  ['a class that extends null', 'class A extends null {} try { new A(); } catch (e) { e.name }'],
  [
    'delegation',
    `const log = []; const inner = {
       [Symbol.iterator]() { log.push('iterator'); return this; },
       next(v) { log.push(['next', v, arguments.length]);
         return { value: log.length, done: log.length > 5, x: 1 }; },
       return(v) { log.push(['return', v]); return { value: v, done: true }; } };
     function* g() { try { const x = yield* inner; yield x; } finally { log.push('end'); } }
     const i = g(); [i.next(1), i.next(2), i.return(9), (() => { const j = g(); j.next();
       try { j.throw(Error('t')); } catch (e) { return String(e); } })(), log]`,
  ],
  [
    'delegation to generators',
    `function* a() { try { const x = yield 1; return x + 1; } catch (e) { yield e; return 'c'; }
       finally { yield 'f'; } }
     function* b() { return ['r', yield* a()]; }
     const i = b(), j = b(), k = b();
     [i.next(), i.next(4), i.next(), j.next(), j.throw('t'), j.next(), j.next(), k.next(),
       k.return(8), k.next(), [...(function* () { yield* 'ab'; yield* new Set([1]) })()]]`,
  ],
  [
    'delegation to what does not iterate',
    'try { [...(function* () { yield* 5 })()] } catch (e) { e.name }',
  ],
  [
    'delegation that waits',
    `async function* a() {
       try { yield 1; yield Promise.resolve(2); } finally { yield 3; } return 4; }
     async function* b() { const x = yield* a(); const y = yield* [Promise.resolve(5), 6];
       return [x, y, yield* (function* () { yield 7; return 8; })()]; }
     (async () => { const out = []; const i = b();
       for (;;) { const r = await i.next(); out.push(r);
       if (r.done) break; } const k = b(); await k.next(); out.push(await k.throw(0).catch(e => e));
       return out; })()`,
  ],
  [
    'arguments that are spread',
    `const f = (...all) => all; const o = { f(...all) { return [this === o, all]; } };
     [f(...[1, 2]), f(...'ab', 0, ...new Set([3])), o.f(...[4]), o?.f?.(...[5]),
      new Array(...[6, 7]),
      f(...[, 1]), f(...(0, [8])), f(...[f(...[9])])]`,
  ],
  ['what cannot be spread', 'try { Math.max(...5) } catch (e) { e.name }'],
  ['template', '((x) => `${x} ${(() => x + 1)()}`)(1)'],
  ['getters in patterns', '(({ a = (() => 1)(), ...rest }) => [a, rest])({ b: 2 })'],
  ['directive of the script', `'use strict'; 5`],
  ['nothing to weave', '1 + 1'],
];

const outcomeOf = async (run: () => unknown): Promise<unknown> => {
  try {
    return await run();
  } catch (error) {
    return error;
  }
};

describe('weave:', () => {
  test.each(SCRIPTS)('%s -> does what it did, and counts out again', async (_what, source) => {
    const plain = await outcomeOf(() => evaluateAs(source));
    expect(plain).not.toBeInstanceOf(SyntaxError);
    expect(await outcomeOf(() => evaluate(source))).toEqual(plain);
    expect(depth).toBe(0);
  });

  test('text is added, no line -> line numbers stay', () => {
    const source = '// a\nconst f = () => {\n  try {\n    return 1;\n  } catch {}\n};\nf()';
    const woven = weave(source);
    expect(woven.split('\n').length).toBe(source.split('\n').length);
    expect(weave(source)).toBe(woven);
  });

  test.each(SCRIPTS)('%s, without what was added -> its source', (_what, source) => {
    expect(unmarked(weave(source))).toBe(source);
  });

  test.each([
    ['in white space', 'let\va\v=\v1;\va', 'let a = 1; a'],
    ['in comments', '1 /*\v*/ //\v', '1 /* */ // '],
    ['in texts', "['\v', '\\\v', '\\\\\v'].join()", "['\\v', '\\v', '\\\\\\v'].join()"],
    ['in templates', '`\v${1}\\\v`', '`\\v${1}\\v`'],
    ['in regular expressions', '/a[\v]\v/.test("a\\v\\v")', '/a[\\v]\\v/.test("a\\v\\v")'],
    ['in the text of a tag', 'String.raw`\v`', 'String.raw`\v`'],
  ])('a mark of ours %s -> written in another way, means the same', (_where, source, shown) => {
    expect(weave(source)).toBe(shown);
    expect(evaluateAs(shown)).toBe(evaluateAs(source));
  });

  test('calls -> each counts', () => {
    evaluate('const f = n => (n === 0 ? 0 : f(n - 1)); f(6)');
    expect(deepest).toBe(7);
    evaluate('class A { m(n) { return n && this.m(n - 1); } } new A().m(9)');
    expect(deepest).toBe(10);
    evaluate('function* g(n) { if (n) for (const x of g(n - 1)) yield x; yield n; } [...g(11)]');
    expect(deepest).toBe(12);
  });

  test.each([
    ['default values', 'const f = (n, x = n > 0 ? f(n - 1) : 0) => x; f(30)'],
    ['defaults in patterns', 'const f = ({ n, x = n ? f({ n: n - 1 }) : 0 }) => x; f({ n: 30 })'],
    ['keys in patterns', 'const f = (n, { [n > 0 ? f(n - 1, {}) : 0]: x }) => 0; f(30, {})'],
    ['fields', 'let n = 30; class A { x = n-- > 0 ? new A() : 0 } new A(); 0'],
    ['static fields', 'let n = 30; const f = () => class { static x = n-- > 0 ? f() : 0 }; f(); 0'],
    ['private fields', 'let n = 30; class A { #x = n-- > 0 ? new A() : 0 } new A(); 0'],
    [
      'static blocks',
      'let n = 30; const f = (x = class { static { if (n-- > 0) f(); } }) => 0; f()',
    ],
    [
      'constructors that are not written',
      'let A = class {}; for (let n = 30; n > 0; n -= 1) A = class extends A {}; new A(); 0',
    ],
    ['yield*', 'function* f(n) { if (n > 0) yield* f(n - 1); } [...f(30)]'],
    ['yield* of values', 'function* f(n) { yield n; if (n) yield* f(n - 1); } [...f(30)].length'],
  ])('%s that call -> count', (_, source) => {
    evaluate(source);
    expect(depth).toBe(0);
    expect(deepest).toBeGreaterThanOrEqual(30);
  });

  test('yield* in an asynchronous generator -> counts', async () => {
    await (evaluate(`(async () => {
      async function* f(n) { yield n; if (n > 0) yield* f(n - 1); }
      const all = []; for await (const x of f(30)) all.push(x); return all.length;
    })()`) as Promise<unknown>);
    expect(depth).toBe(0);
    expect(deepest).toBeGreaterThanOrEqual(30);
  });

  test.each([
    ['arguments', 'const list = Array(65_537).fill(1); Math.max(...list)'],
    ['of several', 'const list = Array(40_000).fill(1); Math.max(...list, ...list)'],
    ['of a set', 'Math.max(...new Set(Array(65_537).keys()))'],
    ['of new', 'new Array(...Array(65_537).fill(1))'],
    ['of super', 'new (class extends Array { constructor(x) { super(...x); } })(Array(65_537))'],
    ['of an optional call', '[].push?.(...Array(65_537))'],
  ])('more than 65,536 %s that are spread -> RangeError of ours', (_, source) => {
    expect(() => evaluate(source)).toThrow(
      RangeError('a call has at most 65536 arguments from a list'),
    );
  });

  test('a function that waits -> counts while it runs, not while it waits', async () => {
    const script = `
      const leaf = () => 1;
      const f = async n => { await null; leaf(); if (n > 0) await f(n - 1); return leaf(); };
      f(5000)`;
    await (evaluate(script) as Promise<unknown>);
    expect(deepest).toBeLessThan(5);
    expect(depth).toBe(0);
  });

  test('rejections and broken loops, 1,000 times -> the count does not drift', async () => {
    const script = `
      const fails = async () => { await null; throw 1; };
      const each = async () => { for await (const x of [1, 2, 3]) { if (x === 2) break; } };
      const outer = async () => {
        for (let i = 0; i < 1000; i += 1) {
          try { await fails(); } catch { await each(); }
          await fails().catch(() => 0);
        }
      };
      outer()`;
    await (evaluate(script) as Promise<unknown>);
    expect(depth).toBe(0);
    expect(deepest).toBeLessThan(6);
  });

  test('what is thrown -> is shown before it is caught, whoever catches', async () => {
    const caughtBy = async (source: string): Promise<unknown[]> => {
      seen = [];
      await outcomeOf(() => evaluate(source));
      return [...new Set(seen)];
    };
    expect(await caughtBy('try { throw 1; } catch (e) {}')).toEqual([1]);
    expect(await caughtBy('try { throw 2; } catch {}')).toEqual([2]);
    expect(await caughtBy('try { throw { a: 3 }; } catch ({ a }) {}')).toEqual([{ a: 3 }]);
    expect(await caughtBy('(() => { try { throw 4; } finally { return; } })()')).toEqual([4]);
    expect(await caughtBy('(async () => { throw 5; })().catch(() => 0)')).toEqual([5]);
    const reaction = 'Promise.resolve(1).then(() => { throw 6; }).catch(() => 0)';
    expect(await caughtBy(reaction)).toEqual([6]);
    expect(await caughtBy('try { [1].map(() => { throw 7; }); } catch (e) {}')).toEqual([7]);
  });

  test.each([
    'const $heirloom_enter = () => 0;',
    '(a => { const { $heirloom_leave } = a; })({})',
    'this.$heirloom_take()',
    'function $heirloom_caught() {}',
    'class A { #$heirloom_stamp; }',
    'const \\u0024heirloom_depth = 1;',
    'o.$heirloom_depth',
    'try { f(); } catch ($heirloom_error) {}',
  ])('a reserved name: %s -> SyntaxError', source => {
    expect(() => weave(source)).toThrow(SyntaxError);
  });

  test.each([
    ['import()', 'f();\n  import("x")', '2:2'],
    ['import() that is spread', '(() => [...import("x")])', '1:11'],
    ['a text of a tagged template', 'String.raw`<!--`', '1:11'],
    ['a reserved name', 'a;\nb($heirloom_enter)', '2:2'],
  ])('what cannot run: %s -> SyntaxError with line and column', (_, source, place) => {
    expect(() => weave(source)).toThrow(SyntaxError);
    expect(() => weave(source)).toThrow(`(${place})`);
  });

  test('megabytes of white space, in front and in a function -> no matter', () => {
    const space = ' '.repeat(5_000_000);
    expect(evaluate(`${space}(() => {${space}return 4;})()`)).toBe(4);
  });

  test('what does not parse -> SyntaxError', () => {
    expect(() => weave('const = 1')).toThrow(SyntaxError);
  });
});

/** A class that extends one whose constructor gives `it`, made once. */
const stampedBy = (members: string): unknown[] => {
  const it = {};
  const make = evaluate(`it => {
    class Given { constructor() { return it; } }
    new (class extends Given { ${members} })();
  }`);
  (make as (it: object) => void)(it);
  return stamped.map(each => each === it);
};

describe('weave: private members', () => {
  const adding = [
    '#x;',
    '#x = 1;',
    '#x() {}',
    'get #x() { return 1; }',
    'set #x(y) {}',
    'static y = 1; #x = () => 1',
    'constructor() { super(); } #x = this;',
  ];
  test.each(adding)('%s is added to what a constructor gives -> it is shown', members => {
    expect(stampedBy(members)).toEqual([true]);
  });

  test('the first one throws, others are there -> it is shown', () => {
    expect(() => stampedBy('#y() {} #x = (() => { throw RangeError(); })();')).toThrow(RangeError);
    expect(stamped.length).toBe(1);
  });

  test.each(['', 'x = 1; y() {}', 'static #x = 1;', 'static #x() {}'])(
    '%s adds none -> nothing is shown', members => {
      expect(stampedBy(members)).toEqual([]);
    },
  );

  test('of a class that extends none -> nothing is shown', () => {
    evaluate('new (class { #x = 1; #y() {} })(); 0');
    expect(stamped).toEqual([]);
  });

  test('its text -> as it was written', () => {
    const text = 'class Box extends Object { #x = () => 1; get x() { return this.#x(); } }';
    expect(unmarked(String(evaluate(`(${text})`)))).toBe(text);
  });
});

/** What SES looks for, where it means nothing. */
const INNOCENT: readonly (readonly [what: string, source: string])[] = [
  ['a comment', '1; /* import("x") <!-- --> */ 2 // import( <!--'],
  ['a type in a comment', "/** @type {import('./a.js').B} */ 7"],
  ['a comment and a bracket', '[1].map(x => x) // import\n(0, 5)'],
  ['html comments of scripts', '1 <!-- x\n  --> y\n+ 2'],
  ['texts', "['import(x)', \"<!-- a -->\", '\\<!--', '\\\\import (']"],
  ['templates', '(x => `import(${x}) <!-- ${`-->`}`)(1)'],
  ['a tagged template beside', 'String.raw`${"<!--"}\\n`'],
  ['regular expressions', '[/<!--/.test("<!--"), /[<!--x]/u.exec("-").index]'],
  ['the source of one', 'new RegExp(/(-->)/.source).exec("a-->").index'],
  ['import in a regular expression', '/^import(a|b)$/.test("importa")'],
  ['a lookbehind', '/(?<!--x)y/.exec("--xy zy").index'],
  ['operators', 'let n = 3, out = []; while (n-->0) out.push(n); out'],
  ['methods', '({ import(x) { return x; } }).import(3)'],
  ['accessors', '({ get import() { return 4; } }).import'],
  ['a static method', 'class A { static async import (x) { return x; } } A.import(5)'],
  [
    'a private method',
    'class A { #import(x) { return x; } f() { return this.#import (6); } } new A().f()',
  ],
  ['an optional call', '({ import: x => x })?.import?.(7)'],
];

describe('weave: what SES refuses by its patterns', () => {
  test.each(INNOCENT)('%s -> the same, on the same lines, nothing to refuse', async (_, source) => {
    const woven = weave(source);
    expect(woven.split('\n').length).toBe(source.split('\n').length);
    expect(/<!--|-->/.exec(woven)).toBe(null);
    expect(/(^|[^.]|\.\.\.)\bimport(\s*(?:\(|\/[/*]))/.exec(woven)).toBe(null);
    expect(await outcomeOf(() => evaluateAs(woven))).toEqual(
      await outcomeOf(() => evaluateAs(source)),
    );
  });
});
