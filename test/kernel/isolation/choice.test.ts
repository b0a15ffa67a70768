/** Where a vat runs is this host's choice: it changes no outcome and no hash. */
import type { Kernel, KernelOptions, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import {
  fixture,
  freshDirectory,
  install,
  kernelOver,
} from '../../support/kernels/fresh-kernels.js';
import { vatProcesses } from '../../support/hosts/vat-processes.js';

/** The hash of every block of a run with messages between vats, an upgrade, and an end. */
const hashesOf = async (
  options: Partial<KernelOptions>,
  isolationOf: (name: string) => 'thread' | 'process' | undefined,
): Promise<string[]> => {
  const kernel = await kernelOver({ blocks: 'host', ...options });
  const hashes: string[] = [];
  const block = async <T>(work: Promise<T>): Promise<T> => {
    await kernel.run();
    hashes.push(await kernel.commit());
    return work;
  };
  const create = (name: string, bundleId: string): ReturnType<Kernel['createVat']> => {
    const isolation = isolationOf(name);
    const choice = isolation === undefined ? {} : { isolation };
    return block(kernel.createVat({ name, bundleId, ...choice }));
  };
  const [bankBundle, relayBundle] = [await fixture('bank.js'), await fixture('relay.js')];
  const bankId = await block(kernel.installBundle(bankBundle));
  const relayId = await block(kernel.installBundle(relayBundle));
  const bank = await create('bank', bankId);
  const relay = await create('relay', relayId);
  const purse = (await block(kernel.call(bank.root, 'makePurse', ['a', 1n]))) as VatReference;
  for (let i = 0; i < 20; i += 1) {
    kernel.send(relay.root, 'send', [`n${i}`, purse, 'deposit', [1n]]);
  }
  expect(await block(kernel.call(relay.root, 'forward', [purse, 'deposit', [1n]]))).toBe(22n);
  await block(kernel.upgradeVat(bank.vatId, { bundleId: bankId, vatParameters: { version: 2 } }));
  expect(await block(kernel.call(relay.root, 'forward', [purse, 'getVersion', []]))).toBe(2);
  await block(kernel.terminateVat(relay.vatId));
  return hashes;
};

describe('isolation:', () => {
  test('threads, processes, some of each -> the same hash for every block', async () => {
    const threads = await hashesOf({ isolation: 'thread' }, () => undefined);
    const processes = await hashesOf({ isolation: 'process' }, () => undefined);
    const mixed = await hashesOf({ isolation: 'thread' }, name =>
      name === 'bank' ? 'process' : undefined,
    );
    expect(threads.length).toBeGreaterThan(7);
    expect(processes).toEqual(threads);
    expect(mixed).toEqual(threads);
  });

  const choice = 'a vat with a choice of its own -> kept by this host, also after an upgrade';
  test(choice, { tags: ['thorough'] }, async () => {
    const directory = await freshDirectory();
    const first = await kernelOver({ directory, isolation: 'thread' });
    const bundleId = await install(first, 'bank.js');
    await first.createVat({ name: 'in', bundleId });
    await first.createVat({ name: 'out', bundleId, isolation: 'process' });
    expect(vatProcesses()).toHaveLength(1);
    await first.close();
    const second = await kernelOver({ directory, isolation: 'thread' });
    expect(vatProcesses()).toHaveLength(1);
    await second.upgradeVat(second.vat('out').vatId, { bundleId });
    await second.upgradeVat(second.vat('in').vatId, { bundleId });
    await second.close();
    const third = await kernelOver({ directory, isolation: 'process' });
    expect(vatProcesses()).toHaveLength(2);
    expect(await third.call(third.vat('in').root, 'countCalls')).toBe(1);
  });

  test('wrong options -> BAD_OPTION', async () => {
    const wrong: Partial<KernelOptions>[] = [
      { isolation: 'cellar' as never },
      { heapMiBMax: 1 },
      { heapMiBMax: 99.5 },
      { deliveryTimeoutMs: 0 },
      { deliveryTimeoutMs: '1s' as never },
    ];
    const bad = { name: 'KernelError', code: 'BAD_OPTION' };
    for (const options of wrong) await expect(kernelOver(options)).rejects.toMatchObject(bad);
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'bank.js');
    const made = kernel.createVat({ name: 'a', bundleId, isolation: 'cellar' as never });
    await expect(made).rejects.toMatchObject(bad);
    await expect(
      kernel.terminateVat((await kernel.createVat({ name: 'b', bundleId })).vatId, {
        last: true,
      } as never),
    ).rejects.toMatchObject(bad);
  });
});
