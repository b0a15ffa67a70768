import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Settles promises of its own, for others and for a watcher, while it starts. */
export const buildRootObject = (_vatPowers, { looker, key }, baggage) => {
  if (!baggage.has('watcher')) baggage.init('watcher', VatData.makeKindHandle('watcher'));
  const note = value => baggage.init(`seen ${key}`, value);
  const watcher = VatData.providePromiseWatcher(baggage.get('watcher'), note);
  const promise = Promise.resolve(key);
  E.sendOnly(looker).put(key, promise);
  VatData.watchPromise(promise, watcher);
  return Far('early', { seen: name => baggage.get(`seen ${name}`) });
};
