/**
 * Bundle caps as a vat knows them: which of its imports stand for which bundles.
 *
 * A delivery says it of each cap that it mentions, and startVat of each that the vat has, so that a
 * replay knows what the vat knew. The bytes a worker reads from the store, by the id, which is
 * their hash; what the store does not show yet comes in a frame of its own.
 */
import type { BundleId } from './code-ids.js';
import type { VRef } from './refs.js';

export type BundleCaps = readonly (readonly [vref: VRef, bundleId: BundleId])[];

/** As it was installed. */
export interface BundleText {
  readonly moduleFormat: string;
  readonly source: string;
}

/** An image whose text has this can be told of bundle caps: older ones cannot. */
export const BUNDLE_CAPS_MARK = 'heirloom image: bundle caps';
