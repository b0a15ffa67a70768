/** Archives as `@endo/bundle-source` makes them: their modules are those of ECMAScript and Node. */
import path from 'node:path';
import { ZipReader, ZipWriter } from '@endo/zip';
import type { VatBundle } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { endoBundles } from '../support/bundles/endo-bundles.js';
import { writeFiles } from '../support/bundles/written-files.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';
import { errorOf } from '../support/suite/rejections.js';
import { ARCHIVE_CASES, packageOf, type ArchiveCase } from './archive-cases.js';

/** Without transforms an archive has modules as sources, not compiled. */
const KINDS = ['compiled', 'sources'] as const;
type Kind = (typeof KINDS)[number];

/** The files as a package of their own; resolves to the path of its `vat.js`. */
const write = async (files: ArchiveCase['files']): Promise<string> => {
  const directory = await freshDirectory();
  await writeFiles(directory, packageOf(files));
  return path.join(directory, 'vat.js');
};

/** Of each package both kinds, one behind the other. */
const makeAll = async (all: readonly ArchiveCase['files'][]): Promise<readonly VatBundle[]> => {
  const entries = await Promise.all(all.map(write));
  return endoBundles(
    entries.flatMap(entry => {
      const request = { entry, format: 'endoZipBase64' } as const;
      return [request, { ...request, noTransforms: true } as const];
    }),
  );
};

const HOST_ONLY = "export const buildRootObject = () => import('./far.js');";
const NO_NAME = "import { nothing } from './far.js'; export const buildRootObject = nothing;";
const AMBIGUOUS = {
  'vat.js': "import { x } from './all.js'; export const buildRootObject = () => x;",
  'all.js': "export * from './a.js'; export * from './b.js';",
  'a.js': 'export const x = 1;',
  'b.js': 'export const x = 2;',
};
const REFUSED = [{ 'vat.js': HOST_ONLY }, { 'vat.js': NO_NAME }, AMBIGUOUS];

/** Throws in each sort of module, in lines of which the first are imports and comments. */
const THROWING = {
  'vat.js': `import { Far } from './far.js';
import { deep } from './lib/deep.js';

/** A comment
 * of some lines. */
export const buildRootObject = () => Far('root', { go: async n => {
  await null;
  return deep(n);
} });
`,
  'lib/deep.js': `// The first line is no code.
import { inCommon } from './common.cjs';
export let calls = 0;
export function deep(n) {
  calls += 1;
  return [n].map(each => inCommon(each))[0];
}
`,
  'lib/common.cjs': `'use strict';

exports.inCommon = function inCommon(n) {
  throw RangeError('no ' + n);
};
`,
};

const bundles = new Map<object, Readonly<Record<Kind, VatBundle>>>();
beforeAll(async () => {
  const all = [...ARCHIVE_CASES.map(({ files }) => files), ...REFUSED, THROWING];
  const made = await makeAll(all);
  for (const [at, files] of all.entries()) {
    bundles.set(files, { compiled: made[at * 2]!, sources: made[at * 2 + 1]! });
  }
}, 120_000);

describe('archives: modules', () => {
  const shared = useSharedKernel();

  describe.each(KINDS)('%s', kind => {
    test.each(ARCHIVE_CASES)('$name', async ({ files, value }) => {
      const { kernel } = shared;
      const bundleId = await kernel.installBundle(bundles.get(files)![kind]);
      const { root } = await kernel.createVat({ name: shared.takeName('vat'), bundleId });
      expect(await kernel.call(root, 'go')).toEqual(value);
    });

    test('what is thrown -> told with module, line and column', async () => {
      const { kernel } = shared;
      const bundleId = await kernel.installBundle(bundles.get(THROWING)![kind]);
      const { root } = await kernel.createVat({ name: shared.takeName('vat'), bundleId });
      const { stack } = await errorOf(kernel.call(root, 'go', [7]));
      const frames = stack!.split('\n').map(line => line.trim().replace(/archived[^/]*/, ''));
      expect(frames.slice(0, 7)).toEqual([
        'RangeError: no 7',
        'at inCommon (/lib/common.cjs:4:9)',
        'at <anonymous> (/lib/deep.js:6:26)',
        'at Array.map (<anonymous>)',
        'at deep (/lib/deep.js:6:14)',
        expect.stringMatching(/^at (root\.)?go \(\/vat\.js:8:\d+\)$/),
        expect.stringMatching(/^at go of root \(ko\d+ of vat /),
      ]);
    });

    test.each([
      ['import() -> refused', REFUSED[0], /archived.*\/vat\.js: a vat has no import\(\)/],
      [
        'a name that its module does not export -> refused',
        REFUSED[1],
        /archived.*\/vat\.js: archived.*\/far\.js has no export "nothing"/,
      ],
      ['a name that two modules give -> refused', REFUSED[2], /all\.js has no export "x"/],
    ])('%s', async (_title, files, message) => {
      const install = shared.kernel.installBundle(bundles.get(files!)![kind]);
      await expect(install).rejects.toMatchObject({ code: 'BAD_BUNDLE', message });
    });
  });
});

type Archive = Extract<VatBundle, { readonly moduleFormat: 'endoZipBase64' }>;

/** Another zip file of what is in an archive, with the texts that `change` gives. */
const repacked = (archive: Archive, change = (_file: string, text: string) => text): Archive => {
  const { moduleFormat, endoZipBase64 } = archive;
  const reader = new ZipReader(new Uint8Array(Buffer.from(endoZipBase64, 'base64')));
  const writer = new ZipWriter({ date: new Date(1e12) });
  for (const file of [...reader.files.keys()].reverse()) {
    const text = Buffer.from(reader.read(file)).toString('utf8');
    writer.write(file, new Uint8Array(Buffer.from(change(file, text))));
  }
  return { moduleFormat, endoZipBase64: Buffer.from(writer.snapshot()).toString('base64') };
};

/** An archive without hashes: `modules` by specifier, texts by location. */
const archiveOf = (
  modules: Readonly<Record<string, object>>,
  texts: Readonly<Record<string, string>>,
): Archive => {
  const writer = new ZipWriter({ date: new Date(1e12) });
  const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
  for (const [file, text] of Object.entries(texts)) writer.write(`a/${file}`, utf8(text));
  const compartment = { name: 'a', label: 'a', location: 'a', modules };
  const entry = { compartment: 'a', module: './0' };
  const map = { tags: [], entry, compartments: { a: compartment } };
  writer.write('compartment-map.json', utf8(JSON.stringify(map)));
  const endoZipBase64 = Buffer.from(writer.snapshot()).toString('base64');
  return { moduleFormat: 'endoZipBase64', endoZipBase64 };
};

const alias = (module: string) => ({ compartment: 'a', module });

/** Each module passes on what all behind it export. */
const chain = (count: number): Archive => {
  const modules: Record<string, object> = {};
  const texts: Record<string, string> = {};
  for (let at = 0; at < count; at += 1) {
    const next = at + 1 < count ? [`./${at + 1}`] : [];
    modules[`./${at}`] = { location: `${at}`, parser: 'pre-mjs-json' };
    texts[at] = JSON.stringify({
      ...{ imports: next, exports: [], reexports: next },
      __syncModuleProgram__: `({imports:i,onceVar:o})=>{i([]);o.x${at}(1)}`,
      __fixedExportMap__: { [`x${at}`]: [`x${at}`] },
    });
  }
  return archiveOf(modules, texts);
};

describe('archives: by a hostile author', () => {
  const shared = useSharedKernel();
  const refused = (archive: Archive, message: RegExp) =>
    expect(shared.kernel.installBundle(archive)).rejects.toMatchObject({
      ...{ code: 'BAD_BUNDLE', message },
    });

  test('names that stand for each other -> refused; the next archive is installed', async () => {
    const modules = { './0': { location: '0', parser: 'mjs' }, './1': alias('./2') };
    const cyclic = archiveOf({ ...modules, './2': alias('./1') }, { 0: "import './1';" });
    await refused(cyclic, /modules that wait for each other/);
    await shared.kernel.installBundle(archiveOf(modules, { 0: 'export const x = 1;' }));
  });

  test('a file of the host, by its path or as a URL -> it is not in the archive', async () => {
    for (const location of ['../../../etc/passwd', '/etc/passwd', 'file:///etc/passwd']) {
      await refused(archiveOf({ './0': { location, parser: 'text' } }, { 0: '' }), /Cannot find/);
    }
  });

  test('one file as many modules -> refused before it is all of them', async () => {
    const many = Array.from({ length: 40 }, (_, at) => `./b${at}`);
    const bytes = many.map(name => [name, { location: 'b', parser: 'text' }] as const);
    const modules = { './0': { location: '0', parser: 'mjs' }, ...Object.fromEntries(bytes) };
    const entry = many.map(name => `import '${name}';`).join('\n');
    await refused(archiveOf(modules, { 0: entry, b: 'x'.repeat(500_000) }), /too large/);
  });

  test.each(['mjs', 'cjs'])('a source (%s) that nests too deep -> refused', async parser => {
    const deep = `0, ${'['.repeat(20_000)}${']'.repeat(20_000)};`;
    const modules = { './0': { location: '0', parser: 'mjs' }, './b': { location: 'b', parser } };
    const archive = archiveOf(modules, { 0: "import './b';", b: deep });
    await refused(archive, /b:1:\d+: the source nests too deep/);
  });

  test('names that are passed on and on -> each is settled once', async () => {
    await shared.kernel.installBundle(chain(300));
    await refused(chain(1600), /modules together are over/);
  });
});

describe('archives: ids', () => {
  const shared = useSharedKernel();
  const archive = (at: number, kind: Kind = 'sources') =>
    bundles.get(ARCHIVE_CASES[at]!.files)![kind] as Archive;

  test.each(KINDS)('%s -> the sha512 of the compartment map, as SwingSet has it', async kind => {
    const bundle = archive(0, kind);
    const id = await shared.kernel.installBundle(bundle);
    expect(id).toBe(`b1-${bundle.endoZipBase64Sha512}`);
    expect(id).toMatch(/^b1-[0-9a-f]{128}$/);
  });

  test('the same modules in another zip file -> the same bundle', async () => {
    const bundle = archive(1);
    const again = repacked(bundle);
    expect(again.endoZipBase64).not.toBe(bundle.endoZipBase64);
    const id = await shared.kernel.installBundle(bundle);
    expect(await shared.kernel.installBundle(again)).toBe(id);
    const { root } = await shared.kernel.createVat({ name: shared.takeName('vat'), bundleId: id });
    expect(await shared.kernel.call(root, 'go')).toEqual(ARCHIVE_CASES[1]!.value);
  });

  test('the same map with another module -> refused', async () => {
    const bundle = archive(2);
    await shared.kernel.installBundle(bundle);
    const forged = repacked(bundle, (_file, text) => text.replace('100n', '900n'));
    const install = shared.kernel.installBundle(forged);
    await expect(install).rejects.toMatchObject({
      code: 'BAD_BUNDLE',
      message: expect.stringMatching(/SHA-512/),
    });
  });

  test('a map without hashes -> it names no code: the sha256 of the archive', async () => {
    const withoutHashes = (file: string, text: string) =>
      file === 'compartment-map.json' ? text.replace(/,\s*"sha512":\s*"[0-9a-f]{128}"/g, '') : text;
    const bundle = repacked(archive(2), withoutHashes);
    const other = repacked(bundle, (_file, text) => text.replace('100n', '900n'));
    const ids: string[] = [];
    for (const each of [bundle, other]) ids.push(await shared.kernel.installBundle(each));
    expect(ids[0]).toMatch(/^b1-[0-9a-f]{64}$/);
    expect(ids[1]).not.toBe(ids[0]);
  });
});
