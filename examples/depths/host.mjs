/**
 * `npm run example -- depths`: one purse, and five depths at which what it does is changed. The
 * reference that the host got at first is good after each: docs/upgrade/depths.md.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel, readImage } from '@heirloom/kernel';

const directory = await mkdtemp(join(tmpdir(), 'heirloom-depths-'));
const kernel = await openKernel({ directory });
const install = async file =>
  kernel.installBundle(await bundleVat(fileURLToPath(new URL(file, import.meta.url))));
const show = (depth, text) => console.log(`${depth.padEnd(20)} ${text}`);

const bundleId = await install('bank.js');
const bank = await kernel.createVat({ name: 'bank', bundleId });
const purse = await kernel.call(bank.root, 'makePurse');
const governor = await kernel.call(bank.root, 'getGovernor');
const deposit = async () => `100 more: ${await kernel.call(purse, 'deposit', [100n])}`;
show('at first', await deposit());

// 1. A parameter: a message to the facet that governs it.
await kernel.call(governor, 'setRate', [2n]);
show('1 a parameter', await deposit());

// 2. A pure function: its source is durable data, and runs with no authority at all.
await kernel.call(governor, 'setFormula', ['(amount, rate) => (amount * rate) / 100n + 1n']);
show('2 a pure function', await deposit());
const wrong = await kernel.call(governor, 'setFormula', ['() => 1']).catch(error => error);
show('', `refused: ${wrong.message}`);

// 3. Behaviour that bears data: new code for every purse there is.
await kernel.upgradeVat(bank.vatId, { bundleId: await install('bank-v2.js') });
show('3 behaviour', `10 less: ${await kernel.call(purse, 'withdraw', [10n])}`);

// 4. What is under the vat: another image, here one that differs by a comment.
const source = `${readImage().source}// the next release\n`;
const image = { id: createHash('sha256').update(source).digest('hex'), source };
await kernel.adoptImage({ image });
const { imageId, bundleId: present } = kernel.vat('bank');
show('4 the image', `adopted; the bank is on it: ${imageId === image.id}`);
await kernel.upgradeVat(bank.vatId, { bundleId: present });
show('', `upgraded; the bank is on it: ${kernel.vat('bank').imageId === image.id}`);
show('', await deposit());

await kernel.close();
await rm(directory, { recursive: true });

// 5. The kernel's own tables: `heirloom migrate-store DIR`, while no kernel has the store open.
