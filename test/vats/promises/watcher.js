import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Watches promises. Its log is durable and says which version of it was told. */
export const buildRootObject = (_vatPowers, parameters = {}, baggage) => {
  const { version = 1, promise: given, fail } = parameters;
  if (!baggage.has('watcher')) {
    baggage.init('watcher', VatData.makeKindHandle('watcher'));
    baggage.init('log', []);
  }
  const note =
    kind =>
    (value, ...args) =>
      baggage.set('log', harden([...baggage.get('log'), [version, kind, value, ...args]]));
  const watcher = VatData.providePromiseWatcher(
    baggage.get('watcher'),
    note('fulfilled'),
    note('rejected'),
  );
  const watch = (promise, ...args) => VatData.watchPromise(promise, watcher, ...args);
  if (given !== undefined) watch(given, 'again');
  if (fail) throw Error('version is broken');
  let kit;
  return Far('watcher', {
    watch,
    watchOwn: (...args) => {
      const promise = new Promise((resolve, reject) => {
        kit = { resolve, reject };
      });
      watch(promise, ...args);
      return harden({ promise });
    },
    watchSend: (target, method, args, ...more) => watch(E(target)[method](...args), ...more),
    settle: (how, value) => kit[how](value),
    misuse: promise => VatData.watchPromise(promise, Far('no watcher', { onFulfilled() {} })),
    hang: () => new Promise(() => {}),
    getLog: () => baggage.get('log'),
  });
};
