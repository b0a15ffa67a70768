// A bank that keeps its purses, and sells tickets: objects of the heap that end with an upgrade.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const KINDS = ['balcony', 'box', 'stalls', 'standing'];

export const buildRootObject = (_vatPowers, vatParameters, baggage) => {
  const { defineDurableKind, makeKindHandle, makeScalarBigMapStore } = VatData;
  if (!baggage.has('purseKind')) {
    baggage.init('purseKind', makeKindHandle('Purse'));
    baggage.init('purses', makeScalarBigMapStore('purses', { durable: true }));
  }
  const purses = baggage.get('purses');
  const makePurse = defineDurableKind(baggage.get('purseKind'), balance => ({ balance }), {
    getBalance: ({ state }) => state.balance,
  });
  const held = [];
  return Far('desk', {
    version: () => vatParameters?.version ?? 1,
    make(first, count) {
      for (let i = first; i < first + count; i += 1) purses.init(i, makePurse(100n));
    },
    sell: (first, count) =>
      Array.from({ length: count }, (_, i) =>
        Far(KINDS[(first + i) % KINDS.length], { seat: () => first + i }),
      ),
    /** As a customer of another desk. */
    async buy(desk, first, count) {
      held.push(...(await E(desk).sell(first, count)));
    },
  });
};
