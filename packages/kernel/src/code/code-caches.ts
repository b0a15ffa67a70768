/** V8's code caches of images, made in a thread: once per process and image. */
import { produceWarmCodeCache } from '@heirloom/worker';
import type { ImageSource } from './images.js';

/** A by-product, the same wherever it is made, and in no hash. */
export type MakeCodeCache = (image: ImageSource) => Promise<Uint8Array>;

const made = new Map<string, Promise<Uint8Array>>();

export const warmCodeCache: MakeCodeCache = ({ id, source }) => {
  const cache = made.get(id) ?? produceWarmCodeCache(source);
  made.set(id, cache);
  return cache;
};
