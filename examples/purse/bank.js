import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, { bonus }, baggage) => {
  if (!baggage.has('Purse')) baggage.init('Purse', VatData.makeKindHandle('Purse'));
  const makePurse = VatData.defineDurableKind(baggage.get('Purse'), balance => ({ balance }), {
    deposit: ({ state }, amount) => {
      state.balance += amount + bonus;
      return state.balance;
    },
  });
  return Far('bank', { makePurse });
};
