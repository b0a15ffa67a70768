// A release that starts. Where it is mistaken a comment has the code of the warning.
import { E } from '@endo/eventual-send';
import { prepareExoClass } from '@agoric/vat-data';
import { Far } from '@endo/far';
import { M } from '@endo/patterns';

const openStalls = baggage => {
  const stalls = VatData.makeScalarBigMapStore('stalls', { durable: true }); // MADE_ANEW
  stalls.init('count', baggage.getSize());
};

const keep = (baggage, isFirst) => {
  if (isFirst) baggage.init('opened', 1); // KEY_MISSING
  return Far('keeper', { opened: () => baggage.get('opened') });
};

const defineTicket = baggage =>
  VatData.defineDurableKind( // METHOD_GONE MIGRATION_FAILS VERSION_RAISED
    baggage.get('Ticket'),
    () => ({ price: 1 }),
    { use: () => 1 },
    { version: 1, migrate: ({ price }) => ({ price: price.length }) },
  );

export const buildRootObject = (_vatPowers, _vatParameters, baggage) => {
  defineTicket(baggage);
  const heard = baggage.get('Heard');
  VatData.defineDurableKind(heard, () => ({}), {}); // WATCHER_LOST
  const init = () => ({ seats: 1, height: 2 });
  const guard = M.interface('Ride', { seats: M.call().returns(M.number()) });
  prepareExoClass(baggage, 'Ride', guard, init, { // FIELD_UNDEFINED GUARD_CHANGED METHOD_GONE
    seats: () => 1,
  });
  openStalls(baggage);
  const tell = async () => E(baggage.get('directory')).swallow('here'); // START_REPEATS
  void tell();
  return Far('fair', { get: () => keep(baggage, false) });
};
