/**
 * A host of its own: makes a bank and a hazard, then has the hazard do what it is told. Writes a
 * line for each line of a vat's console, and for how it ended.
 *
 *     node hazard-host.mjs DIRECTORY BUNDLES DEED ISOLATION
 */
import { readFile } from 'node:fs/promises';
import { openKernel } from '@heirloom/kernel';

const [directory, bundles, deed, isolation] = process.argv.slice(2);
const say = text => process.stdout.write(`${text}\n`);
const log = ({ text }) => say(text);
const kernel = await openKernel({ directory, isolation, heapMiBMax: 48, log });
const { bank, hazard } = JSON.parse(await readFile(bundles, 'utf8'));
await kernel.createVat({ name: 'bank', bundleId: await kernel.installBundle(bank) });
const bundleId = await kernel.installBundle(hazard);
const { root } = await kernel.createVat({ name: 'hazard', bundleId });
await kernel.call(root, 'countCalls');
try {
  say(`did ${await kernel.call(root, 'do', [deed])}`);
} catch (error) {
  say(`failed ${error.code}`);
}
await kernel.close();
