/**
 * `npm run example -- mistakes`: a release with two mistakes is tried before it is an upgrade, and
 * the dry run says what it would break; then the release that is right is tried, and installed:
 * docs/upgrade/change-a-vat-safely.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel } from '@heirloom/kernel';

const directory = await mkdtemp(join(tmpdir(), 'heirloom-mistakes-'));
const kernel = await openKernel({ directory });
const bundleOf = file => bundleVat(fileURLToPath(new URL(file, import.meta.url)));

const bundleId = await kernel.installBundle(await bundleOf('shop.js'));
const shop = await kernel.createVat({ name: 'shop', bundleId });
const lamp = await kernel.call(shop.root, 'order', ['lamp']);
const show = async release =>
  console.log(
    `${release}: open orders ${await kernel.call(shop.root, 'open')},`,
    await kernel.call(lamp, 'status'),
  );
await show('shop.js');

for (const release of ['shop-mistaken.js', 'shop-v2.js']) {
  const bundle = await bundleOf(release);
  const { verdict, warnings } = await kernel.checkUpgrade(shop.vatId, { bundle, compare: true });
  console.log(`\n${release}, tried: ${verdict}`);
  for (const { code, place, text } of warnings) console.log(`  ${code} at ${place}: ${text}`);
  if (verdict !== 'ok') continue;
  await kernel.upgradeVat(shop.vatId, { bundleId: await kernel.installBundle(bundle) });
  await show(release);
}

await kernel.close();
await rm(directory, { recursive: true });
