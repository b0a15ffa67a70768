import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Uses the timer and the mailbox; what it is told is in a durable log. */
export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  const provide = (key, make) => {
    if (!baggage.has(key)) baggage.init(key, make());
    return baggage.get(key);
  };
  provide('log', () => harden([]));
  const note = (...entry) => baggage.set('log', harden([...baggage.get('log'), entry]));
  const things = provide('things', () =>
    VatData.makeScalarBigMapStore('things', { durable: true }),
  );
  const keep = (name, value) => {
    if (things.has(name)) things.set(name, value);
    else things.init(name, value);
  };
  const makeHandler = VatData.defineDurableKind(
    provide('Handler', () => VatData.makeKindHandle('Handler')),
    (name, failures) => ({ name, failures }),
    {
      wake: ({ state }, { absValue }) => {
        note(state.name, absValue);
        if (!state.failures) return undefined;
        state.failures -= 1;
        throw Error('not now');
      },
      receive: (_context, body, number) => note('received', body, number),
      acknowledged: (_context, number) => note('acknowledged', number),
    },
  );
  const makeToken = VatData.defineDurableKind(
    provide('Token', () => VatData.makeKindHandle('Token')),
    () => ({}),
    {},
  );
  const read = value => {
    if (typeof value !== 'string' || !value.startsWith('$')) return value;
    const name = value.slice(1);
    if (!things.has(name)) things.init(name, makeToken());
    return things.get(name);
  };
  return Far('sleeper', {
    keep,
    makeHandler: (name, failures = 0) => keep(name, makeHandler(name, failures)),
    /** `E(thing)[method](...args)`: what it gives is kept under `as`. */
    tell: async (name, method, args, as) => {
      const value = await E(things.get(name))[method](...args.map(read));
      if (as === undefined) return value;
      keep(as, value);
      return undefined;
    },
    /** What it gives is noted when it comes. */
    listen: (as, name, method, args) => {
      E(things.get(name))
        [method](...args.map(read))
        .then(
          value => note(as, value.absValue ?? value),
          reason => note(as, reason),
        );
    },
    getLog: () => baggage.get('log'),
  });
};
