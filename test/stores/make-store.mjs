/**
 * Makes a store that the tests migrate: `node make-store.mjs CHECKOUT OUT`, where CHECKOUT is a
 * clone at the last commit of a schema, after `npm ci && npm run build`, and OUT the directory of
 * that schema beside this file. Schema 1: commit c272a77; schema 2: 70d9e68; schema 3: 3075dd4.
 *
 * Every kind of row that a migration changes is in it: vats that run, one that was terminated, one
 * that was upgraded and is to be swept; promises that nobody has settled, with a message queued on
 * one; a creation and an upgrade that wait on the run queue. Every block is sealed. Writes
 * store.mdb.br there, without code caches.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const [checkout, out] = process.argv.slice(2, 4).map(path => resolve(path));
const inCheckout = path => import(pathToFileURL(join(checkout, path)).href);
const { bundleVat, openKernel } = await inCheckout('packages/kernel/dist/index.js');
const { open } = createRequire(join(checkout, 'packages/store/'))('lmdb');

const directory = await mkdtemp(join(tmpdir(), 'heirloom-schema-'));
const parameters = { stateRootInterval: 1, vatsMax: 100 };
const kernel = await openKernel({ directory, blocks: 'host', parameters });
const settle = async work => {
  await kernel.run();
  await kernel.commit();
  return work;
};
const send = (target, method, ...args) => kernel.send(target, method, args).result;
const vats = join(checkout, 'test/vats');
const files = await readdir(vats, { recursive: true });
const install = async name => {
  const file = files.find(path => basename(path) === name);
  return settle(kernel.installBundle(await bundleVat(join(vats, file))));
};

const bankId = await install('bank.js');
const holderId = await install('holder.js');
const callerId = await install('caller.js');
const bank = await settle(kernel.createVat({ name: 'bank', bundleId: bankId }));
const holder = await settle(kernel.createVat({ name: 'holder', bundleId: holderId }));
const target = { vatParameters: { target: holder.root } };
const caller = await settle(kernel.createVat({ name: 'caller', bundleId: callerId, ...target }));
for (const [name, balance] of [['ada', 10], ['ben', 20], ['cyd', 30]]) {
  await settle(send(bank.root, 'makePurse', name, balance));
}
const gone = await settle(kernel.createVat({ name: 'gone', bundleId: holderId }));
await settle(kernel.terminateVat(gone.vatId));
await settle(send(await settle(send(bank.root, 'getPurse', 'ada')), 'deposit', 5));

const { promise } = await settle(send(holder.root, 'make', 'late'));
await settle(send(caller.root, 'callAll', 'result', 2));
const waiting = [send(promise, 'getVersion'), send(caller.root, 'call', 'result', 'late')];
const upgrade = { bundleId: bankId, upgradeMessage: 'the next version' };
const upgradeTo = version =>
  kernel.upgradeVat(bank.vatId, { ...upgrade, vatParameters: { version } });
waiting.push(upgradeTo(2));
await kernel.run({ waves: 1 });
waiting.push(upgradeTo(3), kernel.createVat({ name: 'second', bundleId: holderId }));
for (const work of waiting) work.catch(() => undefined);
await kernel.run({ waves: 0 });
await kernel.commit();
const { blockHash, height } = kernel;
await kernel.close();

const root = open({ path: directory, encoding: 'binary', keyEncoding: 'binary', maxDbs: 16 });
await root.openDB('local', { encoding: 'binary', keyEncoding: 'binary' }).clearAsync();
const copy = await mkdtemp(join(tmpdir(), 'heirloom-schema-'));
await root.backup(copy, true);
await root.close();
const quality = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS };
const packed = brotliCompressSync(await readFile(join(copy, 'data.mdb')), { params: quality });
await mkdir(out, { recursive: true });
await writeFile(join(out, 'store.mdb.br'), packed);
console.log({ height, blockHash, bytes: packed.length });
for (const path of [directory, copy]) await rm(path, { recursive: true });
