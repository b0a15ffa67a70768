/**
 * Where the source maps of bundles are kept, and where on this machine the files are that these
 * name: beside the state, in the table that nothing hashes. For traces and debuggers alone.
 */
import { localKey, type BinaryKey, type ReadView } from '@heirloom/store';
import { isBundleId, type BundleId } from '@heirloom/worker';
import { keysOf, rowAt } from '../state/scan.js';

const PREFIX = localKey('sourceMap/');

export const sourceMapKey = (bundleId: BundleId): BinaryKey => `${PREFIX}${bundleId}`;

/** A URL. It leaves no store: an exported state has the maps alone. */
export const sourceRootKey = (bundleId: BundleId): BinaryKey => localKey(`sourceRoot/${bundleId}`);

/** Those that a store has, in order of the bundles' ids. */
export function* storedSourceMaps(
  view: ReadView,
): Generator<readonly [bundleId: BundleId, map: Uint8Array], void> {
  for (const key of keysOf(view, 'local', PREFIX)) {
    const bundleId = key.slice(PREFIX.length);
    if (isBundleId(bundleId)) yield [bundleId, rowAt(view, 'local', key)];
  }
}
