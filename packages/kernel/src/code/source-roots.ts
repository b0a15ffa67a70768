/**
 * Where the author's files are of the bundles that this process has made: for debuggers, which find
 * files by their paths. A bundle and its source map do not say it, so that they are the same
 * wherever they are made.
 */
import type { BundleId } from '@heirloom/worker';

const ROOTS_MAX = 1_000;
const roots = new Map<BundleId, string>();

/** `root`: a URL of the directory from which the source map names its files. */
export const rememberRoot = (bundleId: BundleId, root: string): void => {
  if (roots.size >= ROOTS_MAX) roots.clear();
  roots.set(bundleId, root);
};

/** Where the bundle was made last; undefined if that was not here. */
export const rememberedRoot = (bundleId: BundleId): string | undefined => roots.get(bundleId);
