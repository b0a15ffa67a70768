// A bank that holds its purses in a durable map store and works on them in batches.
import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, _vatParameters, baggage) => {
  const { defineDurableKind, makeKindHandle, makeScalarBigMapStore } = VatData;
  if (!baggage.has('purseKind')) {
    baggage.init('purseKind', makeKindHandle('Purse'));
    baggage.init('purses', makeScalarBigMapStore('purses', { durable: true }));
  }
  const purses = baggage.get('purses');
  const makePurse = defineDurableKind(baggage.get('purseKind'), balance => ({ balance }), {
    getBalance: ({ state }) => state.balance,
    deposit: ({ state }, amount) => {
      state.balance += amount;
      return state.balance;
    },
  });
  return Far('root', {
    create(first, count) {
      for (let i = first; i < first + count; i += 1) purses.init(i, makePurse(100n));
      return purses.getSize();
    },
    touch(keys) {
      let sum = 0n;
      for (const key of keys) sum += purses.get(key).deposit(1n);
      return sum;
    },
    drop(first, count) {
      for (let i = first; i < first + count; i += 1) purses.delete(i);
      return purses.getSize();
    },
  });
};
