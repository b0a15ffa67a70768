import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Passes things on, holds promises open, and says what became of them. */
export const buildRootObject = () => {
  const log = [];
  let resolve;
  let reject;
  const note = (name, promise) =>
    promise.then(
      value => log.push([name, 'fulfilled', value]),
      reason => log.push([name, 'rejected', reason]),
    );
  return Far('relay', {
    echo: value => value,
    add: (a, b) => a + b,
    fail: message => {
      throw TypeError(message);
    },
    makePromise: () =>
      new Promise((f, r) => {
        resolve = f;
        reject = r;
      }),
    resolve: value => resolve(value),
    reject: reason => reject(reason),
    open: () => new Promise(() => {}),
    forward: (target, method, args) => E(target)[method](...args),
    /** Sends to a promise that is not settled yet. */
    pipeline: (target, method, next, nextMethod) => E(E(target)[method](next))[nextMethod](),
    watch: (name, promise) => void note(name, promise),
    send: (name, target, method, args) => void note(name, E(target)[method](...args)),
    getLog: () => harden([...log]),
    makeEcho: () => Far('echo', { echo: value => value }),
  });
};
