// A vat that gives others as much to wait for as it may, in many ways, each of them for ever.
// `echo` and `ask` are for those who wait.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const nothing = () => undefined;

/** Does it again whenever it has been answered. */
const forEver = burst => {
  const again = () => burst().then(again, again);
  again();
};

/**
 * A promise for `me`, an object of this vat, that sends to it by way of the kernel, as long as it
 * is not told how it settles. What is sent to an object of its own stays in a vat, and in its
 * crank.
 */
const fromOutside = (other, me) => E(other).echo(me);

const times = (count, make) => Array.from({ length: count }, (_none, n) => make(n));

export const buildRootObject = (_vatPowers, _vatParameters, baggage) => {
  let waiting;
  return Far('flood', {
    echo: value => value,
    swallow: nothing,
    ask: (other, value) => E(other).echo(value),
    circle: other => forEver(() => E(other).echo(0)),
    circleBack: (other, me) => forEver(() => E(fromOutside(other, me)).echo(0)),
    messages: (other, count) => forEver(() => times(count, n => E(other).echo(n)).at(-1)),
    cascade(other, me, count) {
      const outside = fromOutside(other, me);
      times(count, () => E.sendOnly(outside).cascade(other, me, count));
    },
    giants(other, count, size) {
      const data = 'a'.repeat(size);
      forEver(() => times(count, () => E(other).swallow(data)).at(-1));
    },
    wait(promise) {
      waiting = { promise };
    },
    fill(count) {
      times(count, n => E(waiting.promise).swallow(n).catch(nothing));
    },
    queued(other, count) {
      forEver(async () => {
        let settle;
        await E(other).wait(new Promise(resolve => (settle = resolve)));
        await E(other).fill(count);
        settle(other);
        return E(other).echo(0);
      });
    },
    rows(other, me, count, size) {
      const data = 'a'.repeat(size);
      for (const key of times(count, n => `row ${n}`)) {
        if (baggage.has(key)) baggage.set(key, data);
        else baggage.init(key, data);
      }
      E.sendOnly(fromOutside(other, me)).rows(other, me, count, size);
    },
    references: (other, count) =>
      forEver(() => E(other).swallow(harden(times(count, () => Far('thing', {}))))),
    meshes: (other, count) =>
      forEver(() => {
        const settles = [];
        const all = harden(times(count, () => new Promise(resolve => settles.push(resolve))));
        const sent = E(other).swallow(all);
        for (const settle of settles) settle(all);
        return sent;
      }),
  });
};
