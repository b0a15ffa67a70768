import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { requiredAtStart } from './required-at-start.js';

const bundled = async (contents: string): Promise<string> => {
  const options = { bundle: true, write: false, platform: 'node', format: 'iife' } as const;
  const { outputFiles } = await build({ ...options, stdin: { contents } });
  return outputFiles[0]!.text;
};

const FS = /^a vat has no modules of its host: "node:fs" \(\d+:\d+\)$/;

test.each([
  ['an import', "import fs from 'node:fs'; console.log(fs);"],
  ['a require at the top', "const fs = require('node:fs'); exports.f = fs;"],
  ['behind other statements', "let a = 1; function f() {} a += 1; require('node:fs');"],
  ['within an expression', "globalThis.x = [1, { y: require('node:fs').readFileSync }];"],
])('required at the start: %s -> where', async (_what, contents) => {
  const source = await bundled(contents);
  const message = requiredAtStart(source)?.message ?? '';
  expect(message).toMatch(FS);
  const [, line, column] = /\((\d+):(\d+)\)$/.exec(message)!;
  const at = source.split('\n')[Number(line) - 1]!.slice(Number(column));
  expect(at).toMatch(/^__require\("node:fs"\)/);
});

test('required at the start: by a script without functions of esbuild -> where', () => {
  const message = requiredAtStart('1;\n const a = require("node:fs");')?.message;
  expect(message).toMatch(/"node:fs" \(2:11\)$/);
});

test.each([
  ['later', "globalThis.f = () => require('node:fs');"],
  ['in a try', "try { require('node:fs'); } catch {}"],
  ['if', "if (globalThis.process) require('node:fs');"],
  ['behind what may leave', "if (globalThis.a) throw 1; require('node:fs');"],
  ['conditions', "globalThis.a && require('node:fs'); globalThis.b ? require('node:fs') : 1;"],
  ['an async function', "(async () => { require('node:fs'); })();"],
  ['behind a block', "{ if (globalThis.a) throw 1; } require('node:fs');"],
  ['a default', "const { a = require('node:fs') } = { a: 1 }; globalThis.a = a;"],
  ['a class, never made', "globalThis.A = class { x = require('node:fs'); };"],
  ['a require that is made', "globalThis.require = x => x; require('node:fs');"],
])('required at the start: maybe (%s) -> left alone', async (_what, contents) => {
  expect(requiredAtStart(await bundled(contents))).toBe(undefined);
});

test.each([
  ['what the script declares itself', 'const require = x => x; require("node:fs");'],
  ['another function of that name', 'const __require = x => x; __require("node:fs");'],
  ['behind a return', '(() => { return 1; require("node:fs"); })();'],
  ['a text', '"require(\'node:fs\')";'],
  ['what does not parse', 'require("node:fs"); const'],
])('required at the start: %s -> left alone', (_what, source) => {
  expect(requiredAtStart(source)).toBe(undefined);
});
