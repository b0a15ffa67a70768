/**
 * Names that an author's own files use and nobody declares: `bundleVat` and `heirloom bundle` warn
 * of them, with file, line and column; the bundle is what it would be.
 */
import path from 'node:path';
import { bundleVat, openVatBundler } from '@heirloom/kernel';
import { expect, onTestFinished, test, vi } from 'vitest';
import { packageFiles, writeFiles, type Files } from '../support/bundles/written-files.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';
import { errorOf } from '../support/suite/rejections.js';
import { FAR_MODULE } from './archive-cases.js';

/** Writes a vat; resolves to its entry, which is the first file. */
const written = async (files: Files): Promise<string> => {
  const directory = await freshDirectory();
  await writeFiles(directory, files);
  return path.join(directory, Object.keys(files)[0]!);
};

/** What `bundleVat` warns of, with files as seen from the directory of the entry. */
const warningsOf = async (entry: string): Promise<string[]> => {
  const warnings: string[] = [];
  await bundleVat(entry, { warn: warning => warnings.push(warning) });
  const directory = `${path.dirname(entry)}/`;
  for (const warning of warnings) expect(warning.startsWith(directory)).toBe(true);
  return warnings.map(warning => warning.slice(directory.length)).sort();
};

const none = (name: string, instead: string): string =>
  `a vat has no ${name}; instead: ${instead}`;
const TIMERS = 'the timer vat or the clock: docs/host-objects.md#timer';
const HOST_OBJECTS = 'host objects: docs/host-objects.md';
const nobody = (name: string): string =>
  `${name} is declared nowhere, so in a vat it is undefined; instead: declare or import it, or ` +
  `ask for it by \`typeof ${name}\``;
const REQUIRE =
  'in a vat require throws, but for a name that stands in its call; instead: `import`';

/** What, its files (the entry first), the warnings. */
const CASES: readonly [what: string, files: Files, ...warnings: string[]][] = [
  [
    'what other hosts have',
    {
      'vat.js': `export const buildRootObject = () => {
  setTimeout(() => {}, 1);
  return [process.argv, fetch('https://example.com'), __dirname, Buffer.from('a')];
};`,
    },
    `vat.js:2:3: ${none('setTimeout', TIMERS)}`,
    `vat.js:3:11: ${none('process', 'vat parameters')}`,
    `vat.js:3:25: ${none('fetch', HOST_OBJECTS)}`,
    `vat.js:3:55: ${none('__dirname', 'vat parameters')}`,
    `vat.js:3:66: ${none('Buffer', 'Uint8Array, or the package: `npm install buffer`')}`,
  ],
  [
    'a name that is misspelt, twice; in TypeScript, behind what takes more than a byte',
    {
      'src/vat.ts': `import { b, type B } from './b.js';
interface Own { readonly b: B }
const const1: Own = { b };
export const f = (x: Own = const1) => '€𝒳' + cosnt1 + x + cosnt1;`,
      'src/b.ts': 'export type B = number;\nexport const b: B = const1 as B;',
    },
    `b.ts:2:21: ${nobody('const1')}`,
    `vat.ts:4:47: ${nobody('cosnt1')}`,
  ],
  [
    'a name that is declared where it is not used',
    { 'vat.js': 'export const f = total => total;\nexport const g = () => total;' },
    `vat.js:2:24: ${nobody('total')}`,
  ],
  [
    'an assignment',
    { 'vat.js': 'export const f = () => { x = 1; };' },
    `vat.js:1:26: ${nobody('x')}`,
  ],
  [
    'require that no bundler sees to; `module` in an ES module',
    {
      'vat.js': `import './b.cjs';
export const f = name => [require('./b.cjs'), require(name)];
export const g = () => module.id;`,
      'b.cjs': 'module.exports = exports; exports.f = () => require;',
    },
    `b.cjs:1:45: ${REQUIRE}`,
    `vat.js:2:47: ${REQUIRE}`,
    `vat.js:3:24: ${none('module', '`export`, in an ES module')}`,
  ],
  [
    'a line for the shell; a file with a byte order mark',
    {
      'vat.js': "#!/usr/bin/env node\nimport { b } from './b.js'; export const f = () => fetch(b);",
      'b.js': '\ufeffexport const b = () => fetch();',
    },
    `b.js:1:24: ${none('fetch', HOST_OBJECTS)}`,
    `vat.js:2:52: ${none('fetch', HOST_OBJECTS)}`,
  ],
  [
    'names that are tested, anywhere in their file',
    {
      'vat.js': `import { b } from './b.js';
export const f = () => process.exit();
export const g = () => typeof process === 'undefined' ? b : typeof setTimeout;`,
      'b.js': 'export const b = () => process;',
    },
    `b.js:1:24: ${none('process', 'vat parameters')}`,
  ],
  [
    'nothing of libraries',
    {
      'vat.js': "import { lib } from 'lib'; export const f = () => lib;",
      ...packageFiles('lib', { type: 'module' }, {
        'index.js': 'export const lib = () => [setTimeout, process, cosnt1];',
      }),
    },
  ],
  [
    'nothing of what a vat has, what is defined, what is imported, declared or left out',
    {
      'vat.ts': `import { Far } from './far.js';
import * as all from './b.cjs';
import data from './data.json';
import { lib, Lib as Renamed } from 'lib';
import type { Gone } from './gone.js';
declare const VatData: unknown;
enum Color { red, green = red + 1 }
namespace Space { export const x = 1; export const y = () => x; }
let Far2 = 1;
const unused = () => setTimeout(unused);
label: for (const each of [1]) { if (each) continue label; }
export const buildRootObject = (_: Gone, { a = 1, ...rest }: any = {}) => {
  const { b: [c, { d }] = [1, {}] } = rest as any;
  try { require('not there'); } catch ({ message }) { console.log(message); }
  class Own { #x = 1; static y = Own; m() { return this.#x + arguments.length; } }
  if (process.env.NODE_ENV !== 'production') console.log(global, self, globalThis.process);
  return Far('root', { a, c, d, Own, all, data, lib, Renamed, VatData, Color, Space, Far2 });
};`,
      'far.js': FAR_MODULE,
      'b.cjs': `const { c } = require('./c.cjs'); var d, e = () => d; exports.c = [c, e, late];
function late() {}`,
      'c.cjs': 'module.exports = { c: typeof __dirname };',
      'data.json': '{ "setTimeout": 1 }',
      ...packageFiles('lib', { type: 'module' }, {
        'index.js': `export const lib = 1; export class Lib {}
const [p, { q }] = [1, {}]; export { p, q };`,
      }),
    },
  ],
];

test.each(CASES)('bundleVat: %s -> warned of, with its place', async (_what, files, ...lines) => {
  expect(await warningsOf(await written(files))).toEqual([...lines].sort());
});

const FILES = {
  'vat.js': "import './b.js';\nexport const f = () => cosnt1;",
  'b.js': 'export const b = () => fetch();',
};

test('bundleVat: of every format -> the same warnings', async () => {
  const entry = await written(FILES);
  const expected = await warningsOf(entry);
  // What is never used is not in the bundle.
  expect(expected).toEqual([`vat.js:2:24: ${nobody('cosnt1')}`]);
  const warnings: string[] = [];
  await bundleVat(entry, { format: 'getExport', warn: warning => warnings.push(warning) });
  expect(warnings).toEqual(expected.map(line => `${path.dirname(entry)}/${line}`));
});

test('openVatBundler: again, after an edit -> warns of what is there', async () => {
  const entry = await written(FILES);
  const warnings: string[] = [];
  const bundler = await openVatBundler(entry, { warn: warning => warnings.push(warning) });
  onTestFinished(() => bundler.close());
  const again = async (): Promise<string[]> => {
    await bundler.bundle();
    return warnings.splice(0).map(line => line.slice(path.dirname(entry).length + 1));
  };
  const told = [`vat.js:2:24: ${nobody('cosnt1')}`];
  expect(await again()).toEqual(told);
  expect(await again()).toEqual(told);
  await writeFiles(path.dirname(entry), { 'vat.js': 'export const f = () => 1;' });
  expect(await again()).toEqual([]);
  await writeFiles(path.dirname(entry), FILES);
  expect(await again()).toEqual(told);
});

test('bundleVat: no option -> warnings of the process; no function -> refused', async () => {
  const entry = await written(FILES);
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  onTestFinished(() => emit.mockRestore());
  await bundleVat(entry);
  expect(emit.mock.calls).toEqual([[`${entry}:2:24: ${nobody('cosnt1')}`]]);
  const refused = await errorOf(bundleVat(entry, { warn: true as never }));
  expect(refused).toMatchObject({ code: 'BAD_OPTION' });
});
