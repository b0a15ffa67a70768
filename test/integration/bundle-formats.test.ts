/** Bundles in all formats of `@endo/bundle-source`: one behaviour; what is corrupt is refused. */
import { hash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat } from '@heirloom/kernel';
import type { BundleFormat, Kernel, VatBundle } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { isThorough } from '../support/suite/amounts.js';
import { endoBundles } from '../support/bundles/endo-bundles.js';
import { bundleOf } from '../support/bundles/fixtures.js';
import { freshDirectory, isolation, kernelOver } from '../support/kernels/fresh-kernels.js';

type ZipBundle = Extract<VatBundle, { readonly moduleFormat: 'endoZipBase64' }>;

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

describe('formats: places', () => {
  test('getExport of TypeScript -> traces have the files of the author', async () => {
    const directory = await freshDirectory();
    const entry = join(directory, 'vat.ts');
    const thrown = 'throw RangeError("early");';
    const text = `type T = 1;\n\nexport const buildRootObject = (_: T): T => {\n  ${thrown}\n};\n`;
    await writeFile(entry, text);
    const kernel = await kernelOver();
    const bundleId = await kernel.installBundle(await bundleVat(entry, { format: 'getExport' }));
    const created = kernel.createVat({ name: 'vat', bundleId });
    await expect(created).rejects.toMatchObject({ stack: expect.stringContaining('(vat.ts:4:9)') });
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
