/** The store that is damaged: something in every table, and pages that are free. */
import { openKernel } from '@heirloom/kernel';

const PURSES = 60;

interface Bundles {
  readonly bank: unknown;
  readonly relay: unknown;
}

/** Makes it in an empty directory, closed. */
export const makeSampleStore = async (directory: string, bundles: Bundles): Promise<void> => {
  const parameters = { stateRootInterval: 5 };
  const kernel = await openKernel({ directory, parameters, spareThreads: 0, log: () => undefined });
  const bundleId = await kernel.installBundle(bundles.bank as never);
  const relayId = await kernel.installBundle(bundles.relay as never);
  const bank = await kernel.createVat({ name: 'bank', bundleId });
  const relay = await kernel.createVat({ name: 'relay', bundleId: relayId });
  for (let i = 0; i < PURSES; i += 1) kernel.send(bank.root, 'makePurse', [`purse ${i}`, 100n]);
  await kernel.idle();
  await kernel.bind('first', (await kernel.call(bank.root, 'getPurse', ['purse 0'])) as never);
  await kernel.upgradeVat(bank.vatId, { bundleId });
  for (let i = 0; i < PURSES; i += 2) {
    const purse = await kernel.call(bank.root, 'getPurse', [`purse ${i}`]);
    kernel.send(purse as never, 'deposit', [BigInt(i)]);
  }
  await kernel.idle();
  await kernel.forkVat(bank.vatId, { name: 'branch' });
  // A promise that nobody settles, one that the host waits for, messages that wait on it.
  kernel.send(relay.root, 'pipeline', [relay.root, 'open', 'x', 'y']);
  kernel.send(relay.root, 'open', []);
  await kernel.call(relay.root, 'send', ['version', bank.root, 'getVersion', []]);
  await kernel.idle();
  await kernel.close();
};
