// The bank's client: holds the purses in RAM and pays into them in turn. Every kernel of a
// comparison runs this file unchanged. A kernel whose host makes vats calls `connect`; SwingSet,
// whose vats make vats, calls `bootstrap` and `upgrade`.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

export const buildRootObject = () => {
  let purses = [];
  let bank;
  let adminNode;
  let bankBundle;
  return Far('driver', {
    async bootstrap(vats, devices) {
      const vatAdmin = await E(vats.vatAdmin).createVatAdminService(devices.vatAdmin);
      bankBundle = await E(vatAdmin).getNamedBundleCap('bank');
      const options = { vatParameters: { version: 1 } };
      ({ root: bank, adminNode } = await E(vatAdmin).createVat(bankBundle, options));
    },
    connect(bankRoot) {
      bank = bankRoot;
    },
    async make(count) {
      purses = [...purses, ...(await E(bank).make(count))];
      return purses.length;
    },
    async deposit(count) {
      const pending = [];
      for (let i = 0; i < count; i += 1) pending.push(E(purses[i % purses.length]).deposit(1n));
      return (await Promise.all(pending)).length;
    },
    async upgrade(version) {
      await E(adminNode).upgrade(bankBundle, { vatParameters: { version } });
      return E(purses[0]).version();
    },
    /** The version of the behaviour that the oldest purse has now. */
    version: () => E(purses[0]).version(),
  });
};
