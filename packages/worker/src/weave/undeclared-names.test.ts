import { expect, test } from 'vitest';
import { undeclaredIn } from './undeclared-names.js';

const namesIn = (source: string): string[] | undefined =>
  undeclaredIn(source)?.map(({ name, line, column }) => `${name}:${line + 1}:${column + 1}`);

test.each([
  ['what a vat has', 'harden(new URL(VatData + assert + console + undefined + NaN));', []],
  ['what its global object inherits', 'hasOwnProperty.call(a); toString();', ['a:1:21']],
  ['what it has not', 'fetch(f);\n process.exit();', ['fetch:1:1', 'f:1:7', 'process:2:2']],
  ['a name again', 'const a = () => cosnt1;\ncosnt1;', ['cosnt1:1:17']],
  ['behind typeof', "if (typeof process === 'object') process.exit(); a;", ['a:1:50']],
  ['before typeof', 'const f = () => fetch(); typeof fetch;', []],
  ['a part of it behind typeof', 'typeof process.env;', ['process:1:8']],
  ['assignments, shorthands', 'a = 1; ({ b }); ({ c = 2 } = {});', ['a:1:1', 'b:1:11', 'c:1:20']],
  ['arguments', 'function f() { return arguments; }', []],
  ['require of a text', "require('a'); require(`b`); require ( 'c' );", []],
  ['require of anything else', "require('a'); require(b + 'c');", ['require:1:15', 'b:1:23']],
  ['members of the global object', 'globalThis.process; globalThis.setTimeout();', []],
  ['in a class', 'class A { #x = y; static { z; } m() { this.#x; } }', ['y:1:16', 'z:1:28']],
  ['in a template', '`${a}`;', ['a:1:4']],
  ['lines and columns behind other characters', "'𝒳€';\r\n'ä'; a;", ['a:2:6']],
])('undeclared: %s', (_what, source, expected) => {
  expect(namesIn(source)).toEqual(expected);
});

test('undeclared: what does not parse, what nests deep -> not looked at', () => {
  expect(undeclaredIn('const = ;')).toBe(undefined);
  const deep = `x${' + x - x'.repeat(100_000)}`;
  expect(undeclaredIn(deep)).toBe(undefined);
});
