import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const PROPOSED = harden({ give: {}, want: {}, exit: { onDemand: null } });

/**
 * What a contract's vat needs of Zoe and no more: makes such vats from bundle caps and upgrades
 * them, as Zoe does, and makes invitations and seats for their contracts.
 */
export const buildRootObject = (_vatPowers, { vatAdmin }, baggage) => {
  const invitationBrand = Far('Invitation brand', {
    isMyIssuer: () => true,
    getAllegedName: () => 'Invitation',
    getDisplayInfo: () => harden({ assetKind: 'set' }),
  });
  const invitationIssuer = Far('Invitation issuer', {
    getBrand: () => invitationBrand,
    getAssetKind: () => 'set',
    getAllegedName: () => 'Invitation',
    getDisplayInfo: () => harden({ assetKind: 'set' }),
  });
  const handlers = new Map();
  const instanceAdmin = Far('instance admin', {
    makeInvitation: (handle, description) => {
      const invitation = Far('Invitation payment', { getDescription: () => description });
      handlers.set(invitation, handle);
      return invitation;
    },
  });
  const svc = E(vatAdmin).createVatAdminService();
  const keep = (name, value) => {
    if (baggage.has(name)) baggage.set(name, value);
    else baggage.init(name, value);
  };

  const zoe = Far('zoeService', {
    /** A contract's vat, of the bundle `zcfId`, with the contract of `contractId`. */
    startInstance: async (name, zcfId, contractId, privateArgs) => {
      const contractBundleCap = await E(svc).getBundleCap(contractId);
      const { root, adminNode } = await E(svc).createVat(await E(svc).getBundleCap(zcfId), {
        name,
        vatParameters: { contractBundleCap, zoeService: zoe, invitationIssuer },
      });
      const instance = Far('InstanceHandle', {});
      const installation = Far('Installation', {});
      const terms = { issuers: {}, brands: {} };
      const facets = await E(root).startZcf(
        instanceAdmin,
        harden({ installation, instance, terms }),
        harden([]),
        privateArgs,
      );
      keep('adminNode', adminNode);
      keep('handleOffer', facets.handleOfferObj);
      return facets;
    },
    /** As `upgradeContract` of Zoe's facet for who started the instance. */
    upgradeContract: async (zcfId, contractId, privateArgs) => {
      const contractBundleCap = await E(svc).getBundleCap(contractId);
      const zcfCap = await E(svc).getBundleCap(zcfId);
      const vatParameters = harden({ contractBundleCap, privateArgs });
      return E(baggage.get('adminNode')).upgrade(zcfCap, { vatParameters });
    },
    /** What the contract makes of the offer of an invitation. */
    offer: async (invitation, offerArgs) => {
      const seatHandle = Far('SeatHandle', {});
      const seatData = { proposal: PROPOSED, initialAllocation: {}, seatHandle, offerArgs };
      const handle = handlers.get(await invitation);
      const { offerResultPromise } = await E(baggage.get('handleOffer')).handleOffer(
        handle,
        harden(seatData),
      );
      return offerResultPromise;
    },
  });
  return zoe;
};
