/** A kernel that has to stop: whoever waits for a result is told so, in every mode (rule S1). */
import { expect, test } from 'vitest';
import { fixture, kernelOver } from '../support/kernels.js';

test('a critical vat ends, blocks by the host -> who waits gets the HostError', async () => {
  const kernel = await kernelOver({ blocks: 'host' });
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    await kernel.run();
    await kernel.commit();
    return work;
  };
  const bundleId = await settled(kernel.installBundle(await fixture('workbench.js')));
  const { root } = await settled(kernel.createVat({ name: 'a', bundleId, critical: true }));
  const open = kernel.send(root, 'run', ['new Promise(() => 0)']).result;
  await settled(Promise.resolve());
  const installing = kernel.installBundle(await fixture('bank.js'));
  const ending = kernel.send(root, 'run', ['vatPowers.exitVat(0)']).result;
  const waiting = [open, installing, ending].map(it => it.catch((reason: unknown) => reason));
  const failure: unknown = await kernel.run().catch((reason: unknown) => reason);
  expect(failure).toMatchObject({ name: 'HostError', code: 'CRITICAL_VAT' });
  for (const told of await Promise.all(waiting)) expect(told).toBe(failure);
  await expect(kernel.commit()).rejects.toBe(failure);
});
