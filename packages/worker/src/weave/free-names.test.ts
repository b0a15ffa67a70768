import { parse } from 'acorn';
import { expect, test } from 'vitest';
import { referencesTo } from './free-names.js';
import { parseScript, type SyntaxNode } from './syntax.js';

/** Where `x` and `y` are mentioned without being declared around, each as what follows it. */
const mentions = (source: string, tree: SyntaxNode = parseScript(source, [])): string[] =>
  referencesTo(new Set(['x', 'y']), [tree]).map(({ node, role }) => {
    const rest = source.slice(node.start);
    const text = rest.slice(0, /[;,)}\]`]/.exec(rest)?.index).trimEnd();
    return role.is === 'plain' ? text : `${text}: ${role.is}`;
  });

test.each([
  ['a mention, an assignment', 'x; y = 1; a.x; a[y];', ['x', 'y = 1', 'y']],
  ['labels, members', 'x: for (;;) break x; ({ x: 1, y() {} }); class A { x = 1; y() {} }', []],
  ['computed names', '({ [x]: 1 }); class A { [y] = 1; static [x]() {} }', ['x', 'y', 'x']],
  ['shorthands', '({ x }); ({ y = 2 } = o);', ['x: shorthand', 'y = 2: shorthand']],
  ['calls', 'x(); new y(); x`t`; x?.();', ['x(: called', 'y(', 'x: called', 'x?.(: called']],
  ['what an assignment names', 'x = () => 1; x = (class {}); x = class B {};', [
    'x = (: naming',
    'x = (class {: naming',
    'x = class B {',
  ]],
  ['parameters and variables hide', '(x => x); function f({ y }, [x] = y) { var z; x; }', []],
  ['a var hides in its whole function', '() => { x; if (a) for (var x of y); };', ['y']],
  ['a block hides', '{ let x; x; } { class y {} new y(); } { function x() {} } x;', ['x']],
  ['loops', 'for (let x of x); for (const y in y); for (let x = 1; x; );', []],
  ['switch, catch', 'switch (y) { case 1: let x; x; } try {} catch ({ y }) { y; x; }', ['y', 'x']],
  ['names of functions and classes', '(function x() { x; }); (class y { m() { y; } }); x;', ['x']],
  ['a static block', '(class { static { var x; x; y; } });', ['y']],
  ['a var of the whole', 'x; if (a) { for (var x of y); }', ['y']],
  [
    'a var in every statement',
    `() => { x; y; if (a) var x; else { for (;;) { var [y] = []; } } };
     () => { try { var x; } catch { var y; } x; y; };
     () => { do { switch (a) { case 1: var { y } = a; } } while (x); y; l: for (var x in a); };
     () => { while (a) try {} finally { for (var x = 1, [y = x] = a; ; ); } x; y; };
     () => { (() => { var x; }); x; }`,
    ['x'],
  ],
  ['typeof', 'typeof x; typeof x.y; typeof (y);', ['x: asked', 'x.y', 'y: asked']],
  ['after a scope', '{ let x; { let x; } x; } x;', ['x']],
])('names: %s', (_title, source, expected) => {
  expect(mentions(source)).toEqual(expected);
});

test.each([
  ['imports', "import x, { a as y } from 'b'; x; y;", []],
  ['an import of a name', "import { x as a } from 'b'; import * as c from 'd'; x;", ['x']],
  ['exports that declare', 'x; y; export const { a: x } = 1; export function y() { x; }', []],
  ['a default with a name, without', 'export default class x { m() { x; y; } }', ['y']],
  ['a default that is a value', 'export default x;', ['x']],
  ['exports of others', "export { x as y } from 'a'; export * as x from 'b'; x;", ['x']],
  ['a list of exports', 'let a; export { a as x };', []],
  ['import.meta', 'import.meta.x;', []],
  ['a var that is exported', 'x; export var x = 1;', []],
])('names of a module: %s', (_title, source, expected) => {
  const tree = parse(source, { ecmaVersion: 'latest', sourceType: 'module' });
  expect(mentions(source, tree)).toEqual(expected);
});
