import { Far } from '@endo/far';

/** Puts a key into its baggage at a first start alone; `isOld`: that release did not know it. */
export const buildRootObject = (_powers, { isOld = false } = {}, baggage) => {
  if (!baggage.has('desks')) {
    baggage.init('desks', harden([]));
    if (!isOld) baggage.init('waiting', 0);
  }
  return Far('desk', { waiting: () => baggage.get('waiting') });
};
