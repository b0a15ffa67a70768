import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Calls its target, one call after the other; what it has been answered is durable. */
export const buildRootObject = (_vatPowers, parameters, baggage) => {
  if (!baggage.has('target')) {
    baggage.init('target', parameters.target);
    baggage.init('log', harden([]));
    baggage.init('watcher', VatData.makeKindHandle('watcher'));
  }
  const target = baggage.get('target');
  const note = (value, n) => baggage.set('log', harden([...baggage.get('log'), [n, value]]));
  const watcher = VatData.providePromiseWatcher(baggage.get('watcher'), note, note);
  return Far('caller', {
    call: (method, ...args) => E(target)[method](...args),
    callAll: (method, count) => {
      for (let n = 0; n < count; n += 1) VatData.watchPromise(E(target)[method](n), watcher, n);
    },
    getLog: () => baggage.get('log'),
  });
};
