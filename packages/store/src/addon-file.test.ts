import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import './environment.js';
import { lmdbAddonFile } from './addon-file.js';

test('the addon of lmdb -> the file that lmdb itself has loaded', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  const addons = loaded.filter(file => file.endsWith('.node') && file.includes('lmdb'));
  expect(addons).toEqual([lmdbAddonFile()]);
});
