import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Durable purses; the parameters say which version this is and what goes wrong in it. */
export const buildRootObject = (_vatPowers, parameters = {}, baggage) => {
  const { version = 1, fail } = parameters;
  if (!baggage.has('Purse')) {
    baggage.init('Purse', VatData.makeKindHandle('Purse'));
    baggage.init('purses', VatData.makeScalarBigMapStore('purses', { durable: true }));
  }
  if (fail === 'throw') throw Error('version is broken');
  if (fail === 'never') return new Promise(() => {});
  if (fail === 'plain') return harden({});
  const purses = baggage.get('purses');
  let calls = 0;
  let makePurse;
  if (fail !== 'unclaimed') {
    makePurse = VatData.defineDurableKind(baggage.get('Purse'), balance => ({ balance }), {
      getBalance: ({ state }) => state.balance,
      deposit: ({ state }, amount) => {
        state.balance += amount;
        return state.balance;
      },
      depositAfter: async ({ self }, amount, gate) => {
        await E(gate).open();
        return self.deposit(amount);
      },
      getVersion: () => version,
    });
  }
  return Far('bank', {
    getVersion: () => version,
    countCalls: () => (calls += 1),
    makeCounter: () => Far('counter', { getVersion: () => version }),
    makePurse: (name, balance) => {
      purses.init(name, makePurse(balance));
      return purses.get(name);
    },
    getPurse: name => purses.get(name),
    getNames: () => [...purses.keys()],
  });
};
