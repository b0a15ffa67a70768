/** Bundles in all formats of `@endo/bundle-source`: one behaviour; what is corrupt is refused. */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat } from '@heirloom/kernel';
import type { BundleFormat, Kernel, VatBundle } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { isThorough } from '../support/suite/amounts.js';
import { endoBundles } from '../support/bundles/endo-bundles.js';
import { bundleOf } from '../support/bundles/fixtures.js';
import { writeFiles, type Files } from '../support/bundles/written-files.js';
import { freshDirectory, isolation, kernelOver } from '../support/kernels/fresh-kernels.js';
import { errorOf } from '../support/suite/rejections.js';
import { FAR_MODULE } from './archive-cases.js';

type ZipBundle = Extract<VatBundle, { readonly moduleFormat: 'endoZipBase64' }>;
type ScriptBundle = Exclude<VatBundle, ZipBundle>;

const fixtureOf = (name: string): string =>
  fileURLToPath(new URL(`../vats/formats/${name}`, import.meta.url));
const ENTRY = fixtureOf('vat.js');
const FORMATS = ['endoScript', 'endoZipBase64', 'nestedEvaluate', 'getExport'] as const;

const bundles = new Map<BundleFormat, VatBundle>();
const zip = () => bundles.get('endoZipBase64') as ZipBundle;

beforeAll(async () => {
  // Made here once for each format when all is tested; else the run's server has made them, by the
  // same bundler, and typescript-vat.test.ts makes some.
  const make = (format: BundleFormat): Promise<VatBundle> =>
    isThorough && isolation === 'thread' ? bundleVat(ENTRY, { format }) : bundleOf(ENTRY, format);
  for (const format of FORMATS) bundles.set(format, await make(format));
});

const describeVat = async (kernel: Kernel, format: BundleFormat): Promise<unknown> => {
  const bundleId = await kernel.installBundle(bundles.get(format)!);
  const { root } = await kernel.createVat({ name: format, bundleId, vatParameters: [1n] });
  await kernel.call(root, 'describe');
  return kernel.call(root, 'describe');
};

const EXPECTED = {
  parameters: [1n],
  counted: 2,
  json: { answer: 42, words: ['one', 'two'] },
  commonJs: ['ABC', 21],
  names: [['default', 'increment', 'renamed'], 'default of names', true],
  starts: 1n,
  // `require` is what bundlers for browsers put there: it throws.
  surroundings: ['function', 'undefined', 'object', true],
  evaluated: 2,
};

describe('formats: one behaviour', () => {
  test.each(FORMATS)('%s -> the same behaviour', { tags: ['sized'] }, async format => {
    const kernel = await kernelOver();
    expect(await describeVat(kernel, format)).toEqual(EXPECTED);
  });

  test('endoScript: its completion value -> is the namespace; without one, no vat', async () => {
    const kernel = await kernelOver();
    const { source, moduleFormat } = bundles.get('endoScript') as ScriptBundle;
    const [, script, name] = /^([^]*\n)(\S+);\n$/.exec(source)!;
    const start = async (last: string): Promise<unknown> => {
      const bundleId = await kernel.installBundle({ moduleFormat, source: `${script}${last}` });
      const vat = { name: bundleId.slice(0, 9), bundleId, vatParameters: [1n] };
      const { root } = await kernel.createVat(vat);
      await kernel.call(root, 'describe');
      return kernel.call(root, 'describe');
    };
    expect(await start(`({ buildRootObject: ${name}.buildRootObject });`)).toEqual(EXPECTED);
    const lacks = 'vat source bundle lacks buildRootObject() function: the completion value of ';
    // The directive at its beginning is a statement with a value.
    await expect(start('')).rejects.toThrow(`${lacks}its script is no namespace, but string`);
    await expect(start('7;')).rejects.toThrow(`${lacks}its script is no namespace, but number`);
  });

  const eachToNext = 'an upgrade from each format to the next -> the same baggage';
  test(eachToNext, { tags: ['thorough'] }, async () => {
    const kernel = await kernelOver();
    const ids: string[] = [];
    for (const format of FORMATS) ids.push(await kernel.installBundle(bundles.get(format)!));
    expect(new Set(ids).size).toBe(FORMATS.length);
    const vat = await kernel.createVat({ name: 'vat', bundleId: ids[0]! });
    for (const bundleId of ids.slice(1)) await kernel.upgradeVat(vat.vatId, { bundleId });
    expect(await kernel.call(vat.root, 'describe')).toMatchObject({ starts: 4n, counted: 1 });
  });

  test('an archive installed in two kernels -> one id, one block hash', async () => {
    const hashes: string[] = [];
    // Without its sha512 it is not the one that this process has checked: it is derived again.
    const { moduleFormat, endoZipBase64 } = zip();
    for (const bundle of [zip(), { moduleFormat, endoZipBase64 }]) {
      const kernel = await kernelOver();
      const bundleId = await kernel.installBundle(bundle);
      await kernel.createVat({ name: 'vat', bundleId });
      expect(await kernel.installBundle(zip())).toBe(bundleId);
      hashes.push(`${bundleId} ${kernel.blockHash}`);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  test('an archive without its sha512 -> installed', { tags: ['thorough'] }, async () => {
    const kernel = await kernelOver();
    const { moduleFormat, endoZipBase64 } = zip();
    const bundleId = await kernel.installBundle({ moduleFormat, endoZipBase64 });
    await kernel.createVat({ name: 'vat', bundleId });
  });
});

/** The archive with each `from` as `to`, which is as long: these archives are not compressed. */
const replaced = (bundle: ZipBundle, from: string, to: string): ZipBundle => {
  const archive = Buffer.from(bundle.endoZipBase64, 'base64').toString('latin1');
  expect(archive).toContain(from);
  expect(to).toHaveLength(from.length);
  const changed = Buffer.from(archive.replaceAll(from, to), 'latin1').toString('base64');
  return { ...bundle, endoZipBase64: changed };
};

/** The files of a vat that throws, in a function that another file calls. */
const THROWING: Files = {
  'src/vat.ts': `import { Far } from '../far.js';
import { fail } from './deep.ts';
type T = 1;

export const buildRootObject = (_: T, { early = false } = {}) => {
  if (early) throw RangeError('early');
  const call = (x: T) => fail(x);
  return Far('root', { go: (x: T) => 'é' + call(x) });
};
`,
  'src/deep.ts': `

const text: string = '€𝒳'; export const fail = (x: number): string => {
  const inner = <T>(y: T): string => {
    try { return text; } finally { throw Error(\`\${text} \${y}\`); }
  };
  return text + inner(x);
};
`,
  'far.js': FAR_MODULE,
  'package.json': '{ "type": "module" }',
};

/** Where a text stands in one of them, as a trace says it. */
const placeIn = (file: 'src/vat.ts' | 'src/deep.ts', text: string): string => {
  const before = THROWING[file]!.split(text, 1)[0]!.split('\n');
  return `${file}:${before.length}:${before.at(-1)!.length + 1}`;
};

const GO_FRAMES = [
  `at inner (${placeIn('src/deep.ts', 'Error(')})`,
  `at fail (${placeIn('src/deep.ts', 'inner(x)')})`,
  `at call (${placeIn('src/vat.ts', 'fail(x)')})`,
  `at root.go (${placeIn('src/vat.ts', 'call(x)')})`,
];

describe('formats: places', () => {
  let entry = '';
  beforeAll(async () => {
    const directory = await freshDirectory();
    await writeFiles(directory, THROWING);
    entry = join(directory, 'src/vat.ts');
  });

  const framesOf = (error: Error): string[] =>
    error.stack!.split('\n').map(line => line.trim()).filter(line => line.startsWith('at '));

  test.each(FORMATS)('%s of TypeScript -> traces have the files of the author', async format => {
    const directory = await freshDirectory();
    const log: string[] = [];
    const open = (): Promise<Kernel> =>
      kernelOver({ directory, log: ({ text }) => log.push(text) });
    const kernel = await open();
    const bundleId = await kernel.installBundle(await bundleVat(entry, { format }));
    const early = { name: 'early', bundleId, vatParameters: { early: true } };
    const failed = await errorOf(kernel.createVat(early));
    const start = `at buildRootObject (${placeIn('src/vat.ts', "RangeError('early')")})`;
    expect(framesOf(failed)[0]).toBe(start);
    expect(log[0]).toContain(`\n    ${start}`);
    const { root } = await kernel.createVat({ name: 'vat', bundleId });
    const frames = async (call: Promise<unknown>): Promise<string[]> =>
      framesOf(await errorOf(call)).slice(0, GO_FRAMES.length);
    expect(await frames(kernel.call(root, 'go', [7]))).toEqual(GO_FRAMES);
    await kernel.close();
    const again = await open();
    expect(await frames(again.call(again.vat('vat').root, 'go', [8]))).toEqual(GO_FRAMES);
  });

  test('files that begin with a byte order mark -> the same places', async () => {
    const files: Files = {
      ...THROWING,
      'src/all.ts': "import './b.cjs'; export * from './vat.js'; export const a = () => fail(1);",
      'src/b.cjs': "exports.b = () => { throw Error('b'); }; var later = () => exports.b();\n//",
      'src/deep.ts': `export const one = () => { throw Error('1'); };${THROWING['src/deep.ts']!}`,
    };
    const marked = Object.entries(files).map(([file, text]) =>
      file.endsWith('.json') ? [file, text] : [file, `\ufeff${text}`],
    );
    const bundled = async (written: Files): Promise<unknown> => {
      const directory = await freshDirectory();
      await writeFiles(directory, written);
      const bundle = await bundleVat(join(directory, 'src/all.ts'), { warn: () => undefined });
      return { ...bundle, sourceMap: JSON.parse(bundle.sourceMap ?? '') as unknown };
    };
    expect(await bundled(Object.fromEntries(marked))).toEqual(await bundled(files));
  });

  test('a dry run of code that is not installed -> the same in its trace', async () => {
    const kernel = await kernelOver();
    const bundleId = await kernel.installBundle(await bundleVat(entry));
    const { vatId } = await kernel.createVat({ name: 'vat', bundleId });
    for (const format of ['nestedEvaluate', 'endoZipBase64'] as const) {
      const bundle = await bundleVat(entry, { format });
      const vatParameters = { early: true };
      const { trace } = await kernel.checkUpgrade(vatId, { bundle, vatParameters });
      expect(trace).toContain(placeIn('src/vat.ts', "RangeError('early')"));
    }
  });

  test('a bundle of endo, without a map -> the author\'s lines and columns', async () => {
    const kernel = await kernelOver();
    const throws = { entry: fixtureOf('throws.js'), format: 'nestedEvaluate' } as const;
    const [nested] = await endoBundles([throws]);
    const bundleId = await kernel.installBundle(nested!);
    const { root } = await kernel.createVat({ name: 'vat', bundleId });
    const [frame] = framesOf(await errorOf(kernel.call(root, 'go', [])));
    const file = '/bundled-source/.../test/vats/formats/throws.js';
    expect(frame).toBe(`at <anonymous> (${file}:4:35)`);
  });

  test('a map of something else, one that cannot be read -> as without it, refused', async () => {
    const kernel = await kernelOver();
    for (const format of ['nestedEvaluate', 'endoZipBase64'] as const) {
      const bundle = await bundleVat(entry, { format });
      const torn = kernel.installBundle({ ...bundle, sourceMap: '{' });
      await expect(torn).rejects.toMatchObject({ code: 'BAD_BUNDLE' });
      const given = JSON.parse(bundle.sourceMap ?? '') as object;
      const map = JSON.stringify({ ...given, file: 'other.js' });
      const bundleId = await kernel.installBundle({ ...bundle, sourceMap: map });
      const { root } = await kernel.createVat({ name: format, bundleId });
      const [frame] = framesOf(await errorOf(kernel.call(root, 'go', [7])));
      expect(frame).toMatch(/^at inner \(\S*vat\/vat\.js:\d+:\d+\)$/);
    }
  });
});

describe('formats: what is refused', () => {
  const refused = async (bundle: unknown, message: RegExp): Promise<void> => {
    const kernel = await kernelOver();
    const input = kernel.lastInput;
    const install = kernel.installBundle(bundle as VatBundle);
    await expect(install).rejects.toMatchObject({ code: 'BAD_BUNDLE', message });
    expect(kernel.lastInput).toBe(input);
  };

  test('a wrong sha512 -> refused, and it says which was expected', async () => {
    await (await kernelOver()).installBundle(zip()); // that it is known now does not help
    const wrong = hash('sha512', 'something else');
    const bundle = { ...zip(), endoZipBase64Sha512: wrong };
    await refused(bundle, new RegExp(`SHA-512 integrity check, expected ${wrong}`));
    await refused({ ...zip(), endoZipBase64Sha512: 'abc' }, /128 hexadecimal digits/);
  });

  test('a module changed in the archive -> refused, with or without sha512', async () => {
    const changed = replaced(zip(), 'default of names', 'default of nobody'.slice(0, 16));
    await refused(changed, /CRC-32|SHA-512 integrity check/);
    const { moduleFormat, endoZipBase64 } = changed;
    await refused({ moduleFormat, endoZipBase64 }, /CRC-32|SHA-512 integrity check/);
  });

  test('no zip file, no base64, an archive cut short -> refused', async () => {
    const { endoZipBase64 } = zip();
    await refused({ ...zip(), endoZipBase64: 'AAAA' }, /not a vat bundle: /);
    await refused({ ...zip(), endoZipBase64: '*no base64*' }, /endoZipBase64 is not base64/);
    const cut = endoZipBase64.slice(0, endoZipBase64.length >> 3 << 2);
    await refused({ ...zip(), endoZipBase64: cut }, /not a vat bundle: /);
    await refused({ moduleFormat: 'endoZipBase64', source: '' }, /endoZipBase64 must be a string/);
  });

  test.each(['nestedEvaluate', 'getExport', 'endoScript'] as const)(
    '%s that does not parse, or only once it is wrapped -> refused',
    async moduleFormat => {
      await refused({ moduleFormat, source: '(() => {' }, /does not parse/);
      await refused({ moduleFormat, source: '0)); ((0' }, /does not parse/);
      await refused({ moduleFormat, source: 7 }, /must be strings/);
    },
  );

  test('a format that there is not -> bundleVat names those that there are', async () => {
    const bundling = bundleVat(ENTRY, { format: 'tarball' as never });
    await expect(bundling).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(/getExport/),
    });
  });

  test('an import that only a host has -> refused, whoever has bundled it', async () => {
    const entry = fixtureOf('imports-host.js');
    for (const format of FORMATS) {
      const bundling = bundleVat(entry, { format });
      await expect(bundling).rejects.toMatchObject({
        code: 'BAD_BUNDLE',
        message: expect.stringMatching(/node:fs/),
      });
    }
    const formats = ['endoZipBase64', 'nestedEvaluate', 'getExport'] as const;
    const bundles = await endoBundles(formats.map(format => ({ entry, format })));
    for (const bundle of bundles) await refused(bundle, /node:fs/);
  });
});
