/**
 * Functors as `@endo/module-source` makes them, now and before. How they run shows
 * test/integration/archives.test.ts.
 */
import { expect, test } from 'vitest';
import { moduleFunctor } from './module-functor.js';

const wrapped = (body: string): string =>
  `({imports:I,liveVar:L,onceVar:O,importMeta:M})=>(function(){'use strict';${body}})()`;

test('functors: a counter -> its variable is a property, what is imported comes first', () => {
  const body = 'let a;I([["./a.js",[["a",[v=>(a=v)]]]]]);let $c_n=0;L.n($c_n);n+=a;';
  const { source, imported } = moduleFunctor(wrapped(body), new Set(['n']));
  expect(source).toContain(';$begin();let $c_n=0;L.n($c_n);$live.n+=a;');
  expect(imported).toEqual([{ specifier: './a.js', name: 'a', passedOn: [] }]);
});

test('functors: of an older release, a block -> the same', () => {
  const old = "({imports:I,liveVar:L,onceVar:O})=>{'use strict';I([]);O.f(f);function f(){n=1;}}";
  const { source } = moduleFunctor(old, new Set(['n']));
  expect(source).toContain('I([]);O.f(f);;$begin();function f(){$live.n=1;}');
});

test('functors: an assigned function, a var -> initialised before anything runs', () => {
  const body = 'I([]);g();function $c_f(){}L.f($c_f);f=1;var $c_v=2;L.v($c_v);';
  const { source } = moduleFunctor(wrapped(body), new Set(['f', 'v']));
  const hoisted = "Object.defineProperty($c_f,'name',{value:\"f\"});L.f($c_f);L.v();";
  expect(source).toContain(
    `I([]);;${hoisted}$begin();g();function $c_f(){};$live.f=1;var $c_v=2;L.v($c_v);`,
  );
});

test('functors: lines that end without a semicolon -> still two statements', () => {
  const body = 'I([]);let a\nn()\na\nn=()=>1\nn`t`';
  const { source } = moduleFunctor(wrapped(body), new Set(['n']));
  const lines = 'let a\n$value($live.n)()\na\n$live.n=({n:()=>1}).n\n$value($live.n)`t`';
  expect(source).toContain(lines);
});

test('functors: what is imported and exported again -> told with its local name', () => {
  const body = 'let a;I([["./a.js",[["b",[v=>(a=v),L["a"]]],["*",[L["ns"]]]]],["./c.js",[]]]);';
  const { imported } = moduleFunctor(wrapped(body), new Set());
  expect(imported).toEqual([
    { specifier: './a.js', name: 'b', passedOn: ['a'] },
    { specifier: './a.js', name: '*', passedOn: ['ns'] },
  ]);
});

test('functors: names of ours that it mentions -> others are taken', () => {
  const { source } = moduleFunctor(wrapped('I([]);$live;$begin;n=1;'), new Set(['n']));
  expect(source).toMatch(/^\(\$live\$,\$begin\$,\$value\)=>/);
  expect(source).toContain('$begin$();$live;$begin;$live$.n=1;');
});

test.each(['1', '()=>1', '({imports:I})=>{}', '({imports:I})=>{I([[1,[]]]);}', '(a)=>{a([])}'])(
  'functors: %s -> refused',
  source => {
    expect(() => moduleFunctor(source, new Set())).toThrow(/compiled in a way/);
  },
);
