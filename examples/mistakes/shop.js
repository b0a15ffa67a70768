/** A shop, first edition: durable orders, in a store that baggage has. */
import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  if (!baggage.has('Order')) {
    baggage.init('Order', VatData.makeKindHandle('Order'));
    baggage.init('orders', VatData.makeScalarBigMapStore('orders', { durable: true }));
  }
  const orders = baggage.get('orders');
  const makeOrder = VatData.defineDurableKind(baggage.get('Order'), what => ({ what }), {
    status: ({ state }) => `${state.what}: sent`,
  });
  return Far('shop', {
    order: what => {
      const order = makeOrder(what);
      orders.init(what, order);
      return order;
    },
    open: () => orders.getSize(),
  });
};
