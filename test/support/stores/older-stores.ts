/** Stores that older releases have written, as they left them: test/stores. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { freshDirectory } from '../kernels/fresh-kernels.js';

const STORE = new URL('../../stores/schema-1/store.mdb.br', import.meta.url);

/** The last block of the store of schema 1, as make-store.mjs printed it. */
export const SCHEMA_1_HEIGHT = 17;
export const SCHEMA_1_HASH = 'c9a882094fd98433291096d4c6c996ae471f737caa9e74c662e26a0b68834386';

/** The input that sent a message to a promise which nobody has settled. */
export const MESSAGE_ON_PROMISE = 16;

/** A fresh copy, in a directory with room beside it. */
export const schema1Store = async (): Promise<string> => {
  const directory = join(await freshDirectory(), 'store');
  await mkdir(directory);
  const data = await promisify(brotliDecompress)(await readFile(STORE));
  await writeFile(join(directory, 'data.mdb'), data);
  await writeFile(join(directory, 'heirloom-store'), 'A store of Heirloom.\n');
  return directory;
};
