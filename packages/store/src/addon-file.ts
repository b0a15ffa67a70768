/**
 * The file of lmdb's native addon, for threads that have lmdb's JavaScript in one script with their
 * own and cannot look for it (packages/worker, scripts/build-image.mjs).
 */
import { createRequire } from 'node:module';
import path from 'node:path';

interface AddonFinder {
  /** Looks below a package's directory, then among its optional packages. */
  path(directory: string): string;
}

let known: string | undefined;

/** Found by the library, and below the directory, by which lmdb finds it. Errors: there is none. */
export const lmdbAddonFile = (): string => {
  if (known === undefined) {
    const main = createRequire(import.meta.url).resolve('lmdb'); // dist/index.cjs
    const finder = createRequire(main)('node-gyp-build-optional-packages') as AddonFinder;
    known = finder.path(path.dirname(path.dirname(main)));
  }
  return known;
};
