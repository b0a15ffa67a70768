/**
 * Ids of code: what a bundle and a zygote image are named by, which is the hash of what they are.
 *
 * docs/internals/brands.md says where they are checked. What is called `stored...` takes an id as a
 * key or a row of the store has it, without a look.
 */
import assert from 'node:assert/strict';
import type { Brand } from '@heirloom/store/types';

/**
 * `b1-` and a hash, hex: of an archive the sha512 of its compartment map, which has the hashes of
 * all modules (so SwingSet names it), of another bundle the sha256 of format and source.
 */
export type BundleId = Brand<string, 'BundleId'>;
/** sha256 of the script of a zygote image, hex. */
export type ImageId = Brand<string, 'ImageId'>;

const BUNDLE_ID = /^b1-(?:[0-9a-f]{64}|[0-9a-f]{128})$/;
/** Can it be a bundle's id? Whether there is such a bundle the store says. */
export const isBundleId = (text: unknown): text is BundleId =>
  typeof text === 'string' && BUNDLE_ID.test(text);

/** `hash`: sha256 or sha512, hex. Errors: AssertionError for another. */
export const bundleIdFrom = (hash: string): BundleId => {
  const id = `b1-${hash}`;
  assert(isBundleId(id), `the hash of a bundle expected, got ${hash}`);
  return id;
};

export const storedBundleId = (text: string): BundleId => text as BundleId;

/** A bundle's script is named by its id with this before it, wherever V8 names scripts. */
export const SCRIPT_SCHEME = 'heirloom:';

const IMAGE_ID = /^[0-9a-f]{64}$/;
export const isImageId = (text: unknown): text is ImageId =>
  typeof text === 'string' && IMAGE_ID.test(text);

/** `hash`: sha256, hex. Errors: AssertionError for another. */
export const imageIdFrom = (hash: string): ImageId => {
  assert(isImageId(hash), `the hash of an image expected, got ${hash}`);
  return hash;
};

export const storedImageId = (text: string): ImageId => text as ImageId;
