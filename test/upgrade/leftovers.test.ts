/** What an upgrade leaves behind: no name, no worker, nothing that its parameters mention. */
import type { Kernel, KernelOptions, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';

const settled = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

/** A kernel with one workbench, and its bundle. */
const begin = async (
  options: Partial<KernelOptions> = {},
): Promise<{ readonly kernel: Kernel; readonly bundleId: string; readonly root: VatReference }> => {
  const kernel = await kernelOver({ ...options, blocks: 'host' });
  const bundleId = await settled(kernel, kernel.installBundle(await fixture('workbench.js')));
  const { root } = await settled(kernel, kernel.createVat({ name: 'a', bundleId }));
  return { kernel, bundleId, root };
};

describe('leftovers:', () => {
  const MORTALS = [
    ['remotables', 'Far("x", {})'],
    ['virtual objects', 'VatData.defineKind("x", () => ({}), {})()'],
    ['virtual stores', 'VatData.makeScalarBigMapStore("x")'],
  ] as const;
  test.each(MORTALS)('%s that others hold -> the vat has no names for them', async (_, code) => {
    const { kernel, bundleId, root } = await begin();
    const { names } = kernel.audit().counts;
    const thing = await settled(kernel, kernel.send(root, 'run', [code]).result);
    expect(kernel.audit().counts.names).toBe(names + 1);
    await settled(kernel, kernel.upgradeVat(kernel.vat('a').vatId, { bundleId }));
    expect(kernel.audit().counts.names).toBe(names);
    const call = kernel.send(thing as VatReference, 'anything').result;
    await expect(settled(kernel, call)).rejects.toThrow('vat terminated');
  });

  test('the worker of the predecessor -> gone', async () => {
    const { kernel, bundleId } = await begin({ spareThreads: 0 });
    const { threads } = kernel.stats();
    for (let n = 0; n < 3; n += 1) {
      await settled(kernel, kernel.upgradeVat(kernel.vat('a').vatId, { bundleId }));
    }
    expect(kernel.stats().threads).toBe(threads);
    await settled(kernel, kernel.terminateVat(kernel.vat('a').vatId));
    expect(kernel.stats().threads).toBe(threads - 1);
  });

  test('an upgrade behind the end of its vat -> holds nothing of its parameters', async () => {
    const { kernel, bundleId, root } = await begin();
    const mentioned = await settled(kernel, kernel.send(root, 'run', ['Far("x", {})']).result);
    const { vatId } = kernel.vat('a');
    const ended = kernel.terminateVat(vatId);
    const vatParameters = { mentioned };
    const late = kernel.upgradeVat(vatId, { bundleId, vatParameters }).catch(String);
    await settled(kernel, ended);
    expect(await late).toBe(`Error: vat ${vatId} is not running`);
    expect(kernel.audit().findings).toEqual([]);
  });
});
