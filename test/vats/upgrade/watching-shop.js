import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/**
 * Watches promises of a holder with durable watchers of two kinds, and notes durably what each
 * watch is told. Parameters say what the code can do: which methods the kind "plain" has
 * (`methods`), which version the kind "aged" has, and whether its states can be migrated.
 */
export const buildRootObject = (_vatPowers, parameters, baggage) => {
  const { holder, methods, version, migrates, starts = true } = parameters;
  if (!baggage.has('plain')) {
    for (const kind of ['plain', 'aged']) baggage.init(kind, VatData.makeKindHandle(kind));
    baggage.init('heard', VatData.makeScalarBigMapStore('heard', { durable: true }));
  }
  const heard = baggage.get('heard');
  const note = how => (_context, value, watch) => {
    const of = value.name ?? value;
    const all = heard.has(watch) ? heard.get(watch) : [];
    heard[heard.has(watch) ? 'set' : 'init'](watch, harden([...all, [how, String(of)]]));
  };
  const both = { onFulfilled: note('resolve'), onRejected: note('reject') };
  const some = Object.fromEntries(methods.map(name => [name, both[name]]));
  const idle = { idle: () => undefined };
  const migrate = () => {
    if (!migrates) throw Error('this release cannot migrate it');
    return {};
  };
  const options = { version, migrate };
  const make = {
    plain: VatData.defineDurableKind(baggage.get('plain'), () => ({}), { ...idle, ...some }),
    aged: VatData.defineDurableKind(baggage.get('aged'), () => ({}), { ...idle, ...both }, options),
  };
  if (!starts) throw Error('this release does not start');
  const watchAll = (promise, watches) => {
    for (const [watch, kind] of watches) VatData.watchPromise(promise, make[kind](), watch);
  };
  return Far('shop', {
    /** `watches`: pairs of a number and the kind of the watcher. */
    watch: (name, watches) => watchAll(E(holder).result(name), watches),
    /** Of a promise that the shop itself decides, and that every upgrade rejects. */
    watchOwn: watches => watchAll(new Promise(() => undefined), watches),
    heard: () => harden([...heard.entries()]),
  });
};
