/**
 * The bank, second edition. New: the treasury can burn, and there is an auditor, a facet that the
 * objects made by the first edition get as well.
 */
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
import { E } from '@endo/eventual-send';
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
    burn: M.callWhen(M.await(PaymentShape)).returns(AmountShape),
    getAuditor: M.call().returns(M.remotable('Auditor')),
  }),
  auditor: M.interface('Auditor', { report: M.call().returns(M.record()) }),
};

export const buildRootObject = (_vatPowers, { name }, baggage) => {
  const zone = makeDurableZone(baggage, 'bank');
  const { issuer, brand, mint } = prepareIssuerKit(zone.mapStore('issuer kit'), name);
  const burnt = zone.mapStore('burnt');
  if (!burnt.has('total')) burnt.init('total', AmountMath.make(brand, 0n));

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
      async burn(payment) {
        const amount = await E(issuer).burn(payment);
        burnt.set('total', AmountMath.add(burnt.get('total'), amount));
        return amount;
      },
      getAuditor() {
        return this.facets.auditor;
      },
    },
    auditor: {
      report() {
        const { issued } = this.state;
        const total = burnt.get('total');
        return harden({ issued, burnt: total, current: AmountMath.subtract(issued, total) });
      },
    },
  });
  const { teller, treasury } = zone.makeOnce('bank', () => makeBank());

  return Far('bank', { getTeller: () => teller, getTreasury: () => treasury });
};
