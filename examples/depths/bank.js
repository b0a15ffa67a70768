import { Far } from '@endo/far';

/** `source` is a function of amount and rate, evaluated anew for every call: it has no memory. */
const call = (compartment, source, amount, rate) => {
  const fee = compartment.evaluate(`(${source})`)(amount, rate);
  if (typeof fee !== 'bigint' || fee < 0n) throw TypeError(`no fee: ${String(fee)}`);
  return fee;
};

/** A bank whose fee is changed while it runs, by whoever holds the governor, and by no one else. */
export const buildRootObject = (_vatPowers, { extra = {} } = {}, baggage) => {
  if (!baggage.has('rate')) {
    baggage.init('Purse', VatData.makeKindHandle('Purse'));
    baggage.init('Governor', VatData.makeKindHandle('Governor'));
    baggage.init('rate', 1n);
    baggage.init('formula', '(amount, rate) => rate');
  }
  // An empty world: the language, and nothing that leads out of it.
  const compartment = new Compartment({ globals: {}, __options__: true });
  harden(compartment.globalThis);
  const feeOf = amount => call(compartment, baggage.get('formula'), amount, baggage.get('rate'));

  const makePurse = VatData.defineDurableKind(baggage.get('Purse'), () => ({ balance: 0n }), {
    deposit: ({ state }, amount) => {
      state.balance += amount - feeOf(amount);
      return state.balance;
    },
    ...extra,
  });
  const makeGovernor = VatData.defineDurableKind(baggage.get('Governor'), () => ({}), {
    setRate: (_context, rate) => baggage.set('rate', rate),
    setFormula: (_context, source) => {
      call(compartment, source, 100n, baggage.get('rate')); // one that fails is not taken
      baggage.set('formula', source);
    },
  });
  const governor = baggage.has('governor') ? baggage.get('governor') : makeGovernor();
  if (!baggage.has('governor')) baggage.init('governor', governor);
  return Far('bank', { makePurse, getGovernor: () => governor });
};
