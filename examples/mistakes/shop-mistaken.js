/**
 * Second edition, as it was written first. It starts, and its tables are in order; the open orders
 * are gone, and whoever asks an order for its status is rejected.
 */
import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  const orders = VatData.makeScalarBigMapStore('orders', { durable: true });
  const makeOrder = VatData.defineDurableKind(baggage.get('Order'), what => ({ what }), {
    getStatus: ({ state }) => `${state.what}: sent`,
  });
  return Far('shop', {
    order: what => {
      const order = makeOrder(what);
      orders.init(what, order);
      return order;
    },
    open: () => orders.getSize(),
    cancel: what => orders.delete(what),
  });
};
