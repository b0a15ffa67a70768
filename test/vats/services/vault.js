import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Makes things by number, each of which says which it is, and tells of them in every way. */
export const buildRootObject = ({ exitVatWithFailure }) => {
  const things = new Map();
  let open = [];
  const thing = n => {
    if (!things.has(n)) things.set(n, Far(`thing${n}`, { number: () => n }));
    return things.get(n);
  };
  return Far('vault', {
    /** In the result, which tells of them twice. */
    give: numbers => [numbers.map(thing), numbers.map(thing)],
    /** In a rejection. */
    refuse: numbers => {
      throw harden({ refused: numbers.map(thing) });
    },
    /** In a call of an object that may be the host's. */
    show: (target, numbers) => void E(target).see(numbers.map(thing)),
    /** In a promise that is settled later. */
    promise: () => ({ promise: new Promise(resolve => open.push(resolve)) }),
    settle: numbers => {
      for (const resolve of open) resolve(numbers.map(thing));
      open = [];
    },
    /** Settles with what it is given, and undoes it: the vat ends. */
    fail: given => {
      for (const resolve of open) resolve(given);
      exitVatWithFailure(Error('undone'));
    },
    take: given => given.length,
  });
};
