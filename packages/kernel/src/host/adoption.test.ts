import { bundleIdFrom } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { deriveBundles } from './adoption.js';

test('adoption: an archive that an older release has named -> keeps its id', async () => {
  const bundleId = bundleIdFrom('0'.repeat(64));
  const archive = { bundleId, moduleFormat: 'endoZipBase64', source: 'AAAA' } as const;
  const derived = { script: '({})', sha512: '1'.repeat(128) };
  const deriveArchive = () => Promise.resolve(derived);
  const bundles = await deriveBundles({ sources: () => [archive] }, { deriveArchive });
  expect(bundles).toEqual([{ ...archive, script: derived.script }]);
});
