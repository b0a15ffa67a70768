import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** A vat that vats make: it answers, works, breaks, leaves. */
export const buildRootObject = ({ exitVat, exitVatWithFailure }, parameters, baggage) => {
  if (parameters?.fail !== undefined) throw Error(parameters.fail);
  const counter = { count: 0 };
  if (!baggage.has('Thing')) baggage.init('Thing', VatData.makeKindHandle('Thing'));
  const makeThing = VatData.defineDurableKind(baggage.get('Thing'), n => ({ n }), {
    read: ({ state }) => state.n,
  });
  if (!baggage.has('things')) {
    baggage.init('things', VatData.makeScalarBigMapStore('things', { durable: true }));
  }
  const things = baggage.get('things');
  return Far('worker', {
    getParameters: () => parameters,
    count: () => (counter.count += 1),
    hang: () => new Promise(() => {}),
    leave: info => exitVat(info),
    leaveBadly: info => exitVatWithFailure(info),
    /** Costs `sends` syscalls and more. */
    send: (target, sends) => {
      for (let i = 0; i < sends; i += 1) E.sendOnly(target).ping(i);
    },
    ping: value => value,
    spin: () => {
      for (;;);
    },
    /** Durable objects, each with an entry; they are exported when asked for. */
    fill: (from, count) => {
      for (let i = from; i < from + count; i += 1) things.init(i, makeThing(i));
    },
    export: (from, count) =>
      harden(Array.from({ length: count }, (_value, i) => things.get(from + i))),
    /** A fault: a result that is too large. */
    breakDown: () => 'x'.repeat(10_000_001),
  });
};
