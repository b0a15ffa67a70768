import { Far } from '@endo/far';
import { add } from './typed-parts.ts';
import type { Total } from './typed-parts.ts';

/** A vat in TypeScript, of several files: imports name the `.ts` files, as Node's own do. */
export const buildRootObject = () => {
  const state: Total = { total: 0n };
  return Far('root', { add: (amount: bigint) => add(state, amount) });
};
