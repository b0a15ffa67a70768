/**
 * What the engine shows to vat code, in the realm of this worker, which is locked down as vats' are
 * (docs/engines.md): the list of the observations, and their digests.
 *
 * Invariant: an observation depends on the engine alone; not on the time, the time zone or the
 * processor, on how much stack or memory there is, on what V8's compilers have done so far. Of the
 * host's language it depends where vat code does (engine-observer.ts).
 */
import type { VatEnvironment } from '../../contracts/vat-environment.js';
import { intrinsicLooks } from './intrinsic-looks.js';
import { numberLooks } from './number-looks.js';
import { orderLooks } from './order-looks.js';
import { programLooks } from './program-looks.js';
import { proxyLooks } from './proxy-looks.js';
import { Sight, type Look } from './sight.js';
import { textLooks } from './text-looks.js';
import { unicodeLooks } from './unicode-looks.js';

const LOOKS: readonly Look[] = [
  ...numberLooks,
  ...unicodeLooks,
  ...orderLooks,
  ...proxyLooks,
  ...textLooks,
  ...programLooks,
  ...intrinsicLooks,
];

/** See `VatEnvironment.observe`. */
export const observe: VatEnvironment['observe'] = async (whole, made) => {
  const observations: [name: string, digest: string][] = [];
  for (const { name, look } of LOOKS) {
    const sight = new Sight();
    await look(sight, { whole });
    made(observations.push([name, sight.digest()]));
  }
  return observations;
};
