import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Sends numbered messages to references that it was given; notes durably what it receives. */
export const buildRootObject = (_vatPowers, { name }, baggage) => {
  if (!baggage.has('log')) baggage.init('log', harden([]));
  const references = [];
  const kits = [];
  return Far('courier', {
    take: given => void references.push(...given.map(reference => ({ reference, sent: 0 }))),
    makePromise: () => {
      const kit = {};
      kit.promise = new Promise((resolve, reject) => Object.assign(kit, { resolve, reject }));
      kits.push(kit);
      return harden({ promise: kit.promise });
    },
    settle: (index, target) => kits[index].resolve(target),
    shoot: (index, count) => {
      const to = references[index];
      for (let i = 0; i < count; i += 1) {
        E.sendOnly(to.reference).receive(name, index, to.sent);
        to.sent += 1;
      }
    },
    getSent: () => references.map(({ sent }) => sent),
    receive: (...note) => baggage.set('log', harden([...baggage.get('log'), note])),
    getLog: () => baggage.get('log'),
  });
};
