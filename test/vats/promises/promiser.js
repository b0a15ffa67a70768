import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Gives durable promises, by name, and settles them, in this incarnation or a later one. */
export const buildRootObject = (_vatPowers, parameters, baggage) => {
  if (parameters?.fail === true) throw Error('it does not start');
  if (!baggage.has('watcher')) baggage.init('watcher', VatData.makeKindHandle('watcher'));
  const told = baggage.has('told') ? baggage.get('told') : [];
  baggage.has('told') || baggage.init('told', harden([]));
  const watcher = VatData.providePromiseWatcher(
    baggage.get('watcher'),
    (value, name) => baggage.set('told', harden([...baggage.get('told'), [name, value]])),
    (reason, name) => baggage.set('told', harden([...baggage.get('told'), [name, String(reason)]])),
  );
  const kitOf = name => {
    if (!baggage.has(name)) baggage.init(name, VatData.makeDurablePromiseKit().resolver);
    return baggage.get(name);
  };
  return Far('promiser', {
    version: () => told.length,
    resolverOf: name => kitOf(name),
    wait: name => kitOf(name).getPromise(),
    waitInHeap: () => new Promise(() => {}),
    give: name => harden({ promise: kitOf(name).getPromise() }),
    settle: (name, value) => kitOf(name).resolve(value),
    reject: (name, text) => kitOf(name).reject(Error(text)),
    settleWithHeap: name => kitOf(name).resolve(Far('heap', { hello: () => 'hello' })),
    follow: (name, promise) => kitOf(name).resolve(promise),
    watch: name => void VatData.watchPromise(kitOf(name).getPromise(), watcher, name),
    getTold: () => baggage.get('told'),
    isSame: (name, promise) => kitOf(name).getPromise() === promise,
    forget: name => void baggage.delete(name),
    call: (target, method, ...args) => E(target)[method](...args),
  });
};
