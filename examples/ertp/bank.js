/** A bank on ERTP: its issuer kit and its own objects live in durable zones. First edition. */
import {
  AmountMath,
  AmountShape,
  BrandShape,
  IssuerShape,
  PaymentShape,
  PurseShape,
  prepareIssuerKit,
} from '@agoric/ertp';
import { makeDurableZone } from '@agoric/zone/durable.js';
import { Far } from '@endo/far';
import { M } from '@endo/patterns';

const BankI = {
  teller: M.interface('Teller', {
    getIssuer: M.call().returns(IssuerShape),
    getBrand: M.call().returns(BrandShape),
    openPurse: M.call().returns(PurseShape),
  }),
  treasury: M.interface('Treasury', {
    issue: M.call(M.nat()).returns(PaymentShape),
    getIssued: M.call().returns(AmountShape),
  }),
};

export const buildRootObject = (_vatPowers, { name }, baggage) => {
  const zone = makeDurableZone(baggage, 'bank');
  const { issuer, brand, mint } = prepareIssuerKit(zone.mapStore('issuer kit'), name);

  const makeBank = zone.exoClassKit('Bank', BankI, () => ({ issued: AmountMath.make(brand, 0n) }), {
    teller: {
      getIssuer: () => issuer,
      getBrand: () => brand,
      openPurse: () => issuer.makeEmptyPurse(),
    },
    treasury: {
      issue(value) {
        const amount = AmountMath.make(brand, value);
        this.state.issued = AmountMath.add(this.state.issued, amount);
        return mint.mintPayment(amount);
      },
      getIssued() {
        return this.state.issued;
      },
    },
  });
  const { teller, treasury } = zone.makeOnce('bank', () => makeBank());

  return Far('bank', { getTeller: () => teller, getTreasury: () => treasury });
};
