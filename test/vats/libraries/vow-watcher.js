import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';
import { M } from '@endo/patterns';
import { prepareVowTools } from '@agoric/vow';
import { makeDurableZone } from '@agoric/zone/durable.js';

const WatcherI = M.interface('Watcher', {
  onFulfilled: M.call(M.raw()).rest(M.raw()).returns(M.raw()),
  onRejected: M.call(M.raw()).rest(M.raw()).returns(M.raw()),
});

const plain = reason => (reason instanceof Error ? reason.message : reason);

/** Watches vows and promises with a durable watcher, and logs what becomes of them. */
export const buildRootObject = (_vatPowers, { version = 1 } = {}, baggage) => {
  const zone = makeDurableZone(baggage, 'watcher');
  const vowTools = prepareVowTools(zone.subZone('vows'));
  const { watch, when, all, allSettled, asPromise, retryable } = vowTools;
  const log = zone.mapStore('log');
  const results = zone.mapStore('results');
  const note = (...entry) => log.init(log.getSize(), harden(entry));

  const makeWatcher = zone.exoClass('Watcher', WatcherI, () => ({}), {
    onFulfilled(value, ...args) {
      note(`fulfilled by ${version}`, value, ...args);
      return harden(['seen', value]);
    },
    onRejected(reason, ...args) {
      note(`rejected by ${version}`, plain(reason), ...args);
      throw reason;
    },
  });
  const ask = retryable(zone, 'ask', async (provider, key) => E(provider).slow(key));
  const keep = (name, vow) => {
    results.init(name, vow);
    return vow;
  };

  return Far('watcher', {
    watch: (vow, ...args) => watch(vow, makeWatcher(), ...args),
    /** Watches a promise that this vat decides and never settles. */
    watchOwn: (...args) => watch(new Promise(() => {}), makeWatcher(), ...args),
    watchSend: (target, method) => watch(E(target)[method](), makeWatcher(), method),
    passOn: (name, vow) => keep(name, watch(vow)),
    all: (name, vows) => keep(name, all(vows)),
    allSettled: (name, vows) => keep(name, allSettled(vows)),
    ask: (name, ...args) => keep(name, ask(...args)),
    askWithFar: name => keep(name, ask(Far('heap object', {}))),
    result: name => when(results.get(name)),
    when: vow => when(vow),
    asPromise: vow => asPromise(vow),
    getLog: () => harden([...log.values()]),
  });
};
