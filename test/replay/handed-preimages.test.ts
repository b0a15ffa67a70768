/** Replays in the block that overwrites old rows: pre-images are handed over (rules T2, T4). */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { fixture, kernelOver } from '../support/kernels.js';

const settled = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

test('old rows change, then the vat is replayed, in one block -> it succeeds', async () => {
  const kernel = await kernelOver({ blocks: 'host' });
  const bundleId = await settled(kernel, kernel.installBundle(await fixture('bank.js')));
  const creating = kernel.createVat({ name: 'bank', bundleId });
  const { root, vatId } = await settled(kernel, creating);
  const made = kernel.send(root, 'makePurse', ['a', 1n]).result;
  const purse = (await settled(kernel, made)) as VatReference;
  await settled(kernel, kernel.upgradeVat(vatId, { bundleId }));
  const deposit = kernel.send(purse, 'deposit', [5n]).result;
  await kernel.run();
  const replayed = kernel.upgradeVat(vatId, { bundleId, mode: 'replay' });
  const forked = kernel.forkVat(vatId, { name: 'fork', exports: [purse] });
  const again = kernel.send(purse, 'deposit', [10n]).result;
  const all = await settled(kernel, Promise.all([deposit, replayed, forked, again]));
  expect(all).toMatchObject([6n, { incarnationNumber: 1 }, {}, 16n]);
  const [copy] = (await forked).exports;
  expect(await settled(kernel, kernel.send(copy!, 'getBalance').result)).toBe(6n);
});
