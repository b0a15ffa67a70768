/** A customer of the bank, in a vat of its own: keeps purses and payments under names. */
import { AmountMath } from '@agoric/ertp';
import { makeDurableZone } from '@agoric/zone/durable.js';
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  const zone = makeDurableZone(baggage, 'client');
  const purses = zone.mapStore('purses');
  const payments = zone.mapStore('payments');
  const bank = zone.mapStore('bank');

  const amountOf = value => AmountMath.make(bank.get('brand'), value);
  const valueOf = amount => AmountMath.getValue(bank.get('brand'), amount);
  const keep = (name, payment) => void payments.init(name, payment);

  return Far('client', {
    join: async teller => {
      bank.init('teller', teller);
      bank.init('issuer', await E(teller).getIssuer());
      bank.init('brand', await E(teller).getBrand());
    },
    open: async name => void purses.init(name, await E(bank.get('teller')).openPurse()),
    keep,
    deposit: async (purseName, paymentName) => {
      const amount = await E(purses.get(purseName)).deposit(payments.get(paymentName));
      payments.delete(paymentName);
      return valueOf(amount);
    },
    withdraw: async (purseName, value, paymentName) =>
      keep(paymentName, await E(purses.get(purseName)).withdraw(amountOf(value))),
    /** A payment leaves this vat. */
    pay: name => {
      const payment = payments.get(name);
      payments.delete(name);
      return payment;
    },
    balance: async name => valueOf(await E(purses.get(name)).getCurrentAmount()),
    worth: async name => valueOf(await E(bank.get('issuer')).getAmountOf(payments.get(name))),
    total: async () => {
      const issuer = bank.get('issuer');
      const amounts = await Promise.all([
        ...[...purses.values()].map(purse => E(purse).getCurrentAmount()),
        ...[...payments.values()].map(payment => E(issuer).getAmountOf(payment)),
      ]);
      return valueOf(amounts.reduce((sum, amount) => AmountMath.add(sum, amount), amountOf(0n)));
    },
  });
};
