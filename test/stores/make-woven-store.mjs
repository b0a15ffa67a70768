/**
 * Makes a store whose image is of the release before: `node make-woven-store.mjs CHECKOUT OUT`,
 * where CHECKOUT is a clone at the last commit that weaves so, after `npm ci && npm run build`, and
 * OUT the directory beside this file. Woven code 2: commit 4ce0a53.
 *
 * Its vat has what a later weaver weaves in another way. Prints the hashes of the blocks that the
 * release goes on with, for test/upgrade/older-weaving.test.ts.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const [checkout, out] = process.argv.slice(2, 4).map(path => resolve(path));
const inCheckout = path => import(pathToFileURL(join(checkout, path)).href);
const { openKernel } = await inCheckout('packages/kernel/dist/index.js');
const { open } = createRequire(join(checkout, 'packages/store/'))('lmdb');
const text = await readFile(new URL('woven-vat.txt', import.meta.url), 'utf8');
const bundle = name => ({ moduleFormat: 'endoScript', source: text.replace('NAME', name) });

const directory = await mkdtemp(join(tmpdir(), 'heirloom-woven-'));
const add = async (kernel, name, n) => {
  const bundleId = await kernel.installBundle(bundle(name));
  const { root } = await kernel.createVat({ name, bundleId });
  await kernel.call(root, 'go', [n]);
};
let kernel = await openKernel({ directory });
await add(kernel, 'one', 3);
await kernel.close();

const root = open({ path: directory, encoding: 'binary', keyEncoding: 'binary', maxDbs: 16 });
await root.openDB('local', { encoding: 'binary', keyEncoding: 'binary' }).clearAsync();
const copy = await mkdtemp(join(tmpdir(), 'heirloom-woven-'));
await root.backup(copy, true);
await root.close();
const quality = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS };
const packed = brotliCompressSync(await readFile(join(copy, 'data.mdb')), { params: quality });
await mkdir(out, { recursive: true });
await writeFile(join(out, 'store.mdb.br'), packed);

await cp(join(copy, 'data.mdb'), join(directory, 'data.mdb'));
kernel = await openKernel({ directory });
await kernel.call(kernel.vat('one').root, 'go', [4]);
const called = kernel.blockHash;
await add(kernel, 'two', 5);
console.log({ called, added: kernel.blockHash, bytes: packed.length });
await kernel.close();
for (const path of [directory, copy]) await rm(path, { recursive: true });
