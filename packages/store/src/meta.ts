/** Reads the store's own rows of `meta`: frames of one non-negative integer. */
import assert from 'node:assert/strict';
import { unpackFrame } from './frame.js';
import { metaKey } from './keys.js';
import type { Environment, EnvironmentSnapshot } from './store-place.js';

export function readMetaInteger(
  environment: Environment,
  name: 'schema' | 'height',
  snapshot?: EnvironmentSnapshot,
): number | undefined {
  const bytes = environment.get('meta', metaKey(name), snapshot);
  if (bytes === undefined) return undefined;
  const [value, ...rest] = unpackFrame(bytes);
  assert(typeof value === 'number' && value >= 0 && rest.length === 0, `meta ${name}`);
  return value;
}
