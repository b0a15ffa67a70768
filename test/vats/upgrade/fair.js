// A fair, before the releases beside it.
import { prepareExoClass, provide } from '@agoric/vat-data';
import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, { directory }, baggage) => {
  const define = (name, init, methods) => {
    const handle = provide(baggage, name, () => VatData.makeKindHandle(name));
    return VatData.defineDurableKind(handle, init, methods);
  };
  provide(baggage, 'directory', () => directory);
  const makeTicket = define('Ticket', () => ({ price: null }), { use: () => 1, sell: () => 1 });
  const makeHeard = define('Heard', () => ({}), { onFulfilled: () => 1 });
  const makeRide = prepareExoClass(baggage, 'Ride', undefined, () => ({ seats: 1 }), {
    seats: () => 1,
    close: () => 1,
  });
  VatData.watchPromise(new Promise(() => {}), makeHeard());
  const [ticket, ride] = [makeTicket(), makeRide()];
  return Far('fair', { get: () => [ticket, ride] });
};
