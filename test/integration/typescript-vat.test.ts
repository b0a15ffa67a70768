/** A vat written in TypeScript: bundled as it is, type-checked against `@heirloom/worker/vat`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleVat } from '@heirloom/kernel';
import type { BundleFormat, VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';

const PROJECT = fileURLToPath(new URL('../vats/typescript/tsconfig.json', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));

const FORMATS: readonly BundleFormat[] = [
  'endoScript',
  'endoZipBase64',
  'nestedEvaluate',
  'getExport',
];

test('a .ts entry -> bundled, runs, survives an upgrade', async () => {
  const kernel = await kernelOver();
  const bundleId = await install(kernel, 'typescript/typed.ts');
  const { root, vatId } = await kernel.createVat({ name: 'typed', bundleId });
  const account = (await kernel.call(root, 'open', [1n])) as VatReference;
  expect(await kernel.call(account, 'deposit', [2n])).toBe(3n);
  const desk = (await kernel.call(root, 'desk')) as VatReference;
  await kernel.upgradeVat(vatId, { bundleId });
  expect(await kernel.call(desk, 'read', ['a note'])).toBe('a note');
  await kernel.call(root, 'dismiss');
  await expect(kernel.call(desk, 'read', ['another'])).rejects.toThrow('was dismissed');
  expect(await kernel.call(account, 'deposit', [2n])).toBe(5n);
  await expect(kernel.call(account, 'deposit', [-2n])).rejects.toThrow('Must be non-negative');
  expect(await kernel.call(root, 'count', [])).toBe(1);
  await kernel.call(root, 'note', ['é']);
  expect(await kernel.call(root, 'names', [])).toEqual([2]);
});

const split = 'a .ts entry that imports another .ts file -> bundled in every format, runs';
test(split, { tags: ['thorough'] }, async () => {
  const entry = fileURLToPath(new URL('../vats/typescript/typed-split.ts', import.meta.url));
  const kernel = await kernelOver();
  for (const format of FORMATS) {
    const bundleId = await kernel.installBundle(await bundleVat(entry, { format }));
    const { root } = await kernel.createVat({ name: format, bundleId });
    await kernel.call(root, 'add', [1n]);
    expect(await kernel.call(root, 'add', [2n])).toBe(3n);
  }
});

test('types for vat authors -> the vat type-checks, strictly', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [TSC, '-p', PROJECT]);
  expect(stdout).toBe('');
});
