import { Far } from '@endo/far';
import { increment } from './counter.js';
import data from './data.json';
import legacy, { shout } from './legacy.cjs';
import * as names from './names.js';

/** One module of each kind that a bundle may have, and every way to import it. */
export const buildRootObject = (_vatPowers, parameters, baggage) => {
  if (!baggage.has('starts')) baggage.init('starts', 0n);
  baggage.set('starts', baggage.get('starts') + 1n);
  return Far('formats', {
    describe: () => {
      return harden({
        parameters,
        counted: increment(),
        json: data,
        commonJs: [shout('abc'), legacy.times(3)],
        names: [Object.keys(names).sort(), names.default, names.renamed === increment],
        starts: baggage.get('starts'),
        surroundings: [typeof require, typeof process, typeof VatData, 'VatData' in globalThis],
        evaluated: (0, eval)('1 + 1'),
      });
    },
  });
};
