/**
 * What lmdb loads its native addon with, in the scripts of vat threads: scripts/build-image.mjs
 * puts this module in the place of lmdb's own search. The kernel has found the file; the search
 * loads modules of Node that nothing else in a thread needs.
 */
import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';

/** A part of what vat threads get as `workerData`. */
export interface AddonData {
  /** A path (packages/store, addon-file.ts). */
  readonly lmdbAddon: string;
}

const loadAddon = (): unknown => {
  const { lmdbAddon }: AddonData = workerData;
  return createRequire(import.meta.url)(lmdbAddon);
};

export default loadAddon;
