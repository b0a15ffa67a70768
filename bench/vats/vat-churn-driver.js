// The client of the banks under churn. Its purses, the deposits that were answered for each, and
// the watches of those that were not are durable: it is upgraded like the banks.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';
import { fail } from './churn-failures.js';

const STRIDE = 7_919;
const NAMES = ['sent', 'answered', 'rejected', 'rejectedWhileDrained', 'wrong'];

const provideStores = baggage => {
  if (!baggage.has('tally')) {
    for (const name of ['purses', 'answered', 'tally']) {
      baggage.init(name, VatData.makeScalarBigMapStore(name, { durable: true }));
    }
    for (const name of NAMES) baggage.get('tally').init(name, 0n);
    baggage.init('answerKind', VatData.makeKindHandle('answer'));
  }
};

const isOfUpgrade = reason => typeof reason === 'object' && reason?.name === 'vatUpgraded';

export const buildRootObject = (vatPowers, parameters, baggage) => {
  const { version, failure, peer } = parameters;
  provideStores(baggage);
  if (!baggage.has('peer')) baggage.init('peer', peer);
  if (failure !== undefined) return fail(failure, vatPowers, baggage);
  const purses = baggage.get('purses');
  const answered = baggage.get('answered');
  const tally = baggage.get('tally');
  const count = (name, by = 1n) => tally.set(name, tally.get(name) + by);
  const answer = VatData.providePromiseWatcher(
    baggage.get('answerKind'),
    (_balance, number) => {
      answered.set(number, answered.get(number) + 1n);
      count('answered');
    },
    reason => {
      if (!isOfUpgrade(reason)) count('wrong');
      else if (reason.upgradeMessage === 'drained') count('rejectedWhileDrained');
      else count('rejected');
    },
  );
  let next = Number(tally.get('sent'));
  const pay = (method, ...args) => {
    next += STRIDE;
    const number = next % purses.getSize();
    VatData.watchPromise(E(purses.get(number))[method](1n, ...args), answer, number);
  };
  const driver = Far('driver', {
    async collect(bank, size, balance) {
      for (const purse of await E(bank).make(size, balance)) {
        answered.init(purses.getSize(), 0n);
        purses.init(purses.getSize(), purse);
      }
      return purses.getSize();
    },
    pay(atOnce, behind) {
      for (let i = 0; i < atOnce; i += 1) pay('deposit');
      for (let i = 0; i < behind; i += 1) pay('depositBehind', driver);
      count('sent', BigInt(atOnce + behind));
    },
    open: () => undefined,
    figures: () => harden(NAMES.map(name => Number(tally.get(name)))),
    /** How many of `size` purses from `first` on hold what they must; the others do not answer. */
    async countRight(first, size, balance) {
      const end = Math.min(first + size, purses.getSize());
      const checks = [];
      for (let i = first; i < end; i += 1) {
        const must = balance + answered.get(i);
        checks.push(E(purses.get(i)).getBalance().then(it => it === must, () => false));
      }
      return (await Promise.all(checks)).filter(isRight => isRight).length;
    },
    version: () => version,
  });
  return driver;
};
