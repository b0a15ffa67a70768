/**
 * Baggage: the durable map, `o+d6/1`, that carries a vat's state from one incarnation to the next.
 */
import { M } from '@endo/patterns';
import type { Pattern } from '@endo/patterns';
import type { Collections } from './collections.js';

const KEY_SHAPE: Pattern = M.string();

/** Made by the vat's first incarnation; later ones get the same. */
export const provideBaggage = (collections: Collections): object =>
  collections.provideBaggage(KEY_SHAPE);
