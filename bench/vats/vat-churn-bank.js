// A bank under churn: durable purses in a durable store, and deposits that take several cranks.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';
import { fail } from './churn-failures.js';

export const buildRootObject = (vatPowers, parameters, baggage) => {
  const { version, failure, peer } = parameters;
  if (!baggage.has('purseKind')) {
    baggage.init('purseKind', VatData.makeKindHandle('Purse'));
    baggage.init('purses', VatData.makeScalarBigMapStore('purses', { durable: true }));
    baggage.init('tally', VatData.makeScalarBigMapStore('tally', { durable: true }));
    baggage.get('tally').init('sent', 0n);
    baggage.init('peer', peer);
  }
  if (failure !== undefined) return fail(failure, vatPowers, baggage);
  const purses = baggage.get('purses');
  const makePurse = VatData.defineDurableKind(baggage.get('purseKind'), balance => ({ balance }), {
    getBalance: ({ state }) => state.balance,
    deposit: ({ state }, amount) => {
      state.balance += amount;
      return state.balance;
    },
    /** Pays once the gate has opened: an upgrade in between rejects it, and nothing was paid. */
    depositBehind: async ({ self }, amount, gate) => {
      await E(gate).open();
      return self.deposit(amount);
    },
  });
  return Far('bank', {
    make: (count, balance) =>
      Array.from({ length: count }, () => {
        const purse = makePurse(balance);
        purses.init(purses.getSize(), purse);
        return purse;
      }),
    /** Of `count` purses from `first` on. */
    sum: (first, count) => {
      let sum = 0n;
      const end = Math.min(first + count, purses.getSize());
      for (let i = first; i < end; i += 1) sum += purses.get(i).getBalance();
      return sum;
    },
    open: () => undefined,
    version: () => version,
  });
};
