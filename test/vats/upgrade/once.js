import { Far } from '@endo/far';

/** Starts once with the same parameters: another start needs `again`. Notes are durable. */
export const buildRootObject = (_vatPowers, parameters = {}, baggage) => {
  const { again = false } = parameters;
  if (baggage.has('notes') && !again) throw Error('it has started before');
  if (!baggage.has('notes')) {
    baggage.init('notes', harden([]));
    baggage.init('Slip', VatData.makeKindHandle('Slip'));
  }
  const makeSlip = VatData.defineDurableKind(baggage.get('Slip'), n => ({ n }), {
    read: ({ state }) => state.n,
  });
  return Far('once', {
    note: text => {
      baggage.set('notes', harden([...baggage.get('notes'), text]));
      return baggage.get('notes').length;
    },
    getNotes: () => baggage.get('notes'),
    makeSlip: n => makeSlip(n),
  });
};
