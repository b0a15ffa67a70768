import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Data of one message: just under what it may have. */
const CHARS = 9_990_000;
/** More would not fit into one crank. */
const AT_ONCE = 6;
/** Steps of work that a receiver does for each message: slower than they come. */
const SLOW_STEPS = 50_000;

/** It floods, is flooded, or stands beside, as its methods are called. */
export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  const kindOfKept = VatData.makeKindHandle('Kept');
  const makeKept = VatData.defineDurableKind(kindOfKept, () => ({ it: '' }), {
    set: ({ state }, it) => {
      state.it = it;
    },
  });
  const kept = makeKept();
  const rows = VatData.makeScalarBigMapStore('rows', { durable: true });
  baggage.init('rows', rows);
  baggage.init('kept', kept);
  baggage.init('text', '');
  let texts = 0;
  const text = () => `${(texts += 1)}`.padEnd(CHARS, 'x');
  const settlers = [];
  const lengthOf = given => given.length;

  /** By road: what begins a burst, which gives what sends each message of it. */
  const roads = {
    sends: target => () => E(target).take(text()),
    promises: target => {
      const opened = E(target).open();
      return () => E(opened).take(text());
    },
    results: target => () => E(target).give().then(lengthOf),
    rejections: target => () => E(target).fail().catch(({ message }) => lengthOf(message)),
    hostObjects: target => () => E(target).take(text()).then(lengthOf),
    rows: () => n => {
      if (n % 3 === 0) rows.init(`row${texts}`, text());
      else if (n % 3 === 1) kept.set(text());
      else baggage.set('text', text());
    },
    logs: () => () => console.log(text()),
  };

  return Far('flooder', {
    echo: thing => thing,
    ask: target => E(target).echo('asked'),
    take: taken => {
      let sum = 0;
      for (let n = 0; n < SLOW_STEPS; n += 1) sum += n;
      return sum > 0 && taken.length;
    },
    give: text,
    fail: () => {
      throw Error(text());
    },
    open: () => new Promise(settle => settlers.push(settle)),
    settle: () => settlers.shift()(Far('opened', { take: lengthOf })),

    /** Bursts, each in a crank of its own, however much waits. Gives how many were fulfilled. */
    flood: async ({ road, count, settlesAtOnce, target, neighbour }) => {
      const answers = [];
      let bursts = 0;
      for (let left = count; left > 0; left -= AT_ONCE) {
        const send = roads[road](target);
        bursts += 1;
        for (let n = 0; n < Math.min(left, AT_ONCE); n += 1) answers.push(send(n));
        await E(neighbour).echo(left);
      }
      for (; road === 'promises' && bursts > 0; bursts -= 1) {
        const settled = E(target).settle();
        if (!settlesAtOnce) await settled;
      }
      const outcomes = await Promise.allSettled(answers);
      return outcomes.filter(({ status }) => status === 'fulfilled').length;
    },
  });
};
