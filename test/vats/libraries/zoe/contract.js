import { makeCounters } from './counters.js';

export const meta = harden({ upgradability: 'canUpgrade' });

/** A contract with durable counters. Knows what it was started with. */
export const start = (zcf, privateArgs, baggage) =>
  makeCounters({ zcf, privateArgs, baggage, step: 1n, version: 'first' });
