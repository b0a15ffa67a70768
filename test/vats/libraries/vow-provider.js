import { Far } from '@endo/far';
import { prepareVowTools } from '@agoric/vow';
import { makeDurableZone } from '@agoric/zone/durable.js';

/** Makes vows, keeps their resolvers, and settles them when told to, in any incarnation. */
export const buildRootObject = (_vatPowers, { version = 1 } = {}, baggage) => {
  const zone = makeDurableZone(baggage, 'provider');
  const { makeVowKit, asVow } = prepareVowTools(zone.subZone('vows'));
  const resolvers = zone.mapStore('resolvers');
  const vows = zone.mapStore('vows by name');
  let calls = 0;
  return Far('provider', {
    make: name => {
      const { vow, resolver } = makeVowKit();
      resolvers.init(name, resolver);
      vows.init(name, vow);
      return vow;
    },
    get: name => vows.get(name),
    resolve: (name, value) => resolvers.get(name).resolve(value),
    reject: (name, reason) => resolvers.get(name).reject(reason),
    /** Resolved to what no store can keep. */
    resolveToFar: name => resolvers.get(name).resolve(Far('heap object', { hello: () => 'hi' })),
    resolveToOther: (name, other) => resolvers.get(name).resolve(vows.get(other)),
    asVow: (value, fails) =>
      asVow(() => {
        if (fails) throw TypeError(value);
        return value;
      }),
    /** Settles in version 2 only. */
    slow: key => {
      calls += 1;
      return version === 1 ? new Promise(() => {}) : `${key}, call ${calls} of version ${version}`;
    },
  });
};
