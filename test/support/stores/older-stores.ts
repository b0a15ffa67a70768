/** Stores that older releases have written, as they left them: test/stores. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { freshDirectory } from '../kernels/fresh-kernels.js';

const STORES = new URL('../../stores/', import.meta.url);

interface Head {
  readonly schema: number;
  readonly height: number;
  readonly hash: string;
}

/** The last blocks of the stores, as make-store.mjs printed them; the oldest first. */
export const OLDER_HEADS: readonly Head[] = [
  {
    schema: 1,
    height: 17,
    hash: 'c9a882094fd98433291096d4c6c996ae471f737caa9e74c662e26a0b68834386',
  },
  {
    schema: 2,
    height: 17,
    hash: 'ffdc565f5fbac5cf1e0a460e06085bdbc7701ce7e664057fc564341c9a9b2ab4',
  },
  {
    schema: 3,
    height: 17,
    hash: '098355dad6e7be2b66848ce21fc298ce9f2c9620c92a8c6c6b00595b330e48e4',
  },
];

/** The input that sent a message to a promise which nobody has settled. */
export const MESSAGE_ON_PROMISE = 16;

/** Stores that one release wrote under several releases of Node, by the names of their rooms. */
export const OLDER_NODES: readonly string[] = ['3', '3-node-22', '3-node-24'];

/**
 * A fresh copy, in a directory with room beside it. `which`: a schema, or one of `OLDER_NODES`.
 */
export const olderStore = (which: number | string): Promise<string> => copyOf(`schema-${which}`);

const copyOf = async (room: string): Promise<string> => {
  const directory = join(await freshDirectory(), 'store');
  await mkdir(directory);
  const packed = await readFile(new URL(`${room}/store.mdb.br`, STORES));
  await writeFile(join(directory, 'data.mdb'), await promisify(brotliDecompress)(packed));
  await writeFile(join(directory, 'heirloom-store'), 'A store of Heirloom.\n');
  return directory;
};

/** Of the oldest schema. */
export const schema1Store = (): Promise<string> => olderStore(1);

/** The last block of the poisoned store, as make-poisoned-store.mjs printed it. */
export const POISONED_HEAD: Head = {
  schema: 2,
  height: 11,
  hash: '8e7e364961da47e91382cf8377987ddda9caa410b4c1006fda852b3a4763b411',
};
/** What its innocent vat has counted, in its heap alone. */
export const POISONED_COUNT = 5;

/** The release that wrote it stops whenever it opens it. */
export const poisonedStore = (): Promise<string> => copyOf('poisoned');
