/**
 * A host that may be killed at any moment and goes on where its store is, block by block, up to a
 * height, under whichever Node runs it: `node moving-host.mjs DIRECTORY OPTIONS`, OPTIONS as JSON
 * `{ "seed": N, "until": HEIGHT, "adoptAt": [HEIGHT...], "bundle": FILE, "tells": BOOLEAN }`.
 *
 * What a block does depends on the seed, the height and the store alone (moving-script.mjs): purses
 * are made, found again among what the host holds, bound to names, paid into, let go of. Prints
 * `HEIGHT HASH` for each block; with `tells`, what there is in the end, in one block more.
 */
import { readFileSync } from 'node:fs';
import { HostError, openKernel } from '@heirloom/kernel';
import { FIRST_PURSE_AT, planOf } from './moving-script.mjs';

const [directory, options] = process.argv.slice(2);
const { seed, until, adoptAt, bundle, tells } = JSON.parse(options);

const open = { directory, blocks: 'host', spareThreads: 0 };
const kernel = await openKernel(open).catch(error => {
  const isOther = error instanceof HostError && error.code === 'ENGINE_MISMATCH';
  if (isOther) return openKernel({ ...open, adoptEngine: true });
  throw error;
});

/** What results gave and no name is bound to. */
const unbound = () => {
  const known = new Set(kernel.bindings().map(({ reference }) => reference.kref));
  known.add(kernel.vat('bank').root.kref);
  const { references } = kernel.references({ limit: 10_000 });
  return references.filter(({ kref }) => !known.has(kref));
};

const begin = async () => {
  const prepared = await kernel.prepareBundle(JSON.parse(readFileSync(bundle, 'utf8')));
  const { bundleId } = prepared;
  return [kernel.installBundle(prepared), kernel.createVat({ name: 'bank', bundleId })];
};

const goOn = height => {
  const done = [];
  for (const { kref } of unbound()) {
    done.push(kernel.bind(`purse-${kref}`, kernel.reference(kref)));
    kernel.release(kref);
  }
  const names = kernel.bindings().map(({ name }) => name);
  const { pays, unbindsAt, balance } = planOf(seed, height, names.length);
  for (const { at, amount } of pays) {
    done.push(kernel.send(kernel.bound(names[at]), 'deposit', [amount]).result);
  }
  if (unbindsAt !== undefined) done.push(kernel.unbind(names[unbindsAt]));
  const { root } = kernel.vat('bank');
  done.push(kernel.send(root, 'makePurse', [`purse ${height}`, balance]).result);
  return done;
};

const runBlock = async begun => {
  await kernel.run();
  const hash = await kernel.commit();
  process.stdout.write(`${kernel.height} ${hash}\n`);
  return Promise.all(begun);
};

while (kernel.height < until) {
  const height = kernel.height + 1;
  if (adoptAt.includes(height)) await runBlock([kernel.adoptEngine()]);
  else await runBlock(height < FIRST_PURSE_AT ? await begin() : goOn(height));
}
if (tells) {
  const { root } = kernel.vat('bank');
  const [names] = await runBlock([kernel.send(root, 'getNames').result]);
  const purses = await runBlock(names.map(name => kernel.send(root, 'getPurse', [name]).result));
  const balances = await runBlock(purses.map(purse => kernel.send(purse, 'getBalance').result));
  const bound = kernel.bindings().map(({ reference }) => reference);
  const answers = await runBlock(bound.map(purse => kernel.send(purse, 'getBalance').result));
  const told = {
    total: balances.reduce((sum, balance) => sum + balance, 0),
    names: answers.length,
    stranded: kernel.vats().filter(({ stranded }) => stranded !== undefined).length,
    findings: kernel.audit({ rows: true }).findings,
    node: process.version,
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
await kernel.close();
