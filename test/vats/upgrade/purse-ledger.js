import { Far } from '@endo/far';

/** Durable purses by number, which the host holds or asks for again. */
export const buildRootObject = ({ onFork }, { version = 0 } = {}, baggage) => {
  if (!baggage.has('Purse')) {
    baggage.init('Purse', VatData.makeKindHandle('Purse'));
    baggage.init('purses', VatData.makeScalarBigMapStore('purses', { durable: true }));
  }
  onFork(() => {});
  const purses = baggage.get('purses');
  const deposit = (state, amount) => {
    state.balance += amount;
    return state.balance;
  };
  const makePurse = VatData.defineDurableKind(baggage.get('Purse'), () => ({ balance: 0 }), {
    deposit: ({ state }, amount) => deposit(state, amount),
    balance: ({ state }) => state.balance,
  });
  let flooded = 0;
  return Far('ledger', {
    open: number => {
      purses.init(number, makePurse());
      return purses.get(number);
    },
    give: number => purses.get(number),
    deposit: (number, amount) => purses.get(number).deposit(amount),
    balances: () => [version, ...[...purses.values()].map(purse => purse.balance())],
    flood: bytes => (flooded += bytes.length),
  });
};
