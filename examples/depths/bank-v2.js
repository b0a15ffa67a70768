import { buildRootObject as buildFirst } from './bank.js';

/** The same bank, whose purses can do more: what they hold is what they held. */
export const buildRootObject = (vatPowers, _parameters, baggage) => {
  const extra = {
    withdraw: ({ state }, amount) => {
      if (amount > state.balance) throw RangeError(`there are only ${state.balance}`);
      state.balance -= amount;
      return state.balance;
    },
  };
  return buildFirst(vatPowers, { extra }, baggage);
};
