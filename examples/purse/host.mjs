import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel } from '@heirloom/kernel';

const directory = await mkdtemp(join(tmpdir(), 'heirloom-purse-'));
const kernel = await openKernel({ directory });

const bundle = await bundleVat(fileURLToPath(new URL('bank.js', import.meta.url)));
const bundleId = await kernel.installBundle(bundle);
const bank = await kernel.createVat({ name: 'bank', bundleId, vatParameters: { bonus: 0n } });

const purse = await kernel.call(bank.root, 'makePurse', [100n]);
console.log('first code: ', await kernel.call(purse, 'deposit', [5n])); // 105n

await kernel.upgradeVat(bank.vatId, { bundleId, vatParameters: { bonus: 1n } });
console.log('second code:', await kernel.call(purse, 'deposit', [5n])); // 111n: the same purse
console.log('incarnation:', kernel.vat('bank').incarnation);

await kernel.close();
await rm(directory, { recursive: true });
