import { E } from '@endo/eventual-send';
import { defineExoClass, defineExoClassKit, makeExo } from '@endo/exo';
import { Far } from '@endo/far';
import { M } from '@endo/patterns';
import {
  defineVirtualExoClass,
  defineVirtualExoClassKit,
  prepareExo,
  prepareExoClass,
  prepareExoClassKit,
} from '@agoric/vat-data';

const AccountI = M.interface('Account', {
  deposit: M.call(M.nat()).returns(M.nat()),
  depositLater: M.callWhen(M.await(M.nat())).returns(M.nat()),
  note: M.call(M.string()).optional(M.or(M.string(), undefined)).rest(M.arrayOf(M.nat())).returns(
    M.arrayOf(M.any()),
  ),
  raw: M.call(M.raw()).returns(M.raw()),
  shaped: M.call(M.splitRecord({ id: M.nat() }, { tags: M.setOf(M.string()) })).returns(M.any()),
  misreturn: M.call().returns(M.string()),
  misreturnLater: M.callWhen().returns(M.string()),
});

const accountMethods = version => ({
  deposit(amount) {
    this.state.balance += amount;
    return this.state.balance;
  },
  depositLater(amount) {
    return this.self.deposit(amount);
  },
  note: (...args) => harden([version, ...args]),
  raw: value => harden(value),
  shaped: record => record,
  misreturn: () => 1n,
  misreturnLater: () => 1n,
});

const LooseI = M.interface('Loose', { strict: M.call(M.nat()).returns(M.nat()) }, { sloppy: true });
const looseMethods = { strict: n => n, anything: (...args) => harden(args) };

const KitI = {
  owner: M.interface('Owner', {
    give: M.call(M.remotable()).returns(M.string()),
    isMine: M.call(M.any()).returns(M.arrayOf(M.boolean())),
  }),
  viewer: M.interface('Viewer', { look: M.call().returns(M.any()) }),
};

const kitFacets = powers => ({
  owner: {
    give(other) {
      powers.amplify(other).owner.giveTo?.();
      this.state.given += 1n;
      return `given ${this.state.given} of ${this.state.name}`;
    },
    isMine: specimen =>
      harden([
        powers.isInstance(specimen),
        powers.isInstance(specimen, 'owner'),
        powers.isInstance(specimen, 'viewer'),
      ]),
  },
  viewer: {
    look() {
      return this.state.name;
    },
  },
});

const kitOptions = powers => ({
  receiveAmplifier: amplify => {
    powers.amplify = amplify;
  },
  receiveInstanceTester: isInstance => {
    powers.isInstance = isInstance;
  },
});

const initAccount = balance => ({ balance });
const initKit = name => ({ name, given: 0n });
const none = () => ({});

const endo = version => {
  const powers = {};
  return {
    makeAccount: defineExoClass('Account', AccountI, initAccount, accountMethods(version)),
    makeKit: defineExoClassKit('Kit', KitI, initKit, kitFacets(powers), kitOptions(powers)),
    loose: makeExo('Loose', LooseI, looseMethods),
  };
};

const virtual = version => {
  const powers = {};
  return {
    makeAccount: defineVirtualExoClass('Account', AccountI, initAccount, accountMethods(version)),
    makeKit: defineVirtualExoClassKit('Kit', KitI, initKit, kitFacets(powers), kitOptions(powers)),
    loose: defineVirtualExoClass('Loose', LooseI, none, looseMethods)(),
  };
};

const durable = (version, baggage) => {
  const powers = {};
  const methods = accountMethods(version);
  return {
    makeAccount: prepareExoClass(baggage, 'Account', AccountI, initAccount, methods, {
      stateShape: { balance: M.nat() },
    }),
    makeKit: prepareExoClassKit(
      baggage,
      'Kit',
      KitI,
      initKit,
      kitFacets(powers),
      kitOptions(powers),
    ),
    loose: prepareExo(baggage, 'Loose', LooseI, looseMethods),
  };
};

/** The same exos with endo's own class makers, with virtual kinds and with durable kinds. */
export const buildRootObject = (_vatPowers, { version }, baggage) => {
  const sorts = {
    endo: endo(version),
    virtual: virtual(version),
    durable: durable(version, baggage),
  };
  return Far('exos', {
    makeAccount: (sort, balance) => sorts[sort].makeAccount(balance),
    makeKit: (sort, name) => sorts[sort].makeKit(name),
    loose: sort => sorts[sort].loose,
    /** Guards of local calls, which throw at once. */
    callLocally: async (sort, method, ...args) => {
      const account = sorts[sort].makeAccount(1n);
      try {
        return harden(['returned', await account[method](...args)]);
      } catch (error) {
        return harden(['threw', error.name, error.message]);
      }
    },
    sendLocally: (sort, method, ...args) => E(sorts[sort].makeAccount(1n))[method](...args),
    later: value => Promise.resolve(value),
    breakShape: () => sorts.durable.makeAccount('not a bigint'),
  });
};
