/**
 * Modules as authors and libraries write them, and what they must come to, whatever the format of
 * the bundle: what ECMAScript, Node, `tsc` and bundlers for browsers say. The entry of a case is
 * `case.js` or `case.ts`, whose `go` gives `value`.
 */
import { packageFiles, type Files } from '../support/bundles/written-files.js';

export interface ModuleCase {
  readonly name: string;
  readonly files: Files;
  readonly value: unknown;
}

const compilerOptions = (options: object) => ({
  'tsconfig.json': JSON.stringify({ compilerOptions: options }),
});

const ES_MODULES: readonly ModuleCase[] = [
  {
    name: 'a var that is exported, also under two names',
    files: {
      'case.js': `import { one, two, alsoTwo } from './lib.js';
        export const go = () => [one, two, alsoTwo];`,
      'lib.js': 'export var one = 1; var two = 2; export { two, two as alsoTwo };',
    },
    value: [1, 2, 2],
  },
  {
    name: 'let that is assigned later',
    files: {
      'case.js': `import { count, bump, later, set } from './lib.js';
        export const go = () => { bump(); set('x'); return [count > 0, later]; };`,
      'lib.js': `export let count = 0; export const bump = () => { count += 1; };
        export let later; export function set(value) { later = value; }`,
    },
    value: [true, 'x'],
  },
  {
    name: 'a module that reads what it exports and assigns',
    files: {
      'case.js': `import { isAllowed, limit, setLimit } from './limit.js';
        export const go = () => {
          const before = [isAllowed(5n), isAllowed(500n)];
          setLimit(1000n);
          const after = [isAllowed(500n), limit];
          setLimit(100n);
          return [...before, ...after];
        };`,
      'limit.js': `export let limit = 100n; export const setLimit = value => { limit = value; };
        export const isAllowed = n => n <= limit;`,
    },
    value: [true, false, true, 1000n],
  },
  {
    name: 'one local by name and as default, also as `x as default`',
    files: {
      'case.js': `import any, { format } from './lib.js'; import other from './other.js';
        export const go = () => [any(1), format(2), other];`,
      'lib.js': 'const format = n => `<${n}>`; export { format, format as default };',
      'other.js': "const x = 'x'; export { x as default };",
    },
    value: ['<1>', '<2>', 'x'],
  },
  {
    name: 'default exports: a function before it stands, a class, an expression',
    files: {
      'case.js': `import { early } from './fn.js'; import fn from './fn.js';
        import Class from './class.js'; import value from './value.js';
        export const go = () => [early, fn(), new Class().x, value];`,
      'fn.js': `export const early = hoisted(); export default function hoisted() { return 'fn'; }`,
      'class.js': 'export default class { x = 3 }',
      'value.js': 'let n = 1; export default n; n = 2;',
    },
    value: ['fn', 'fn', 3, 1],
  },
  {
    name: 'namespaces, one local by several names, a name that two stars give',
    files: {
      'case.js': `import * as ns from './lib.js'; import g0, { f, g, inner } from './lib.js';
        export const go = () =>
          [f(), g(), g0(), inner.a, ns.a, ns.b, 'same' in ns, Object.keys(ns).sort()];`,
      'lib.js': `export * as inner from './a.js'; export * from './a.js'; export * from './b.js';
        function f() { return 'f'; } export { f, f as g }; export { f as default };`,
      'a.js': "export const a = 1; export const same = 'a'; export default 'of a';",
      'b.js': "export const b = 2; export const same = 'b';",
    },
    value: ['f', 'f', 'f', 1, 1, 2, false, ['a', 'b', 'default', 'f', 'g', 'inner']],
  },
  {
    name: 'a cycle, with functions that are there before their module has run',
    files: {
      'case.js': `import { even } from './even.js'; import { seen, early } from './odd.js';
        export const go = () => [even(10), seen(), early];`,
      'even.js': `import { odd } from './odd.js';
        export function even(n) { return n === 0 || odd(n - 1); } export var marker = 'even';`,
      'odd.js': `import { even, marker } from './even.js';
        export const early = [typeof marker, even(0)];
        export const odd = n => n !== 0 && even(n - 1); export const seen = () => marker;`,
    },
    value: [true, 'even', ['undefined', true]],
  },
  {
    name: 'JSON, whole and by name, with and without an attribute',
    files: {
      'case.js': `import plain, { answer } from './data.json';
        import typed from './data.json' with { type: 'json' };
        export const go = () => [Object.keys(plain), answer, typed.answer];`,
      'data.json': '{ "answer": 42, "__proto__": { "x": 1 } }',
    },
    value: [['answer', '__proto__'], 42, 42],
  },
  {
    name: 'files without their ending, directories by their index, as bundlers take them',
    files: {
      'case.js': `import { a } from './a'; import { index } from './dir';
        export const go = () => [a, index];`,
      'a.js': "export const a = 'a';",
      'dir/index.js': "export const index = 'index';",
    },
    value: ['a', 'index'],
  },
];

const COMMON_JS: readonly ModuleCase[] = [
  {
    name: 'CommonJS by its default and by names',
    files: {
      'case.js': `import lib, { twice } from './lib.cjs'; import * as ns from './lib.cjs';
        export const go = () => [lib.twice(21), twice(1), ns.twice(2), ns.default === lib];`,
      'lib.cjs': 'exports.twice = n => n * 2;',
    },
    value: [42, 2, 4, true],
  },
  {
    name: 'CommonJS that is circular',
    files: {
      'case.js': `import a, { done } from './a.cjs';
        export const go = () => [a.told, done, a.b.seen()];`,
      'a.cjs': `exports.done = false; const b = require('./b.cjs'); exports.b = b;
        exports.told = [b.early, b.done, this === exports]; exports.done = true;`,
      'b.cjs': `const a = require('./a.cjs'); exports.early = a.done; exports.done = true;
        exports.seen = () => a.done;`,
    },
    value: [[false, true, true], true, true],
  },
  {
    name: 'CommonJS that requires ES modules, with and without a default',
    files: {
      'case.js': `import lib from './lib.cjs'; export const go = () => lib;`,
      'lib.cjs': `const named = require('./named.mjs'); const other = require('./other.mjs');
        module.exports = [named.a, typeof named.default, other.default, other.b];`,
      'named.mjs': 'export let a = 1; a = 2;',
      'other.mjs': "export default 'the default'; export const b = 3;",
    },
    value: [2, 'undefined', 'the default', 3],
  },
  {
    name: 'CommonJS that tries a module of Node and goes on without',
    files: {
      'case.js': `import lib from './lib.cjs'; export const go = () => lib;`,
      'lib.cjs': `let found = 'none'; try { found = typeof require('buffer').Buffer; } catch {}
        module.exports = [found, typeof require, typeof module];`,
    },
    value: ['none', 'function', 'object'],
  },
  {
    name: 'a star over CommonJS gives names, no default; what was compiled keeps its default',
    files: {
      'case.js': `import * as all from './all.js'; import compiled from 'compiled';
        export const go = () => [Object.keys(all).sort(), all.named, { ...compiled }];`,
      'all.js': "export * from './c.cjs'; export const own = 1;",
      'c.cjs': "exports.named = 1; exports['late' + ''] = 2;",
      ...packageFiles('compiled', { main: 'index.js' }, {
        'index.js': `Object.defineProperty(exports, '__esModule', { value: true });
          exports.default = 'its default';`,
      }),
    },
    value: [['late', 'named', 'own'], 1, { default: 'its default' }],
  },
  {
    name: 'a package with an ES module beside: required, its main',
    files: {
      'case.js': `import dual from 'dual'; import user from 'user';
        export const go = () => [dual(), user];`,
      ...packageFiles('dual', { main: 'main.js', module: 'module.js' }, {
        'main.js': "module.exports = () => 'dual';",
        'module.js': "export default () => 'dual';",
      }),
      ...packageFiles('user', { main: 'main.js' }, {
        'main.js': "module.exports = require('dual')();",
      }),
    },
    value: ['dual', 'dual'],
  },
];

const TYPESCRIPT: readonly ModuleCase[] = [
  {
    name: 'enums, parameter properties, ./lib.js that is lib.ts, types without `type`',
    files: {
      'case.ts': `import { Colour, Point, Size, Shape, Merged, early } from './lib.js';
        const shape: Shape = { colour: Colour.Green };
        export const go = () => [Colour[shape.colour], Size.Small, new Point(3).x, early,
          Merged.A, Merged.B, Merged.name()];`,
      'lib.ts': `export const early = typeof Later;
        export enum Colour { Red, Green } export const enum Size { Small = 1 }
        export type Shape = { colour: Colour };
        export class Point { constructor(readonly x: number) {} }
        export enum Merged { A = 'a' } export enum Merged { B = 'b' }
        export namespace Merged { export const name = () => Merged.A + Merged.B; }
        enum Later { One }`,
    },
    value: ['Green', 1, 3, 'undefined', 'a', 'b', 'ab'],
  },
  {
    name: 'namespaces, in one file and merged with a function',
    files: {
      'case.ts': `namespace Shapes { export const side = 2;
          export namespace Deep { export let area = () => side * side; } }
        function counted(): number { return counted.start; }
        namespace counted { export const start = 7; }
        import area = Shapes.Deep.area;
        export const go = () => [area(), counted()];`,
    },
    value: [4, 7],
  },
  {
    name: 'import type, export type, satisfies, overloads, abstract, definite, optional calls',
    files: {
      'case.ts': `import type { T } from './types.js'; import { type U, value } from './types.js';
        export type { T } from './types.js'; export type * as Types from './types.js';
        const t = { x: 1 } satisfies T; declare const nowhere: string;
        function over(a: string): string; function over(a: number): number;
        function over(a: any): any { return a; }
        abstract class Base { abstract f(): number; protected y!: U; declare z: number; }
        class Derived extends Base { override f() { return over(t.x!); } }
        export const go = () => [new Derived().f(), value?.length, Object.keys(new Derived())];`,
      'types.ts': `export type T = { x: number }; export type U = string;
        export const value = 'v';`,
    },
    value: [1, 1, ['y']],
  },
  {
    name: 'fields as assignments where tsconfig.json says so',
    files: {
      ...compilerOptions({ useDefineForClassFields: false }),
      'case.ts': `class Base { set x(value: number) { this.seen.push(value); }
          readonly seen: number[] = []; }
        class Derived extends Base { x = 5; y!: number; }
        export const go = () => { const d = new Derived(); return [d.seen, Object.keys(d)]; };`,
    },
    value: [[5], ['seen']],
  },
  {
    name: 'paths of tsconfig.json, also of one that it extends',
    files: {
      'tsconfig.json': JSON.stringify({ extends: './base.json' }),
      'base.json': JSON.stringify({ compilerOptions: { paths: { '@own/*': ['./src/*'] } } }),
      'case.ts': "import { here } from '@own/here.js'; export const go = () => here;",
      'src/here.ts': "export const here: string = 'here';",
    },
    value: 'here',
  },
  {
    name: '.mts and .cts, import x = require(), export =',
    files: {
      'case.ts': `import { m } from './m.mjs'; import c = require('./c.cjs');
        export const go = () => [m, c.c];`,
      'm.mts': "export const m: string = 'mts';",
      'c.cts': "const c: { c: string } = { c: 'cts' }; export = c;",
    },
    value: ['mts', 'cts'],
  },
  {
    name: 'accessor, using, private methods, static blocks: newer than the oldest Node',
    files: {
      'case.ts': `class C { accessor x = 1; static #n = 2; static n: number;
          static { this.n = this.#n; } #own() { return this.x; } f() { return this.#own(); } }
        const use = (log: string[]) => {
          using thing = { [Symbol.dispose]() { log.push('disposed'); } };
          log.push(typeof thing); };
        export const go = () => { const log: string[] = []; use(log);
          return [new C().f(), C.n, log]; };`,
    },
    value: [1, 2, ['object', 'disposed']],
  },
];

const PACKAGES: readonly ModuleCase[] = [
  {
    name: 'exports by condition: import, require, browser, module, default; subpaths, patterns',
    files: {
      'case.js': `import way from 'ways'; import cjs from './use.cjs'; import sub from 'ways/sub';
        import deep from 'ways/deep/x'; import { inner } from 'ways/inner';
        export const go = () => [way, cjs, sub, deep, inner];`,
      'use.cjs': "module.exports = require('ways/plain');",
      ...packageFiles(
        'ways',
        {
          exports: {
            '.': { node: './node.js', browser: './browser.mjs', default: './node.js' },
            './plain': { import: './no.mjs', require: './require.cjs' },
            './sub': { types: './no.d.ts', module: './module.mjs', import: './no.mjs' },
            './deep/*': { 'react-native': './no.mjs', default: './deep/*.mjs' },
            './inner': './inner.mjs',
          },
          imports: { '#internal': { node: './node.js', default: './internal.mjs' } },
        },
        {
          'browser.mjs': "export default 'browser';",
          'require.cjs': "module.exports = 'require';",
          'module.mjs': "export default 'module';",
          'deep/x.mjs': "export default 'deep';",
          'inner.mjs': "export { inner } from '#internal';",
          'internal.mjs': "export const inner = 'internal';",
        },
      ),
    },
    value: ['browser', 'require', 'module', 'deep', 'internal'],
  },
  {
    name: 'the browser field: a file in place of another, none in place of a module of Node',
    files: {
      'case.js': "import lib from 'field'; export const go = () => lib;",
      ...packageFiles(
        'field',
        {
          main: 'main.js',
          browser: { './node.js': './browser.js', 'fs': false, './gone.js': false },
        },
        {
          'main.js': `const fs = require('fs'); const gone = require('./gone.js');
            module.exports = [require('./node.js'), Object.keys(fs), Object.keys(gone)];`,
          'node.js': "module.exports = 'node';",
          'browser.js': "module.exports = 'browser';",
          'gone.js': "throw Error('not to be run');",
        },
      ),
    },
    value: ['browser', [], []],
  },
  {
    name: 'names that bundlers define: global, self, NODE_ENV; import.meta of libraries',
    files: {
      'case.js': `import { mode, meta } from 'asks'; const shadow = self => self;
        export const go = () => [global === globalThis, self === globalThis, mode, meta,
          process.env.NODE_ENV, typeof process, shadow(1)];`,
      ...packageFiles('asks', { type: 'module', main: 'index.js' }, {
        'index.js': `export const mode = process.env.NODE_ENV === 'production' ? 'p' : 'd';
          export const meta = typeof import.meta.env;`,
      }),
    },
    value: [true, true, 'p', 'undefined', 'production', 'undefined', 1],
  },
  {
    name: 'what is free of side effects and used by nobody is left out, so are pure calls',
    files: {
      'case.js': `import { used } from 'free'; import 'free/marked.js'; import './kept.js';
        const none = /* @__PURE__ */ globalThis.nowhere();
        export const go = () => [used, globalThis.keptRan === undefined];`,
      'kept.js': 'export const kept = [].length; if (kept) throw Error("never");',
      ...packageFiles('free', { type: 'module', main: 'index.js', sideEffects: false }, {
        'index.js': "export { used } from './used.js'; export { unused } from './unused.js';",
        'used.js': "export const used = 'used';",
        'unused.js': "throw Error('is not to be run'); export const unused = 1;",
        'marked.js': "throw Error('is not to be run');",
      }),
    },
    value: ['used', true],
  },
  {
    name: 'texts and comments that SES takes for import(), HTML comments and eval',
    files: {
      'case.js': `/** @type {import('./nowhere.js').T} */ const t = 'import(x) <!-- -->';
        const re = /<!--|-->/g; let n = 3; const steps = []; while (n-->0) steps.push(n);
        const o = { import(x) { return x; }, eval: x => x };
        // eval('x'); import('y'); <!--
        export const go = () => [t.match(re), steps, o.import(1), o.eval(2), eval('3'), t];`,
    },
    value: [['<!--', '-->'], [2, 1, 0], 1, 2, 3, 'import(x) <!-- -->'],
  },
  {
    name: 'a library that imports its own parts by import()',
    files: {
      'case.js': "import { load } from 'lazy'; export const go = () => load();",
      ...packageFiles('lazy', { type: 'module', main: 'index.js' }, {
        'index.js': "export const load = async () => (await import('./part.js')).part;",
        'part.js': "export const part = 'part';",
      }),
    },
    value: 'part',
  },
];

export const MODULE_CASES = [...ES_MODULES, ...COMMON_JS, ...TYPESCRIPT, ...PACKAGES];
