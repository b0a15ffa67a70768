/** The bootstrap vat: has a worker made every ten units of block time, and shows what it says. */
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const work = async ({ service, cap, screen }, number, time) => {
  const options = { name: `worker-${number}`, vatParameters: { number } };
  const { root, adminNode } = await E(service).createVat(cap, options);
  await E(screen).show(`at ${time}: ${await E(root).hello()}`);
  await E(adminNode).terminateWithFailure('its shift is over');
};

export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  if (!baggage.has('Shift')) baggage.init('Shift', VatData.makeKindHandle('Shift'));
  const makeShift = VatData.defineDurableKind(
    baggage.get('Shift'),
    tools => ({ tools, made: 0 }),
    {
      /** Called by the timer, which waits until it returns. */
      wake: ({ state }, { absValue }) => {
        state.made += 1;
        work(state.tools, state.made, absValue);
      },
    },
  );
  return Far('factory', {
    bootstrap: async (vats, { screen }) => {
      const service = await E(vats.vatAdmin).createVatAdminService();
      const cap = await E(service).getNamedBundleCap('worker');
      const shift = makeShift(harden({ service, cap, screen }));
      await E(vats.timer).repeatAfter(10n, 10n, shift);
    },
  });
};
