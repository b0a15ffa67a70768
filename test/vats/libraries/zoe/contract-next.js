import { makeCounters } from './counters.js';

export const meta = harden({ upgradability: 'canUpgrade' });

/** The same with another step: what `contract.js` is upgraded to. */
export const start = (zcf, privateArgs, baggage) =>
  makeCounters({ zcf, privateArgs, baggage, step: 100n, version: 'next' });
