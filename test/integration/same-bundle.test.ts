/** The same files give the same bundle, wherever they are and whoever bundles them. */
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleVat, openVatBundler } from '@heirloom/kernel';
import type { BundleFormat, VatBundle } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeFiles } from '../support/bundles/written-files.js';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { FAR_MODULE } from './archive-cases.js';

const ROOT = path.join(import.meta.dirname, '../..');
const KERNEL = path.join(ROOT, 'packages/kernel/dist/index.js');

/** Packages that are installed here and import nothing of Node, with what they import. */
const PACKAGES = ['fast-deep-equal', 'semver', 'estraverse', 'esquery', 'acorn', 'ms', 'punycode'];

/** What `npm run bench -- bundle` bundles, too. */
interface GeneratorModule {
  readonly ENTRY: string;
  readonly generatedVat: (wanted: {
    readonly seed: number;
    readonly bytes: number;
    readonly libraries: readonly string[];
  }) => Readonly<Record<string, string>>;
}
const GENERATOR = new URL('../../bench/dist/generated-vat.js', import.meta.url);
const { ENTRY, generatedVat } = (await import(GENERATOR.href)) as GeneratorModule;

const sourceOf = (bundle: VatBundle): string =>
  'source' in bundle ? bundle.source : bundle.endoZipBase64;

/** The files that its map names, sorted. */
const sourcesOf = (bundle: VatBundle): string[] => {
  const { sourceMap } = bundle as { readonly sourceMap: string };
  return (JSON.parse(sourceMap) as { readonly sources: string[] }).sources.sort();
};

/** Bundles in a process of its own: prints the sha256 of what comes out. */
const BUNDLE = `
const { bundleVat } = await import(process.argv[1]);
const bundle = await bundleVat(process.argv[2], { format: process.argv[3] });
const { hash } = await import('node:crypto');
process.stdout.write(hash('sha256', bundle.source ?? bundle.endoZipBase64));
`;

interface Child {
  readonly entry: string;
  readonly format?: BundleFormat;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
}

const bundledByChild = async ({
  entry,
  format = 'endoScript',
  cwd = ROOT,
  env,
  options = [],
}: Child): Promise<string> => {
  const args = [...options, '--input-type=module', '--eval', BUNDLE, KERNEL, entry, format];
  const its = { PATH: process.env['PATH'] ?? '', ...env };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env: its });
  return stdout;
};

const digestOf = async (entry: string, format?: BundleFormat): Promise<string> =>
  hash('sha256', sourceOf(await bundleVat(entry, format === undefined ? {} : { format })));

/** A vat of 100 kB TypeScript with libraries, in `directory`; resolves to its entry. */
const project = async (directory: string): Promise<string> => {
  const files = generatedVat({ seed: 7, bytes: 100_000, libraries: PACKAGES });
  await writeFiles(directory, {
    ...files,
    'node_modules/@endo/far/package.json': '{ "name": "@endo/far", "main": "far.js" }',
    'node_modules/@endo/far/far.js': FAR_MODULE,
  });
  for (const name of PACKAGES) {
    const from = await realpath(path.join(ROOT, 'node_modules', name));
    await cp(from, path.join(directory, 'node_modules', name), { recursive: true });
  }
  return path.join(directory, ENTRY);
};

describe('a vat of 100 kB with libraries:', () => {
  let one = '';
  let other = '';
  beforeAll(async () => {
    one = await project(path.join(await freshDirectory(), 'one'));
    other = await project(path.join(await freshDirectory(), 'much/deeper and other/ünder'));
  });

  test('in two directories, in other processes, elsewhere -> the same bundle', async () => {
    const expected = await digestOf(one);
    const elsewhere = await freshDirectory();
    const env = {
      ...{ TMPDIR: elsewhere, TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
      ...{ NODE_PATH: path.join(ROOT, 'node_modules'), NODE_ENV: 'development', HOME: elsewhere },
    };
    expect(await digestOf(other)).toBe(expected);
    expect(await bundledByChild({ entry: one, env, cwd: elsewhere })).toBe(expected);
    const near = { entry: `./${ENTRY}`, cwd: path.dirname(other) };
    expect(await bundledByChild(near)).toBe(expected);
  });

  test.each(['endoZipBase64', 'nestedEvaluate', 'getExport'] as const)(
    '%s in two directories and processes -> the same bundle',
    { tags: ['thorough'] },
    async format => {
      const env = { TMPDIR: await freshDirectory(), TZ: 'Asia/Kathmandu' };
      const made = await bundledByChild({ entry: one, format, env });
      expect(await digestOf(other, format)).toBe(made);
    },
  );

  test('a bundler that is kept, after edits -> what a new one makes', async () => {
    const bundler = await openVatBundler(one);
    const file = path.join(path.dirname(one), 'part-3.ts');
    const text = generatedVat({ seed: 7, bytes: 100_000, libraries: PACKAGES })['part-3.ts']!;
    try {
      const before = sourceOf(await bundler.bundle());
      await writeFile(file, `${text}export const f = () => import('x');`);
      await expect(bundler.bundle()).rejects.toThrow(/part-3\.ts:\d+:\d+: there is no "x"/);
      await writeFile(file, `${text}globalThis.edited = () => 'edited';`);
      const edited = sourceOf(await bundler.bundle());
      expect(edited).toContain('"edited"');
      expect(edited).toBe(sourceOf(await bundleVat(one)));
      await writeFile(file, text);
      const again = await Promise.all([bundler.bundle(), bundler.bundle()]);
      expect(again.map(sourceOf)).toEqual([before, before]);
      const last = bundler.bundle();
      await bundler.close();
      expect(sourceOf(await last)).toBe(before);
      await expect(bundler.bundle()).rejects.toMatchObject({ code: 'BAD_OPTION' });
    } finally {
      await bundler.close();
      await writeFile(file, text);
    }
  });
});

const TWO_FILES = {
  'vat.js': `import { Far } from './far.js';
    export const buildRootObject = () => Far('root', { go: () => 'answer' });`,
  'far.js': FAR_MODULE,
};

describe('a folder of two files, without npm:', () => {
  const PACKAGE_FILES = [undefined, '{}', '{ "type": "module" }', '{ "name": "a" }'];

  test.each(['endoScript', 'endoZipBase64', 'nestedEvaluate', 'getExport'] as const)(
    '%s, whatever its package.json lacks, or without one -> bundled, runs',
    async format => {
      const kernel = await kernelOver();
      const digests = new Set<string>();
      for (const text of PACKAGE_FILES) {
        const directory = await freshDirectory();
        const files = text === undefined ? {} : { 'package.json': text };
        await writeFiles(directory, { ...TWO_FILES, ...files });
        const bundle = await bundleVat(path.join(directory, 'vat.js'), { format });
        digests.add(hash('sha256', sourceOf(bundle)));
        if (digests.size > 1 || text !== undefined) continue;
        const bundleId = await kernel.installBundle(bundle);
        const { root } = await kernel.createVat({ name: 'vat', bundleId });
        expect(await kernel.call(root, 'go')).toBe('answer');
      }
      expect(digests.size).toBe(1);
    },
  );

  test('below a directory that has a package.json, or node_modules -> the same', async () => {
    const [bare, below] = [await freshDirectory(), await freshDirectory()];
    await writeFiles(bare, TWO_FILES);
    await writeFiles(below, { 'package.json': '{}', 'node_modules/a/package.json': '{}' });
    await writeFiles(path.join(below, 'some/where'), TWO_FILES);
    const there = await bundleVat(path.join(below, 'some/where/vat.js'));
    expect(sourceOf(there)).toBe(sourceOf(await bundleVat(path.join(bare, 'vat.js'))));
    expect(sourcesOf(there)).toEqual(['some/where/far.js', 'some/where/vat.js']);
  });
});

describe('packages:', () => {
  test('links, as pnpm and workspaces make them -> the same wherever the whole is', async () => {
    const make = async (name: string): Promise<string> => {
      const directory = path.join(await freshDirectory(), name);
      const store = 'node_modules/.pnpm/dep@1.0.0/node_modules/dep';
      await writeFiles(directory, {
        'packages/app/src/vat.js': "export { dep } from 'dep'; export { own } from '@own/lib';",
        'packages/app/package.json': '{ "type": "module" }',
        'packages/lib/package.json': '{ "type": "module", "exports": "./l.js" }',
        'packages/lib/l.js': "export const own = 'own';",
        [`${store}/package.json`]: '{ "name": "dep", "type": "module", "exports": "./d.js" }',
        [`${store}/d.js`]: "export const dep = 'dep';",
      });
      const modules = path.join(directory, 'packages/app/node_modules');
      await mkdir(path.join(modules, '@own'), { recursive: true });
      await symlink(path.join(directory, store), path.join(modules, 'dep'));
      await symlink(path.join(directory, 'packages/lib'), path.join(modules, '@own/lib'));
      return path.join(directory, 'packages/app/src/vat.js');
    };
    const [one, other] = [await make('one'), await make('or/other')];
    const source = sourceOf(await bundleVat(one));
    expect(sourceOf(await bundleVat(other))).toBe(source);
    expect(source).not.toContain('heirloom-test');
    expect(source).toContain('// packages/lib/l.js');
  });

  test('a vat that is reached by a link -> the same, with its files where they are', async () => {
    const directory = await freshDirectory();
    await writeFiles(path.join(directory, 'real/deep/vat'), { ...TWO_FILES, 'package.json': '{}' });
    await mkdir(path.join(directory, 'other'));
    await symlink(path.join(directory, 'real/deep'), path.join(directory, 'other/link'));
    await symlink(path.join(directory, 'real/deep/vat/vat.js'), path.join(directory, 'v.js'));
    const expected = await bundleVat(path.join(directory, 'real/deep/vat/vat.js'));
    expect(sourcesOf(expected)).toEqual(['far.js', 'vat.js']);
    for (const entry of ['other/link/vat/vat.js', 'v.js']) {
      expect(await bundleVat(path.join(directory, entry))).toEqual(expected);
    }
  });

  test('licences -> kept, once each, at the end', async () => {
    const directory = await freshDirectory();
    await writeFiles(directory, {
      'vat.js': "/*! Mine (c) */ import './a.js'; import './b.js'; // nothing\nexport const a = 1;",
      'a.js': '/** @license MIT <!-- import(x) */ globalThis.a;',
      'b.js': '/** @license MIT <!-- import(x) */ globalThis.b;',
    });
    const bundle = await bundleVat(path.join(directory, 'vat.js'));
    const source = sourceOf(bundle);
    expect(source.match(/@license MIT/g)).toHaveLength(1);
    expect(source).toContain('/*! Mine (c) */');
    expect(source).not.toContain('nothing');
    expect(source).toMatch(/globalThis\.b;[^]*\/\*!/);
    expect(source).not.toMatch(/(?:@license|\/\*!)[^]*globalThis/);
    await (await kernelOver()).installBundle(bundle);
  });
});

test('a host that is run with a loader of its own -> its threads know nothing of it', async () => {
  const directory = await freshDirectory();
  const loader = path.join(directory, 'loader.mjs');
  await writeFiles(directory, {
    ...TWO_FILES,
    'loader.mjs': `import { isMainThread } from 'node:worker_threads';
      if (!isMainThread) throw Error('loaded in a thread');`,
  });
  const options = ['--import', loader];
  const entry = path.join(directory, 'vat.js');
  const made = await bundledByChild({ entry, format: 'endoZipBase64', options });
  expect(made).toBe(await digestOf(entry, 'endoZipBase64'));
});

test('esbuild without its program -> what is missing, what to do', async () => {
  const directory = await freshDirectory();
  await writeFiles(directory, TWO_FILES);
  await writeFiles(directory, {
    'hide.cjs': `const Module = require('node:module'); const resolve = Module._resolveFilename;
      Module._resolveFilename = (name, ...rest) => {
        if (name.startsWith('@esbuild/')) throw Error('hidden');
        return resolve(name, ...rest);
      };`,
  });
  const options = ['--require', path.join(directory, 'hide.cjs')];
  const making = bundledByChild({ entry: path.join(directory, 'vat.js'), options });
  await expect(making).rejects.toThrow(
    /BAD_BUNDLE[^]*the bundler, esbuild, does not run here[^]*--omit=optional/,
  );
});
