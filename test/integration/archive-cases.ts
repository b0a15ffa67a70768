/**
 * Modules of archives, and what they must come to: a vat's entry is `vat.js`, whose `go` gives
 * `value`. They are what ECMAScript and Node say, as far as SES lets modules say it.
 */

export interface ArchiveCase {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly value: unknown;
}

/** The entry: `body` comes to the value when the vat is asked. */
const vat = (imports: string, body: string): string =>
  `${imports}\nexport const buildRootObject = () => Far('root', { go: () => harden(${body}) });`;
const FAR = "import { Far } from './far.js';\n";
const entry = (imports: string, body: string) => ({ 'vat.js': vat(FAR + imports, body) });

const ASSIGNED = `
export let count = 0;
export let last;
export let fn = () => 'first';
export const run = () => {
  count++;
  count += 1;
  const seen = { count }
  count
  fn('no semicolons');
  ({ count } = { count: seen.count * 10 });
  ({ none: count = 21 } = {});
  for (last of [1, 2, 3]);
  [last] = [last + count];
  const shadowed = (count => count + 1)(1);
  { let last = 'inner'; last += '!'; }
  const tag = fn\`x\`;
  fn = function () { return this === undefined; };
  const names = [fn.name, fn()];
  fn = class { static count = 7; };
  return [seen.count, shadowed, tag, names, fn.name, fn.count, typeof count];
};
`;

export const ARCHIVE_CASES: readonly ArchiveCase[] = [
  {
    name: 'a var is exported, also under two names',
    files: {
      ...entry(
        "import { one, two, alsoTwo, early } from './lib.js';",
        '[one, two, alsoTwo, early]',
      ),
      'lib.js': `export const early = [typeof one, typeof two];
        export var one = 1; var two = 2; two += 1; export { two, two as alsoTwo };`,
    },
    value: [1, 3, 3, ['undefined', 'undefined']],
  },
  {
    name: 'let that is assigned later',
    files: {
      ...entry(
        "import { count, bump, later, set } from './lib.js';",
        "(bump(), set('x'), [count, later])",
      ),
      'lib.js': `export let count = 0; export const bump = () => { count += 1; };
        export let later; export function set(value) { later = value; }`,
    },
    value: [1, 'x'],
  },
  {
    name: 'a module reads what it exports and assigns',
    files: {
      ...entry(
        "import { isAllowed, limit, setLimit } from './limit.js';",
        '[isAllowed(5n), isAllowed(500n), setLimit(1000n), isAllowed(500n), limit]',
      ),
      'limit.js': `export let limit = 100n; export const setLimit = value => { limit = value; };
        export const isAllowed = n => n <= limit;`,
    },
    value: [true, false, undefined, true, 1000n],
  },
  {
    name: 'every way to assign and to mention it',
    files: {
      ...entry("import * as lib from './lib.js';", '[lib.run(), lib.count, lib.last]'),
      'lib.js': ASSIGNED,
    },
    value: [[2, 2, 'first', ['fn', true], 'fn', 7, 'number'], 21, 24],
  },
  {
    name: 'read before its declaration',
    files: {
      ...entry("import { told, later } from './lib.js';", '[told, later]'),
      'lib.js': `import * as self from './lib.js';
        const tryIt = get => { try { return get(); } catch (error) { return error.name; } };
        const before = [tryIt(() => later), tryIt(() => self.later), tryIt(() => (later = 1))];
        export let later = 2; later += 1;
        export const told = [...before, tryIt(() => later), tryIt(() => self.later)];`,
    },
    value: [['ReferenceError', 'ReferenceError', 'ReferenceError', 3, 3], 3],
  },
  {
    name: 'one local by name and as default',
    files: {
      ...entry("import any, { format } from './lib.js';", '[typeof any, typeof format, any(1)]'),
      'lib.js': 'const format = n => `<${n}>`; export { format, format as default };',
    },
    value: ['function', 'function', '<1>'],
  },
  {
    name: 'namespaces, one local by several names, a name that two stars give',
    files: {
      ...entry(
        "import * as ns from './lib.js'; import g0, { f, g, inner } from './lib.js';",
        "[f(), g(), g0(), inner.a, ns.a, ns.b, 'same' in ns, Object.keys(ns)]",
      ),
      'lib.js': `export * as inner from './a.js'; export * from './a.js'; export * from './b.js';
        function f() { return 'f'; } export { f, f as g }; export { f as default };`,
      'a.js': "export const a = 1; export const same = 'a';",
      'b.js': "export const b = 2; export const same = 'b';",
    },
    value: ['f', 'f', 'f', 1, 1, 2, false, ['a', 'b', 'default', 'f', 'g', 'inner']],
  },
  {
    name: 'two stars that give one binding, by whatever way',
    files: {
      ...entry("import { x, bump } from './both.js';", '(bump(), x)'),
      'both.js': "export * from './one.js'; export * from './two.js';",
      'one.js': "export * from './lib.js';",
      'two.js': "import { x, bump } from './lib.js'; export { x, bump };",
      'lib.js': 'export let x = 1; export const bump = () => { x += 1; };',
    },
    value: 2,
  },
  {
    name: 'no star gives a default, of CommonJS neither',
    files: {
      ...entry(
        "import * as ns from './all.js'; import * as cjs from './c.cjs';",
        '[Object.keys(ns), Object.keys(cjs), ns.late, cjs.default.named]',
      ),
      'all.js': "export * from './a.js'; export * from './c.cjs';",
      'a.js': 'export default 1; export const a = 2;',
      'c.cjs': 'exports.named = 1; exports.late = 2; exports.late = 3;',
    },
    value: [['a', 'late', 'named'], ['default', 'late', 'named'], 3, 1],
  },
  {
    name: 'a cycle',
    files: {
      ...entry(
        "import { even } from './even.js'; import { seen, early } from './odd.js';",
        '[even(10), seen(), early]',
      ),
      'even.js': `import { odd } from './odd.js';
        export const even = n => n === 0 || odd(n - 1); export var marker = 'even';`,
      'odd.js': `import { even, marker } from './even.js'; export const early = typeof marker;
        export const odd = n => n !== 0 && even(n - 1); export const seen = () => marker;`,
    },
    value: [true, 'even', 'undefined'],
  },
  {
    name: 'functions of a cycle are there before its modules run',
    files: {
      ...entry(
        "import { told, f, h, ask } from './a.js';",
        '[told, f(), f.name, h.name, ask()]',
      ),
      'a.js': `import { told, again } from './b.js';
        export const ask = () => again();
        f = Object.assign(() => 'second', {});
        export function f() { return 'first'; } export function h() { return f.name; }
        export { told };`,
      'b.js': `import { f, h } from './a.js'; import * as a from './a.js';
        export const told = [f(), f.name, h(), h.name, a.f === f];
        export const again = () => [f(), a.f()];`,
    },
    value: [['first', 'f', 'f', 'h', true], 'second', '', 'h', ['second', 'second']],
  },
  {
    name: 'a class that is assigned after its declaration',
    files: {
      ...entry("import { C, first } from './lib.js';", '[C.x, first.x, first.self === first]'),
      'lib.js': `export class C { static x = 1; static self = C; } export const first = C;
        C = class { static x = 2; };`,
    },
    value: [2, 1, true],
  },
  {
    name: 'modules run once, in the order in which they are imported',
    files: {
      ...entry(
        "import './a.js'; import { log } from './log.js'; import './c.cjs'; import './a.js';",
        'log',
      ),
      'log.js': 'export const log = []; log.push(`log`);',
      'a.js': "import { log } from './log.js'; import './b.js'; log.push('a');",
      'b.js': "import { log } from './log.js'; log.push('b');",
      'c.cjs': "const { log } = require('./log.js'); log.push('c'); require('./d.cjs')(log);",
      'd.cjs': "module.exports = log => log.push('d');",
    },
    value: ['log', 'b', 'a', 'c', 'd'],
  },
  {
    name: 'CommonJS that is circular',
    files: {
      ...entry("import a, { done } from './a.cjs';", '[a.told, done, a.b.seen(), this]'),
      'a.cjs': `exports.done = false; const b = require('./b.cjs'); exports.b = b;
        exports.told = [b.early, b.done, this === exports]; exports.done = true;`,
      'b.cjs': `const a = require('./a.cjs'); exports.early = a.done; exports.done = true;
        exports.seen = () => a.done;`,
    },
    value: [[false, true, true], true, true, undefined],
  },
  {
    name: 'CommonJS that requires ES modules, with and without a default',
    files: {
      ...entry("import lib from './lib.cjs';", 'lib'),
      'lib.cjs': `const named = require('./named.js'); const other = require('./other.js');
        module.exports = [named.a, other, require('./data.json').answer];`,
      'named.js': 'export let a = 1; a = 2;',
      'other.js': "export default 'the default'; export const b = 3;",
      'data.json': '{ "answer": 42, "__proto__": { "x": 1 } }',
    },
    value: [2, 'the default', 42],
  },
  {
    name: 'CommonJS that tries what is not there, names that its text does not show',
    files: {
      ...entry("import lib, { hidden } from './lib.cjs';", '[lib.tried, hidden, lib.times]'),
      'lib.cjs': `const tried = [];
        for (let i = 0; i < 2; i += 1) {
          try { require('not-there'); } catch (error) { tried.push(error.name); }
          try { require('./throws.cjs'); } catch (error) { tried.push(error.message); }
        }
        const all = { tried, times: globalThis.parseInt('7') }; all['hid' + 'den'] = 1;
        module.exports = all;`,
      'throws.cjs': "throw Error('it throws');",
    },
    value: [['Error', 'it throws', 'Error', 'it throws'], 1, 7],
  },
  {
    name: 'JSON is a value of its own',
    files: {
      ...entry("import data from './data.json';", 'Object.keys(data).concat(data.answer)'),
      'data.json': '{ "answer": 42, "__proto__": { "x": 1 } }',
    },
    value: ['answer', '__proto__', 42],
  },
];

/** A module that exports `Far`, for vats without any package. */
export const FAR_MODULE = `
const remotable = Object.create(Object.prototype, {
  [Symbol.for('passStyle')]: { value: 'remotable' },
  [Symbol.toStringTag]: { value: 'Alleged: root' },
});
export const Far = (_name, methods) => harden(Object.setPrototypeOf(methods, remotable));
`;

/** The files of a package. */
export const packageOf = (files: ArchiveCase['files']): Readonly<Record<string, string>> => ({
  'package.json': JSON.stringify({ name: 'archived', version: '1.0.0', type: 'module' }),
  'far.js': FAR_MODULE,
  ...files,
});
