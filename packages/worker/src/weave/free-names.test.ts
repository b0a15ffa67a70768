import { expect, test } from 'vitest';
import { referencesTo } from './free-names.js';
import { parseScript } from './syntax.js';

/** Where `x` and `y` are mentioned without being declared around, each as what follows it. */
const mentions = (source: string): string[] =>
  referencesTo(new Set(['x', 'y']), [parseScript(source, [])]).map(({ node, role }) => {
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
])('names: %s', (_title, source, expected) => {
  expect(mentions(source)).toEqual(expected);
});
