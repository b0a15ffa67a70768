/**
 * `npm run example -- ertp`: a bank on @agoric/ertp, as published on npm, keeps every amount while
 * its code, its customer's code and the host are replaced. `--robbery` issues a ducat that the
 * ledger does not know of, to show that it would be noticed.
 *
 * Exit codes: 0; 1 if any amount is off.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel } from '@heirloom/kernel';
import { Ledger } from './ledger.mjs';

const isRobbery = process.argv.includes('--robbery');
const directory = await mkdtemp(join(tmpdir(), 'heirloom-ertp-'));
const ledger = new Ledger();
let kernel = await openKernel({ directory });

const install = async file =>
  kernel.installBundle(await bundleVat(fileURLToPath(new URL(file, import.meta.url))));
const bank = (method, ...args) => kernel.call(kernel.vat('bank').root, method, args);
const treasury = async (method, ...args) => kernel.call(await bank('getTreasury'), method, args);
const client = (method, ...args) => kernel.call(kernel.vat('client').root, method, args);

let steps = 0;
const step = text => {
  steps += 1;
  console.log(`\n${String(steps).padStart(2)}. ${text}`);
};

const issue = async (payment, value) => {
  await client('keep', payment, await treasury('issue', value));
  ledger.issue(payment, value);
};
const open = async purse => {
  await client('open', purse);
  ledger.open(purse);
};
const deposit = async (purse, payment) => {
  await client('deposit', purse, payment);
  ledger.deposit(purse, payment);
};
const withdraw = async (purse, value, payment) => {
  await client('withdraw', purse, value, payment);
  ledger.withdraw(purse, value, payment);
};

const name = 'Ducats';

step('A bank opens. Its issuer kit is made in a durable zone.');
await kernel.createVat({
  name: 'bank',
  bundleId: await install('bank.js'),
  vatParameters: { name },
});

step('A customer, a vat of its own, opens two purses and is issued 1000 ducats.');
await kernel.createVat({ name: 'client', bundleId: await install('client.js') });
await client('join', await bank('getTeller'));
await open('everyday');
await open('savings');
await issue('loan', 1000n);
await deposit('everyday', 'loan');

step('It saves 400 and withdraws two payments that nobody has deposited yet.');
await withdraw('everyday', 400n, 'transfer');
await deposit('savings', 'transfer');
await withdraw('everyday', 150n, 'rent');
await withdraw('savings', 25n, 'gift');
if (isRobbery) await client('keep', 'loot', await treasury('issue', 1n));
await ledger.audit(client);

step('The bank gets new code, with purses and payments outstanding.');
const second = { bundleId: await install('bank-v2.js'), vatParameters: { name } };
const { incarnationNumber } = await kernel.upgradeVat(kernel.vat('bank').vatId, second);
console.log(`     the bank's incarnation: ${incarnationNumber}`);
await ledger.audit(client);

step('The payments made by the old code are deposited and burnt by the new.');
await deposit('savings', 'rent');
const burnt = ledger.burn('gift');
await treasury('burn', await client('pay', 'gift'));
await ledger.audit(client);

step('The auditor, a facet that the old code did not have, reports on the old bank object.');
const report = async () => kernel.call(await treasury('getAuditor'), 'report');
const { issued, current } = await report();
ledger.expect('issued', issued.value, 1000n);
ledger.expect('issued, less burnt', current.value, 1000n - burnt);
ledger.expect('held by the customer', await client('total'), current.value);

step('Two deposits are sent, and an upgrade of the bank between them.');
await withdraw('everyday', 60n, 'first');
await withdraw('everyday', 40n, 'second');
await Promise.all([
  deposit('savings', 'first'),
  kernel.upgradeVat(kernel.vat('bank').vatId, second),
  deposit('savings', 'second'),
]);
await ledger.audit(client);

step('The customer gets new code, and then the host is started again.');
const { bundleId, vatId } = kernel.vat('client');
await kernel.upgradeVat(vatId, { bundleId });
await kernel.close();
kernel = await openKernel({ directory });
await withdraw('savings', 5n, 'coffee');
await ledger.audit(client);
ledger.expect('says the auditor', (await report()).current.value, ledger.total);

await kernel.close();
await rm(directory, { recursive: true });
const { errors } = ledger;
console.log(errors === 0 ? '\nEvery amount is right.' : `\nComparisons that failed: ${errors}.`);
process.exitCode = errors === 0 ? 0 : 1;
