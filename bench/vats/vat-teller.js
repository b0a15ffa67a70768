// A bank's client that needs no RAM for its purses: it keeps them in a durable store, under numbers
// from 0 on, and pays into purses that lie far apart.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Prime to every number of purses that is a power of ten. */
const STRIDE = 37_813;

export const buildRootObject = (_vatPowers, _vatParameters, baggage) => {
  if (!baggage.has('purses')) {
    baggage.init('purses', VatData.makeScalarBigMapStore('purses', { durable: true }));
  }
  const purses = baggage.get('purses');
  let next = 0;
  const nextPurse = () => {
    next = (next + STRIDE) % purses.getSize();
    return purses.get(next);
  };
  return Far('teller', {
    async collect(bank, count) {
      const made = await E(bank).make(count);
      for (const purse of made) purses.init(purses.getSize(), purse);
      return made.length;
    },
    async deposit(count) {
      const pending = [];
      for (let i = 0; i < count; i += 1) pending.push(E(nextPurse()).deposit(1n));
      return (await Promise.all(pending)).length;
    },
    /** The version of the behaviour that some purse has now. */
    version: () => E(nextPurse()).version(),
  });
};
