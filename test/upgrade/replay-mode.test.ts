/**
 * `mode: 'replay'`: new code takes over an incarnation whose transcript it repeats; a vat that
 * never prepared for an upgrade keeps everything that is in its heap.
 */
import { verifyStore, type CreatedVat, type Kernel, type VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const shared = useSharedKernel();

interface Scene {
  readonly kernel: Kernel;
  readonly ledger: CreatedVat & { readonly name: string };
  readonly account: VatReference;
  readonly secondId: string;
}

const scene = async (): Promise<Scene> => {
  const { kernel } = shared;
  const secondId = await shared.install('upgrade/ledger-v2.js');
  const ledger = await shared.create('upgrade/ledger-v1.js');
  const account = (await kernel.call(ledger.root, 'open', [10n])) as VatReference;
  expect(await kernel.call(account, 'deposit', [5n])).toBe(15n);
  return { kernel, ledger, account, secondId };
};

describe("mode 'replay':", () => {
  test('code that repeats the transcript -> takes over, heap and all', async () => {
    const { kernel, ledger, account, secondId } = await scene();
    const waiting = kernel.send(account, 'wait').result;
    await kernel.idle();
    const done = await kernel.upgradeVat(ledger.vatId, { bundleId: secondId, mode: 'replay' });
    expect(done).toEqual({ incarnationNumber: 0 });
    expect(await kernel.call(ledger.root, 'getTotal')).toBe(15n);
    // Its exports answer with the new code, its promises are pending as before.
    expect(await kernel.call(account, 'deposit', [200n])).toBe(213n);
    await kernel.call(account, 'settle', ['kept']);
    expect(await waiting).toBe('kept');
    expect(kernel.vat(ledger.name)).toMatchObject({ incarnation: 0, bundleId: secondId });
    const { ok } = await shared.closedFor(directory => verifyStore({ directory }));
    expect(ok).toBe(true);
    const again = shared.kernel;
    expect(await again.call(again.vat(ledger.name).root, 'getTotal')).toBe(213n);
  });

  test('code that does otherwise -> refused, says where; the heap is as it was', async () => {
    const { kernel, ledger, account, secondId } = await scene();
    // The old code takes 1 of it, the new code would take 2: at delivery 3.
    expect(await kernel.call(account, 'deposit', [200n])).toBe(214n);
    const upgrade = kernel.upgradeVat(ledger.vatId, { bundleId: secondId, mode: 'replay' });
    await expect(upgrade).rejects.toThrow('the new code does otherwise at delivery 3');
    expect(await kernel.call(account, 'getBalance')).toBe(214n);
    await expect(kernel.call(ledger.root, 'getTotal')).rejects.toThrow('getTotal');
    const other = await shared.install('faulty/empty.js');
    const empty = kernel.upgradeVat(ledger.vatId, { bundleId: other, mode: 'replay' });
    await expect(empty).rejects.toThrow('the new code does otherwise at delivery 0');
    expect(await kernel.call(account, 'deposit', [1n])).toBe(215n);
  });

  test('deliveries of the same wave -> are part of what is replayed', async () => {
    const { kernel, ledger, account, secondId } = await scene();
    const before = kernel.send(account, 'deposit', [1n]).result;
    const done = kernel.upgradeVat(ledger.vatId, { bundleId: secondId, mode: 'replay' });
    const after = kernel.send(account, 'deposit', [200n]).result;
    expect(await Promise.all([before, after])).toEqual([16n, 214n]);
    expect(await done).toEqual({ incarnationNumber: 0 });
  });

  test('all within one block -> the same hashes, also without a worker', async () => {
    const hashes = [];
    for (const maxVatsOnline of [50, 1]) {
      const kernel = await kernelOver({ blocks: 'host', maxVatsOnline });
      const settle = async <T>(work: Promise<T>): Promise<T> => {
        await kernel.run();
        await kernel.commit();
        return work;
      };
      const first = await settle(kernel.installBundle(await fixture('upgrade/ledger-v1.js')));
      const second = await settle(kernel.installBundle(await fixture('upgrade/ledger-v2.js')));
      const { root, vatId } = await settle(kernel.createVat({ name: 'a', bundleId: first }));
      await settle(kernel.createVat({ name: 'b', bundleId: first }));
      const account = (await settle(kernel.call(root, 'open', [1n]))) as VatReference;
      const sent = kernel.send(account, 'deposit', [2n]);
      const done = kernel.upgradeVat(vatId, { bundleId: second, mode: 'replay' });
      await settle(Promise.all([sent.result, done]));
      expect(await settle(kernel.call(root, 'getTotal'))).toBe(3n);
      hashes.push(kernel.blockHash);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  test('an upgrade as usual afterwards -> a new incarnation', async () => {
    const { kernel, ledger, secondId } = await scene();
    await kernel.upgradeVat(ledger.vatId, { bundleId: secondId, mode: 'replay' });
    const done = await kernel.upgradeVat(ledger.vatId, { bundleId: secondId });
    expect(done).toMatchObject({ incarnationNumber: 1 });
    expect(await kernel.call(ledger.root, 'getTotal')).toBe(0n);
  });

  test('wrong options -> say what would be right', async () => {
    const { kernel, ledger, secondId } = await scene();
    const upgrade = (options: object): Promise<unknown> =>
      kernel.upgradeVat(ledger.vatId, { bundleId: secondId, ...options });
    await expect(upgrade({ mode: 'again' })).rejects.toThrow('there are swap, replay');
    await expect(upgrade({ mode: 'replay', vatParameters: 1 })).rejects.toThrow('vatParameters');
  });
});
