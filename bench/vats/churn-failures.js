// The ways in which a version of a vat under churn fails to start, by name. Each is called when the
// vat's stores are there, with a purse or so to write to.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const failures = {
  throws: () => {
    throw Error('this version throws');
  },
  rejects: async () => {
    await undefined;
    throw Error('this version rejects');
  },
  hangs: () => new Promise(() => {}),
  isNotFar: () => harden({}),
  /** No kind is defined. */
  forgetsKinds: () => Far('root', {}),
  exits: vatPowers => {
    vatPowers.exitVatWithFailure(Error('this version exits'));
    return Far('root', {});
  },
  /** What it has written, made and sent by then is undone. */
  throwsLate: (_vatPowers, baggage) => {
    baggage.init('of a failed version', VatData.makeScalarBigMapStore('lost', { durable: true }));
    baggage.get('tally').set('sent', -1_000_000n);
    void E(baggage.get('peer')).open();
    throw Error('this version throws late');
  },
};

/** The names, in order: the host chooses among them. */
export const fail = (name, vatPowers, baggage) => {
  if (!Object.hasOwn(failures, name)) throw Error(`no way to fail is named ${name}`);
  return failures[name](vatPowers, baggage);
};
