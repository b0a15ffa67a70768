/**
 * node walk-host.mjs COPY BUNDLE: lives through a deposit, an upgrade, a restart and a collection
 * with the traced copy of the packages (traced-copy.ts). Prints for each which files were entered,
 * in the order of time, as JSON: `{ deposit: ['kernel kernel.ts', 'worker entry.ts', ...], ... }`.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [copy, bundleFile] = process.argv.slice(2);
const walkFile = path.join(copy, 'walk');
const traceFile = path.join(copy, 'trace');
writeFileSync(walkFile, '');

let walk = '';
let last;
globalThis.enterFile = name => {
  if (walk === '' || name === last) return;
  last = name;
  appendFileSync(traceFile, `kernel ${name}\n`);
};

const walks = {};
const record = async (name, live) => {
  writeFileSync(traceFile, '');
  writeFileSync(walkFile, name);
  walk = name;
  last = undefined;
  const result = await live();
  walk = '';
  writeFileSync(walkFile, '');
  walks[name] = readFileSync(traceFile, 'utf8').split('\n').slice(0, -1);
  return result;
};

const { openKernel } = await import(path.join(copy, 'packages/kernel/dist/index.js'));
const directory = path.join(copy, 'store');
const options = { directory, spareThreads: 0 };
let kernel = await openKernel(options);
const bundleId = await kernel.installBundle(JSON.parse(readFileSync(bundleFile, 'utf8')));
const bank = await kernel.createVat({ name: 'bank', bundleId });
const purse = await kernel.call(bank.root, 'makePurse', ['mine', 100n]);

await record('deposit', () => kernel.call(purse, 'deposit', [1n]));
await kernel.idle();
await record('upgrade', () => kernel.upgradeVat(bank.vatId, { bundleId }));
await kernel.close();
kernel = await record('restart', () => openKernel(options));
const counter = await kernel.call(kernel.vat('bank').root, 'makeCounter');
await kernel.idle();
await record('collection', async () => {
  kernel.release(counter);
  await kernel.reapAll();
  await kernel.idle();
});
await kernel.close();
process.stdout.write(JSON.stringify(walks));
