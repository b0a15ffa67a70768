import { expect, test } from 'vitest';
import { stateNamesOf } from './state-names.js';
import { weave } from './weave.js';

test.each([
  ['a record', '() => ({ a: 1, "b c": 2, d })', ['a', 'b c', 'd']],
  ['arguments and defaults', '(a = 1, { b } = {}) => ({ a, b: [b] })', ['a', 'b']],
  ['none', '() => ({})', []],
  ['a hardened one', 'n => harden({ n })', ['n']],
  ['a function with a body', 'function init(n) { const m = n; return { m }; }', ['m']],
  ['a method', 'init(n) { return Object.freeze({ n }); }', ['n']],
  ['a return of another function', '() => { const f = () => { return 1; }; return { f }; }', ['f']],
])('state names: %s -> told', (_what, source, names) => {
  expect(stateNamesOf(source)).toEqual(names);
});

test.each([
  ['a spread', 'rest => ({ a: 1, ...rest })'],
  ['a computed name', 'k => ({ [k]: 1 })'],
  ['another function', 'n => initState(n)'],
  ['two returns', 'n => { if (n) return { a: 1 }; return { b: 1 }; }'],
  ['nothing returned', '() => {}'],
  ['async', 'async () => ({ a: 1 })'],
  ['native', 'function init() { [native code] }'],
  ['no text', ''],
])('state names: %s -> nobody knows', (_what, source) => {
  expect(stateNamesOf(source)).toBe(undefined);
});

test("state names: of a woven text -> as of the author's", () => {
  const woven = weave('((n = f()) => { const m = n; return { m, n: { k: m } }; })');
  expect(stateNamesOf(woven)).toEqual(['m', 'n']);
});
