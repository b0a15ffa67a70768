import type { RowChange } from '@heirloom/store';
import { bundleIdFrom, imageIdFrom } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { commitTables, openTestStore } from '../testing/test-store.js';
import type { CheckedBundle } from './bundle.js';
import { InstalledBundles } from './installed.js';

const bundleId = bundleIdFrom('0'.repeat(128));
const archive = (source: string): CheckedBundle => ({
  ...{ bundleId, moduleFormat: 'endoZipBase64', source },
  script: '({})',
});

test('installed: where the files of a map are -> kept beside it', async () => {
  const store = await openTestStore();
  const bundles = new InstalledBundles(store, { currentId: imageIdFrom('1'.repeat(64)) });
  const bundle: CheckedBundle = { ...archive('first'), sourceMap: '{}' };
  bundles.add(bundle);
  expect(bundles.sourceRootOf(bundleId)).toBe(undefined);
  bundles.add({ ...bundle, sourceRoot: 'file:///home/a/' });
  expect(bundles.sourceRootOf(bundleId)).toBe('file:///home/a/');
  const changes: RowChange[] = [];
  bundles.sourceMaps(changes);
  expect(changes.map(({ table, key }) => [table, key])).toEqual([
    ['local', `sourceMap/${bundleId}`],
    ['local', `sourceRoot/${bundleId}`],
  ]);
});

test('installed: one bundle as two zip files, for two images -> the first stays', async () => {
  const store = await openTestStore();
  const images = { currentId: imageIdFrom('1'.repeat(64)) };
  const bundles = new InstalledBundles(store, images);
  bundles.add(archive('first'));
  bundles.add(archive('second'));
  expect(bundles.unshown().map(({ source }) => source)).toEqual(['first']);
  images.currentId = imageIdFrom('2'.repeat(64));
  bundles.add(archive('third'));
  expect(bundles.unshown().map(({ source }) => source)).toEqual(['first']);
  await commitTables(store, bundles);
  expect(bundles.unshown()).toEqual([]);
  images.currentId = imageIdFrom('3'.repeat(64));
  bundles.add(archive('fourth'));
  expect(bundles.unshown()).toEqual([]);
  await commitTables(store, bundles);
  expect(bundles.sources().map(({ source }) => source)).toEqual(['first']);
});
