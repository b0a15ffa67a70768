/**
 * What a vat cannot run is refused before it runs, with file, line and column: by `bundleVat`, and
 * by `installBundle` whoever has made the bundle.
 */
import path from 'node:path';
import { bundleVat } from '@heirloom/kernel';
import type { BundleFormat, VatBundle } from '@heirloom/kernel';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { endoBundles } from '../support/bundles/endo-bundles.js';
import { packageFiles, writeFiles, type Files } from '../support/bundles/written-files.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';
import { errorOf } from '../support/suite/rejections.js';
import { FAR_MODULE } from './archive-cases.js';

/** Writes a vat; resolves to its entry, which is the first file. */
const written = async (files: Files): Promise<string> => {
  const directory = await freshDirectory();
  await writeFiles(directory, files);
  return path.join(directory, Object.keys(files)[0]!);
};

const messageOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await errorOf(work);
  expect(error).toMatchObject({ code: 'BAD_BUNDLE' });
  return error.message;
};

const linesOf = async (entry: string): Promise<string[]> =>
  (await messageOf(bundleVat(entry))).split('\n');

const IMPORT = 'a vat has no import(); instead: `import … from`';
const META = 'a vat has no import.meta; instead: vat parameters';
const AWAIT =
  'a vat has no top-level await; instead: an async buildRootObject, or an async function';
const DECORATORS = 'a vat has no decorators; instead: call the function';
const STRICT = 'vats run all code as strict, CommonJS too';
const NO_CODE = 'instead: JSON, a text (.txt), vat parameters';
const BY_NAME = 'instead: install the package, and import it by its name';

/** What, its files (the entry first), and the lines of the message behind its beginning. */
const CASES: readonly [what: string, files: Files, ...lines: string[]][] = [
  [
    'import() of a name',
    { 'vat.ts': '\n const f = (x: string) => import(x); f("y");' },
    `vat.ts:2:27: ${IMPORT}`,
  ],
  [
    'import() of a module that is there',
    {
      'vat.ts': "type T = import('./b').T;\nexport const f = () => (1, import('./b.js'));",
      'b.js': '',
    },
    `vat.ts:2:28: ${IMPORT}`,
  ],
  [
    'import() in a module that is imported, behind characters that take more than a byte',
    {
      'vat.js': "import './src/b.js';",
      'src/b.js': "'äöü€𝒳'; import('./c.js');",
      'src/c.js': '',
    },
    `src/b.js:1:11: ${IMPORT}`,
  ],
  [
    'import.meta, in each module',
    {
      'vat.js': "import { b } from './b.js';\nexport const f = () => [b, import.meta.url];",
      'b.js': 'export const b = "€" + import.meta.dirname;',
    },
    `b.js:1:24: ${META}`,
    `vat.js:2:28: ${META}`,
  ],
  [
    'top-level await',
    { 'vat.js': 'const a = 1;\nexport const b = await a;' },
    `vat.js:2:18: ${AWAIT}`,
  ],
  ['a loop that awaits', { 'vat.js': 'for await (const a of []);' }, `vat.js:1:5: ${AWAIT}`],
  [
    'top-level await of what is required',
    { 'vat.js': "import './b.cjs';", 'b.cjs': "require('./c.mjs');", 'c.mjs': 'await 1;' },
    `c.mjs:1:1: ${AWAIT}`,
  ],
  [
    'what nests too deep, on one line and in blocks',
    {
      'vat.js': `export const x = 1;\nexport const f = y => ${'['.repeat(999)}y${']'.repeat(999)}`,
    },
    `vat.js:2:${23 + 252}: the source nests too deep`,
  ],
  [
    'files that begin with a byte order mark',
    {
      'vat.js': "\ufeffimport './b.js'; import './c.js'; export const a = 'ä' + import.meta.url;",
      'b.js': '\ufeff\nexport const b = import.meta.url;',
      'c.js': 'export const c = 1;',
    },
    `b.js:2:18: ${META}`,
    `vat.js:1:58: ${META}`,
  ],
  [
    'a decorator behind a byte order mark',
    { 'vat.ts': '\ufeffconst d: any = 1; export class A { @d x = 1; }' },
    `vat.ts:1:36: ${DECORATORS}`,
  ],
  [
    'a module of Node',
    { 'vat.js': "import fs from 'node:fs'; fs;" },
    'vat.js:1:16: a vat has no modules of Node: "node:fs"; instead: host objects',
  ],
  [
    'modules of Node, required',
    { 'vat.cjs': "exports.f = () => require('fs/promises');\nexports.e = require('events');" },
    'vat.cjs:1:27: a vat has no modules of Node: "fs/promises"; instead: host objects',
    'vat.cjs:2:21: a vat has no modules of Node: "events"; ' +
      '`npm install events` gets a package that does the same',
  ],
  [
    'a decorator',
    { 'vat.ts': 'const d: any = (x: any) => x;\n  @d class A {}\nexport { A };' },
    `vat.ts:2:3: ${DECORATORS}`,
  ],
  [
    'a decorator of a method, in JavaScript',
    { 'vat.js': 'const d = x => x;\nexport class A { @d f() {} }' },
    `vat.js:2:18: ${DECORATORS}`,
  ],
  [
    'decorators as tsconfig.json has them, in two modules',
    {
      'vat.ts': "import './b.js'; const d: any = 0; export class A { @d x = 1; }",
      'b.ts': 'const d: any = 0; export class A { f(@d x: any) {} }',
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
    },
    `b.ts:1:38: ${DECORATORS}`,
    `vat.ts:1:53: ${DECORATORS}`,
  ],
  [
    'names that are reserved',
    { 'vat.js': 'export const f = () => {\n  $heirloom_enter();\n};' },
    'vat.js:2:3: the name $heirloom_enter is reserved; instead: another name',
  ],
  [
    'regular expressions that the oldest Node does not take',
    {
      'vat.js': "import { s } from './b.js'; export { s };",
      'b.js': 'export const s =\n /(?i:a)/;',
    },
    'b.js:2:2: Invalid regular expression: /(?i:a)/: Invalid group; ' +
      'instead: what Node 20 takes, as replicas may run it',
  ],
  [
    'a tagged template whose tag could see what is written',
    { 'vat.js': 'const tag = x => x;\nexport const t = tag`<!--`;' },
    'vat.js:2:18: a tagged template may not contain <!--; instead: a call with a text',
  ],
  ['what does not parse', { 'vat.js': 'export const a = ;' }, 'vat.js:1:18: Unexpected ";"'],
  [
    'an import that is assigned',
    { 'vat.js': "import { b } from './b.js';\nb = 2;", 'b.js': 'export let b = 1;' },
    'vat.js:2:1: Cannot assign to import "b"',
  ],
  [
    'a name that a module does not export',
    { 'vat.js': "import { a } from './b.js';\na();", 'b.js': 'export let b = 1;' },
    'vat.js:1:10: No matching export in "b.js" for import "a"',
  ],
  [
    'a file that is no code',
    { 'vat.js': "import './a.wasm';", 'a.wasm': '' },
    `vat.js:1:8: a vat has no ".wasm" files: a.wasm; ${NO_CODE}`,
  ],
  [
    'style sheets, also as values and as data',
    {
      'vat.js': `import './a.css';
import b from './b.module.css';
import 'data:text/css,a{}'; b;`,
      'a.css': 'a {}',
      'b.module.css': '.b {}',
    },
    `vat.js:1:8: a vat has no ".css" files: a.css; ${NO_CODE}`,
    `vat.js:2:15: a vat has no ".css" files: b.module.css; ${NO_CODE}`,
    `vat.js:3:8: a vat has no ".css" files: data:; ${NO_CODE}`,
  ],
  [
    'what bundlers of others take behind the name of a file',
    {
      'vat.js': "import a from './a.json?raw';\nimport b from './a.json#b'; [a, b];",
      'a.json': '{}',
    },
    'vat.js:1:15: nothing can be asked of a file by "?raw" behind its name: "./a.json?raw"',
    'vat.js:2:15: nothing can be asked of a file by "#b" behind its name: "./a.json#b"',
  ],
  [
    'URLs, also in a `try`',
    {
      'vat.js':
        "import z from 'https://esm.sh/zod';\nimport '//cdn.example/a.js';\n" +
        "try { require('http://a.example/') } catch {} z;",
    },
    `vat.js:1:15: a vat loads nothing from "https://esm.sh/zod"; ${BY_NAME}`,
    `vat.js:2:8: a vat loads nothing from "//cdn.example/a.js"; ${BY_NAME}`,
    `vat.js:3:15: a vat loads nothing from "http://a.example/"; ${BY_NAME}`,
  ],
  [
    'names of packages as other hosts have them',
    { 'vat.js': "import 'npm:zod@4';\nimport 'jsr:@std/assert';" },
    `vat.js:1:8: a vat imports files and installed packages: not "npm:zod@4"; ${BY_NAME}`,
    `vat.js:2:8: a vat imports files and installed packages: not "jsr:@std/assert"; ${BY_NAME}`,
  ],
  ...(
    [
      ['with', 'with (Math) PI;', 1, "'with' in strict mode"],
      ['a name deleted', 'var x; delete x;', 8, 'Deleting local variable in strict mode'],
      ['a parameter twice', 'f = function (a, b, a) {};', 21, 'Argument name clash'],
      ['a value for eval', 'eval = 1;', 1, 'Assigning to eval in strict mode'],
      ['a value for arguments', '++arguments;', 3, 'Assigning to arguments in strict mode'],
      ['eval as a loop sets it', 'for (eval of []);', 6, 'Assigning to eval in strict mode'],
      ['a variable', 'f = () => { var arguments; };', 17, 'Binding arguments in strict mode'],
      ['a last parameter', 'f = (a, arguments) => 1;', 9, 'Binding arguments in strict mode'],
      ['a function', 'f = function eval() { eval(); };', 14, 'Binding eval in strict mode'],
      ['a reserved word', 'public = 1;', 1, "The keyword 'public' is reserved"],
    ] as const
  ).map(
    ([what, code, column, why]) =>
      [
        `CommonJS that is not strict: ${what}`,
        { 'vat.cjs': `exports.f = 1; require('./b.cjs');`, 'b.cjs': `exports.b = 1;\n${code}` },
        `b.cjs:2:${column}: ${why}; ${STRICT}`,
      ] satisfies [string, Files, string],
  ),
];

describe('bundleVat:', () => {
  test.each(CASES)('%s -> refused, with its place', async (_what, files, ...lines: string[]) => {
    const entry = await written(files);
    const [head, ...rest] = await linesOf(entry);
    expect(head).toBe(`cannot bundle ${entry}:`);
    const directory = `${path.dirname(entry)}/`;
    expect(rest.sort()).toEqual(
      lines.map(line => `${directory}${line}`).sort(),
    );
  });

  test('the same of every other format', async () => {
    const entry = await written({
      'src/vat.ts': 'export const f = (x: string) => import(x);',
      'package.json': '{}',
    });
    for (const format of ['endoZipBase64', 'nestedEvaluate', 'getExport'] as const) {
      const message = await messageOf(bundleVat(entry, { format }));
      expect(message).toBe(`cannot bundle ${entry}:\n${entry}:1:33: ${IMPORT}`);
    }
  });

  test('a library with what authors may not have -> bundled; what cannot run, where', async () => {
    const ours = (index: string): Files => ({
      'vat.js': "import * as lib from 'lib'; export const buildRootObject = () => lib;",
      ...packageFiles('lib', { type: 'module' }, { 'index.js': index }),
      'node_modules/lib/part.js': 'export const part = 1;',
    });
    const known = "export const a = import.meta.env; export const b = () => import('./part.js');";
    await bundleVat(await written(ours(known)));
    const entry = await written(ours('export const load = name => import(name);'));
    const file = path.join(path.dirname(entry), 'node_modules/lib/index.js');
    expect(await linesOf(entry)).toEqual([
      `cannot bundle ${entry}:`,
      `${file}:1:29: ${IMPORT}`,
    ]);
  });
});

describe('characters that a URL has behind a name, in names of files:', () => {
  test('imported', async () => {
    const entry = await written({
      'a#b?c/vat.js': "import { d } from './d?e#f.js'; export const buildRootObject = () => d;",
      'a#b?c/d?e#f.js': "import 'data:text/javascript,1;//?#'; export const d = 'it is there';",
    });
    expect(await bundleVat(entry)).toMatchObject({
      source: expect.stringContaining('it is there'),
    });
  });
});

describe('a line for the shell above an entry:', () => {
  const MODULE = 'export const buildRootObject = () => { throw Error("no"); };\n';

  test('left out; the bundle and its places are as without it', async () => {
    const plain = await bundleVat(await written({ 'vat.js': `\n${MODULE}` }));
    const own = await bundleVat(await written({ 'vat.js': `#!/usr/bin/env node\n${MODULE}` }));
    const parsed = ({ sourceMap, ...rest }: VatBundle & { readonly sourceMap?: string }) => ({
      ...rest,
      map: JSON.parse(sourceMap ?? '') as unknown,
    });
    expect(parsed(own)).toEqual(parsed(plain));
  });
});

describe('a text with lines as bundles have them above modules:', () => {
  const files = (more: string): Files => ({
    'vat.js': `import { b } from './b.js'; const text = \`
  // b.js
  import(x) <!--
  // vat.js
})();
\`; export const a = [b, text]; ${more}`,
    'b.js': 'export const b = 1;',
  });

  test('bundled; what is refused is still found', async () => {
    await bundleVat(await written(files('')));
    const entry = await written(files('import(a);'));
    expect(await linesOf(entry)).toEqual([`cannot bundle ${entry}:`, `${entry}:6:32: ${IMPORT}`]);
  });
});

describe('what cannot be found:', () => {
  test('a file, a package, a part of one -> where it was sought, what to install', async () => {
    const entry = await written({
      'src/vat.js': `import './gone.js';
import '@scope/gone/part.js';
import 'there/hidden.js';
import '#internal';`,
    });
    const src = path.dirname(entry);
    await writeFiles(src, packageFiles('there', { exports: './index.js' }, { 'index.js': '' }));
    const message = await messageOf(bundleVat(entry));
    expect(message).toContain(`1:8: there is no "./gone.js", seen from ${src}`);
    expect(message).toContain(
      `2:8: there is no "@scope/gone/part.js": looked for in node_modules of ${src} and of the ` +
        'directories above it; `npm install @scope/gone` gets a published package',
    );
    expect(message).toContain('3:8: there is no "there/hidden.js"');
    expect(message).toContain('The path "./hidden.js" is not exported by package "there"');
    expect(message).toContain('4:8: there is no "#internal"');
  });
});

/** Of the second line of a script, the third of `src/vat.ts`, four columns further right. */
const MAP = { version: 3, sources: ['src/vat.ts'], names: [], mappings: 'AAAA;AAEI' };

describe('installBundle:', () => {
  const shared = useSharedKernel();
  const refused = (bundle: object): Promise<string> =>
    messageOf(shared.kernel.installBundle(bundle as VatBundle));
  const script = (source: string, more: object = {}) => ({
    moduleFormat: 'endoScript',
    source,
    ...more,
  });

  test.each([
    ['import()', '1;\nimport("x");', IMPORT],
    ['import.meta', '1;\nimport.meta.url;', META],
    ['top-level await', '1;\nawait f();', AWAIT],
    ['a reserved name', '1;\n$heirloom_x;', 'the name $heirloom_x is reserved'],
    ['code that is not strict', '1;\nwith (a) b;', `its source does not parse: 'with' in strict`],
    ['what does not parse', '1;\n)', 'its source does not parse: Unexpected token'],
    ['what the oldest Node does not take', '1;\n/(?i:a)/', 'its source does not parse: Invalid'],
  ])('%s in a script -> refused, with the place in the bundle', async (_what, source, why) => {
    const message = await refused(script(source));
    expect(message).toMatch(/^not a vat bundle: bundle:2:\d: /);
    expect(message).toContain(`: ${why}`);
  });

  test.each([
    [{ ...MAP, mappings: '!!!' }, 'its source map cannot be read: it has no mappings'],
    [{ version: 3 }, 'its source map cannot be read: it has no mappings'],
    [{ ...MAP, version: 2 }, 'its source map is not of version 3'],
  ])('a map that cannot be read (%o) -> refused', async (map, why) => {
    const bundle = script('1;', { sourceMap: JSON.stringify(map) });
    expect(await refused(bundle)).toBe(`not a vat bundle: ${why}`);
  });

  test('a map that is an object -> told what to give', async () => {
    const why = 'its source map is an object: give its JSON text';
    expect(await refused(script('1;', { sourceMap: MAP }))).toBe(`not a vat bundle: ${why}`);
  });

  test('a line for the shell -> refused, with its place', async () => {
    const why = "its source does not parse: Unexpected character '!'";
    expect(await refused(script('#!/usr/bin/env node\n1;'))).toContain(`bundle:1:2: ${why}`);
  });

  test('what another bundler requires of its host, for sure -> refused, with a place', async () => {
    const entry = await written({
      'src/vat.ts': `type T = 1;\n\nimport fs from 'node:fs';
export const buildRootObject = (_: T) => fs;`,
    });
    const options = { bundle: true, write: false, platform: 'node', outfile: 'out.js' } as const;
    const made = await build({
      ...options,
      entryPoints: [entry],
      format: 'iife',
      globalName: 'vat',
      footer: { js: 'vat;' },
      sourcemap: 'external',
      absWorkingDir: path.dirname(path.dirname(entry)),
    });
    const [map, text] = ['.map', '.js'].map(
      ending => made.outputFiles.find(file => file.path.endsWith(ending))!.text,
    );
    const why = 'a vat has no modules of its host: "node:fs"; instead: host objects';
    const placed = await refused(script(text!, { sourceMap: map }));
    expect(placed).toBe(`not a vat bundle: src/vat.ts:3:16: ${why}`);
    expect(await refused(script(text!))).toMatch(/^not a vat bundle: bundle:\d+:\d+: a vat has no/);
    const later = script('const f = () => require("node:fs"); ({ f });');
    await shared.kernel.installBundle(later as VatBundle);
  });

  test('with a source map -> the place in the file of the author', async () => {
    const bundle = script('1;\nimport("x");', { sourceMap: JSON.stringify(MAP) });
    expect(await refused(bundle)).toBe(`not a vat bundle: src/vat.ts:3:5: ${IMPORT}`);
    const data = Buffer.from(JSON.stringify(MAP)).toString('base64');
    const comment = `\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,${data}\n`;
    const inline = script(`1;\nimport("x");${comment}`);
    expect(await refused(inline)).toBe(`not a vat bundle: src/vat.ts:3:5: ${IMPORT}`);
    const torn = script('1;\nimport("x");', { sourceMap: '{ "version": 3' });
    expect(await refused(torn)).toBe(`not a vat bundle: bundle:2:1: ${IMPORT}`);
  });
});

describe('installBundle of what endo has bundled:', () => {
  const shared = useSharedKernel();
  const FILES: Files = {
    'package.json': '{ "name": "other", "version": "1.0.0", "type": "module" }',
    'import.js': "import { b } from './b.js';\n\nexport const f = () => import('./b.js'); b;",
    'common.js': "import c from './c.cjs'; export { c };",
    'c.cjs': "exports.x = 1;\nexports.f = () =>\n  import('./b.js');",
    'meta.js': 'export const a = 1;\nexport const f = () => import.meta.url;',
    'host.js': "import fs from 'node:fs'; export const f = () => fs;",
    'await.js': 'export const a = 1;\nexport const b = await a;',
    'b.js': 'export const b = 1;',
  };

  /** Entry, format, what the message says. */
  const REFUSED: readonly (readonly [string, BundleFormat, RegExp])[] = [
    ['import.js', 'endoZipBase64', /other.*\/import\.js:3:\d+: a vat has no import\(\)/],
    ['import.js', 'nestedEvaluate', /: other\/import\.js:3:\d+: a vat has no import\(\)/],
    ['import.js', 'getExport', /: other\/import\.js:3:\d+: a vat has no import\(\)/],
    ['import.js', 'endoScript', /: other\/import\.js:3:\d+: a vat has no import\(\)/],
    ['common.js', 'endoZipBase64', /other.*\/c\.cjs:3:3: a vat has no import\(\)/],
    ['common.js', 'nestedEvaluate', /: other\/c\.cjs:3:3: a vat has no import\(\)/],
    ['common.js', 'getExport', /: other\/c\.cjs:3:3: a vat has no import\(\)/],
    ['common.js', 'endoScript', /: other\/c\.cjs:3:3: a vat has no import\(\)/],
    ['meta.js', 'endoZipBase64', /other.*\/meta\.js:2:\d+: a vat has no import\.meta/],
    ['meta.js', 'nestedEvaluate', /: other\/meta\.js:2:\d+: a vat has no import\.meta/],
    ['meta.js', 'getExport', /: other\/meta\.js:2:\d+: a vat has no import\.meta/],
    ['meta.js', 'endoScript', /: other\/meta\.js:2:\d+: a vat has no import\.meta/],
    ['await.js', 'endoZipBase64', /: other.*\/await\.js:2:\d+: a vat has no top-level await/],
    ['await.js', 'nestedEvaluate', /: other\/await\.js:2:\d+: a vat has no top-level await/],
    ['await.js', 'getExport', /: other\/await\.js:2:\d+: a vat has no top-level await/],
    ['await.js', 'endoScript', /: other\/await\.js:2:\d+: a vat has no top-level await/],
    ['host.js', 'endoZipBase64', /\.\/host\.js.*Cannot find module "node:fs"/],
    ['host.js', 'nestedEvaluate', /bundle:\d+:1: a vat has no modules of its host: "node:fs"/],
    ['host.js', 'getExport', /bundle:\d+:1: a vat has no modules of its host: "node:fs"/],
  ];
  let bundles: readonly VatBundle[] = [];

  beforeAll(async () => {
    const directory = path.join(await freshDirectory(), 'other');
    await writeFiles(directory, FILES);
    const requests = REFUSED.map(([file, format]) => ({
      entry: path.join(directory, file),
      format,
    }));
    bundles = await endoBundles(requests);
  });

  test.each(REFUSED.map((each, at) => [...each, at] as const))(
    '%s, %s -> refused',
    async (_file, _format, message, at) => {
      expect(await messageOf(shared.kernel.installBundle(bundles[at]!))).toMatch(message);
    },
  );
});

describe('installBundle of what SES takes for import() and eval:', () => {
  const shared = useSharedKernel();
  const FORMATS = ['endoZipBase64', 'nestedEvaluate', 'getExport'] as const;
  let bundles: readonly VatBundle[] = [];

  beforeAll(async () => {
    const entry = await written({
      'vat.js': `import { Far } from './far.js'; import c from './c.cjs';
        // eval('x'); import('y') <!-- -->
        /** @type {import('./far.js').Far} */ const text = 'import(x)';
        export const buildRootObject = () => Far('root', { go: () => text + c.text });`,
      'c.cjs': "/* import('x'); eval('y') <!-- */ exports.text = ' <!-- eval(y)';",
      'far.js': FAR_MODULE,
      'package.json': '{ "name": "texts", "version": "1.0.0", "type": "module" }',
    });
    bundles = await endoBundles([
      ...FORMATS.map(format => ({ entry, format })),
      { entry, format: 'endoZipBase64', noTransforms: true },
    ]);
  });

  test.each([...FORMATS, 'an archive of sources'].map((what, at) => [what, at] as const))(
    '%s with texts and comments alone -> runs',
    async (_what, at) => {
      const bundleId = await shared.kernel.installBundle(bundles[at]!);
      const { root } = await shared.kernel.createVat({ name: shared.takeName('vat'), bundleId });
      expect(await shared.kernel.call(root, 'go')).toBe('import(x) <!-- eval(y)');
    },
  );
});
