// A bank of durable purses: the vat under measurement. Every kernel of a comparison runs this file
// unchanged.
import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, vatParameters, baggage) => {
  const { defineDurableKind, makeKindHandle, makeScalarBigMapStore } = VatData;
  if (!baggage.has('purseKind')) {
    baggage.init('purseKind', makeKindHandle('Purse'));
    baggage.init('purses', makeScalarBigMapStore('purses', { durable: true }));
  }
  const purses = baggage.get('purses');
  const version = vatParameters?.version ?? 1;

  const makePurse = defineDurableKind(baggage.get('purseKind'), balance => ({ balance }), {
    getBalance: ({ state }) => state.balance,
    deposit: ({ state }, amount) => {
      state.balance += amount;
      return state.balance;
    },
    version: () => version,
  });

  let next = purses.getSize();
  return Far('bank', {
    make(count) {
      const made = [];
      for (let i = 0; i < count; i += 1) {
        const purse = makePurse(100n);
        purses.init(next, purse);
        next += 1;
        made.push(purse);
      }
      return made;
    },
    version: () => version,
  });
};
