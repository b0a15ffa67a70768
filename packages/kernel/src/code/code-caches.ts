/**
 * V8's code caches of images, made in a thread: once per process and image.
 *
 * V8 trusts what it is given: one wrong bit ends the process. So a row of `local` has a digest
 * before the cache, which is compared before V8 sees any of it. A cache that does not fit, and one
 * of a release that wrote no digest, is made anew; so is one whose row cannot be read at all.
 */
import { createHash } from 'node:crypto';
import type { BinaryKey, ReadView } from '@heirloom/store';
import { produceWarmCodeCache } from '@heirloom/worker';
import { readHint } from '../state/damage.js';
import { same } from '../state/frame-codec.js';
import type { ImageSource } from './images.js';

/** A by-product, the same wherever it is made, and in no hash. */
export type MakeCodeCache = (image: ImageSource) => Promise<Uint8Array>;

const made = new Map<string, Promise<Uint8Array>>();

export const warmCodeCache: MakeCodeCache = ({ id, source }) => {
  const cache = made.get(id) ?? produceWarmCodeCache(source);
  made.set(id, cache);
  return cache;
};

const codec = same<readonly [digest: Uint8Array, codeCache: Uint8Array]>('a code cache', 2);
const digestOf = (codeCache: Uint8Array): Uint8Array =>
  createHash('sha256').update(codeCache).digest();

/** The row of a code cache. */
export const packCodeCache = (codeCache: Uint8Array): Uint8Array =>
  codec.encode([digestOf(codeCache), codeCache]);

/** What a release before digests wrote is no frame, as a rule. */
const partsOf = (row: Uint8Array): readonly unknown[] => {
  try {
    return codec.decode(row);
  } catch {
    return [];
  }
};

/** The code cache in a row. Errors: Error says why V8 must not see it. */
export const unpackCodeCache = (row: Uint8Array): Uint8Array => {
  const [digest, codeCache] = partsOf(row);
  if (!(digest instanceof Uint8Array && codeCache instanceof Uint8Array)) {
    throw new Error('the code cache has no digest');
  }
  if (Buffer.compare(digest, digestOf(codeCache)) === 0) return codeCache;
  throw new Error('the digest of the code cache does not fit');
};

/**
 * The code cache that the store keeps under a key, if it may be used; `tell` is given a sentence
 * where there is one that may not.
 */
export const storedCodeCache = (
  view: ReadView,
  key: BinaryKey,
  tell: (text: string) => void,
): Uint8Array | undefined => readHint(view, key, { decode: unpackCodeCache }, tell);
