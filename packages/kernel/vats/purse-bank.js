/**
 * The bank of the purse job: durable purses in a durable map store that baggage holds.
 *
 * A deposit that needs approval credits the purse only after the approver has answered, so an
 * upgrade in between rejects it and credits nothing.
 */
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const OPENING_BALANCE = 100n;

const provide = (baggage, key, make) => {
  if (!baggage.has(key)) baggage.init(key, make());
  return baggage.get(key);
};

export const buildRootObject = (_vatPowers, { version }, baggage) => {
  const { defineDurableKind, makeKindHandle, makeScalarBigMapStore } = VatData;
  const kind = provide(baggage, 'Purse', () => makeKindHandle('Purse'));
  const purses = provide(baggage, 'purses', () =>
    makeScalarBigMapStore('purses', { durable: true }),
  );

  const makePurse = defineDurableKind(kind, balance => ({ balance }), {
    getBalance: ({ state }) => state.balance,
    deposit: ({ state }, amount) => {
      state.balance += amount;
      return state.balance;
    },
    depositApproved: async ({ self }, amount, approver) => {
      await E(approver).approve(amount);
      return self.deposit(amount);
    },
  });

  return Far('bank', {
    mint: count => {
      const first = purses.getSize();
      const minted = [];
      for (let i = 0; i < count; i += 1) {
        const purse = makePurse(OPENING_BALANCE);
        purses.init(first + i, purse);
        minted.push(purse);
      }
      return harden(minted);
    },
    getVersion: () => version,
    getPurseCount: () => purses.getSize(),
  });
};
