/**
 * Makes the store that an error's text has poisoned: `node make-poisoned-store.mjs CHECKOUT OUT`,
 * where CHECKOUT is a clone at commit 6889a1c (the release of 2026-11-25), after `npm ci && npm run
 * build`.
 *
 * The release told the engine's errors by their text. Here one vat rejects a promise with
 * `Error('... Out of memory')`; another one, which has counted in its heap alone, is about to catch
 * that: the notification waits on the run queue. The release stops at it whenever it opens the
 * store. Writes store.mdb.br there, without code caches, and prints what the release said.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const [checkout, out] = process.argv.slice(2, 4).map(path => resolve(path));
const inCheckout = path => import(pathToFileURL(join(checkout, path)).href);
const { bundleVat, openKernel } = await inCheckout('packages/kernel/dist/index.js');
const { open } = createRequire(join(checkout, 'packages/store/'))('lmdb');

/** Among the checkout's own vats, so that imports are found. */
const sources = await mkdtemp(join(checkout, 'test/vats/poison-'));
const vatFile = async (name, text) => {
  const file = join(sources, name);
  await writeFile(file, `import { E, Far } from '@endo/far';\n${text}`);
  return file;
};
const innocentFile = await vatFile(
  'innocent.js',
  `export const buildRootObject = () => {
     let count = 0;
     const heard = [];
     return Far('innocent', {
       count: () => (count += 1),
       heard: () => harden([...heard]),
       async ask(shop) {
         try {
           heard.push(await E(shop).price());
         } catch (error) {
           heard.push(error.message);
         }
         return heard.length;
       },
     });
   };`,
);
const shopFile = await vatFile(
  'shop.js',
  `export const buildRootObject = () =>
     Far('shop', { price: () => Promise.reject(Error('no price: Out of memory')) });`,
);

const directory = await mkdtemp(join(tmpdir(), 'heirloom-poisoned-'));
const parameters = { stateRootInterval: 1, vatsMax: 100 };
const log = ({ level, text }) => console.log(`${level}: ${text}`);
let kernel = await openKernel({ directory, blocks: 'host', parameters });
const settle = async work => {
  await kernel.run();
  await kernel.commit();
  return work;
};
const create = async (name, file) => {
  const bundleId = await settle(kernel.installBundle(await bundleVat(file)));
  return settle(kernel.createVat({ name, bundleId }));
};
const innocent = await create('innocent', innocentFile);
const shop = await create('shop', shopFile);
for (let i = 0; i < 5; i += 1) await settle(kernel.send(innocent.root, 'count', []).result);
kernel.send(innocent.root, 'ask', [shop.root]).result.catch(() => undefined);
// The question, the answer; what is left is to tell it.
await kernel.run({ waves: 2 });
await kernel.commit();
const { blockHash, height } = kernel;
await kernel.close();

for (let i = 0; i < 2; i += 1) {
  kernel = await openKernel({ directory, blocks: 'host', log });
  await kernel.run().then(
    () => console.log('it goes on'),
    error => console.log(`stopped: ${error.message}`),
  );
  await kernel.close().catch(error => console.log(error.message));
}

const root = open({ path: directory, encoding: 'binary', keyEncoding: 'binary', maxDbs: 16 });
await root.openDB('local', { encoding: 'binary', keyEncoding: 'binary' }).clearAsync();
const copy = await mkdtemp(join(tmpdir(), 'heirloom-poisoned-'));
await root.backup(copy, true);
await root.close();
const quality = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS };
const packed = brotliCompressSync(await readFile(join(copy, 'data.mdb')), { params: quality });
await mkdir(out, { recursive: true });
await writeFile(join(out, 'store.mdb.br'), packed);
console.log({ height, blockHash, bytes: packed.length });
for (const path of [directory, copy, sources]) await rm(path, { recursive: true });
