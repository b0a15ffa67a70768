import { M } from '@endo/patterns';
import { prepareExoClass } from '@agoric/vat-data';
import { bump, tally } from './tally.js';

const CounterI = M.interface('Counter', {
  add: M.call().returns(M.bigint()),
  getTally: M.call().returns(M.number()),
});
const PublicI = M.interface('Public', {
  makeCounter: M.call().returns(M.remotable('Counter')),
  getVersion: M.call().returns(M.record()),
  invite: M.call().returns(M.promise()),
});

/** What both contracts do: `step` is what a counter adds. */
export const makeCounters = ({ zcf, privateArgs, baggage, step, version }) => {
  const makeCounter = prepareExoClass(baggage, 'Counter', CounterI, () => ({ count: 0n }), {
    add() {
      bump();
      this.state.count += step;
      return this.state.count;
    },
    getTally: () => tally,
  });
  const makePublic = prepareExoClass(baggage, 'Public facet', PublicI, () => ({}), {
    makeCounter: () => makeCounter(),
    getVersion: () => harden({ version, privateArgs }),
    invite: () =>
      zcf.makeInvitation(
        (seat, offerArgs) => harden({ hasExited: seat.hasExited(), offerArgs, version }),
        'see',
      ),
  });
  if (!baggage.has('public')) baggage.init('public', makePublic());
  return harden({ publicFacet: baggage.get('public'), creatorFacet: undefined });
};
