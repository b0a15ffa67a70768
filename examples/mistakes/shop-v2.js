/** Second edition: the store is the one that baggage has, and the old method stays. */
import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  const orders = baggage.get('orders');
  const getStatus = ({ state }) => `${state.what}: sent`;
  const makeOrder = VatData.defineDurableKind(baggage.get('Order'), what => ({ what }), {
    getStatus,
    status: getStatus, // until nobody calls it
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
