import { Far } from '@endo/far';

/** Durable purses between which money moves: there is never more of it, nor less. */
export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  if (!baggage.has('Purse')) {
    baggage.init('Purse', VatData.makeKindHandle('Purse'));
    baggage.init('purses', VatData.makeScalarBigMapStore('purses', { durable: true }));
  }
  const purses = baggage.get('purses');
  const makePurse = VatData.defineDurableKind(
    baggage.get('Purse'),
    balance => ({ balance }),
    {
      getBalance: ({ state }) => state.balance,
      add: ({ state }, amount) => {
        if (typeof amount !== 'bigint') throw TypeError('an amount is a bigint');
        if (state.balance + amount < 0n) throw RangeError('not enough money');
        state.balance += amount;
      },
    },
  );
  /** What others are given of a purse: they see its balance. */
  const shown = purse => Far('shown purse', { getBalance: () => purse.getBalance() });
  return Far('till', {
    open: (name, balance) => purses.init(name, makePurse(balance)),
    show: name => shown(purses.get(name)),
    move: (from, to, amount) => {
      purses.get(from).add(-amount);
      purses.get(to).add(amount);
    },
    total: () => [...purses.values()].reduce((sum, purse) => sum + purse.getBalance(), 0n),
  });
};
