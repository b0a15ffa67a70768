/** Reads the store's own rows of `meta`: frames of one non-negative integer. */
import { unpackFrame } from './frames/frame.js';
import { DamageError } from './host-error.js';
import { metaKey } from './keys.js';
import type { Environment, EnvironmentSnapshot } from './store-place.js';
import { isNatural } from './types.js';

/** Errors: HostError STORE_CORRUPT. */
export function readMetaInteger(
  environment: Environment,
  name: 'schema' | 'height',
  snapshot?: EnvironmentSnapshot,
): number | undefined {
  const bytes = environment.get('meta', metaKey(name), snapshot);
  if (bytes === undefined) return undefined;
  const value = soleOf(bytes);
  if (isNatural(value)) return value;
  const why = 'it is no natural number';
  throw new DamageError({ table: 'meta', key: metaKey(name), why });
}

/** The one field of a frame; undefined for anything else. */
function soleOf(bytes: Uint8Array): unknown {
  try {
    const [value, ...rest] = unpackFrame(bytes);
    return rest.length === 0 ? value : undefined;
  } catch {
    return undefined;
  }
}
