/** Reads the store's own rows of `meta`: frames of one non-negative integer. */
import assert from 'node:assert/strict';
import type { Transaction } from 'lmdb';
import type { Environment } from './environment.js';
import { unpackFrame } from './frame.js';
import { metaKey } from './keys.js';

export function readMetaInteger(
  environment: Environment,
  name: 'schema' | 'height',
  transaction?: Transaction,
): number | undefined {
  const bytes = environment.get('meta', metaKey(name), transaction);
  if (bytes === undefined) return undefined;
  const [value, ...rest] = unpackFrame(bytes);
  assert(typeof value === 'number' && value >= 0 && rest.length === 0, `meta ${name}`);
  return value;
}
