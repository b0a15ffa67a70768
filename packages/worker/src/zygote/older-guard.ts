/**
 * What an image that tells an engine's errors by their text needs to tell them by origin: a script
 * of its own, which image-repair.ts puts in front of such an image.
 */
import './error-constructors.js';
import { isHostsWant, lookAtCaught } from './engine-errors.js';

/** Judges an error that vat code has caught, once: is it the engine's, and this host's want? */
export const isWant = (error: Error): boolean => {
  const isShort = isHostsWant(error);
  lookAtCaught(error);
  return isShort;
};
