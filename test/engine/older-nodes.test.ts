/** Stores that an older release wrote under several releases of Node: each goes on under this. */
import { migrateStore, verifyStore } from '@heirloom/kernel';
import type { Kernel, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { kernelOver } from '../support/kernels/fresh-kernels.js';
import { OLDER_NODES, olderStore } from '../support/stores/older-stores.js';

const balances = async (kernel: Kernel): Promise<unknown[]> => {
  const { root } = kernel.vat('bank');
  const found = [];
  for (const name of ['ada', 'ben', 'cyd']) {
    const purse = (await kernel.call(root, 'getPurse', [name])) as VatReference;
    found.push(await kernel.call(purse, 'getBalance'));
  }
  return found;
};

describe.each(OLDER_NODES)('a store of schema %s', which => {
  test('migrated and moved -> every object alive, it goes on, and verifies', async () => {
    const directory = await olderStore(which);
    await migrateStore({ directory });
    let kernel = await kernelOver({ directory, adoptEngine: true });
    const fits = kernel.engineFits;
    const vats = kernel.vats().length;
    const { restarted, stranded } = await kernel.adoptEngine();
    expect([restarted, stranded]).toEqual([fits ? 0 : vats, []]);
    await kernel.idle();
    expect(await balances(kernel)).toEqual([15, 20, 30]);
    expect(kernel.vats().map(({ name }) => name)).toEqual(['bank', 'holder', 'caller', 'second']);
    await kernel.close();
    expect(await verifyStore({ directory })).toMatchObject({ ok: true });

    // What it needs is from now on what this Node shows.
    kernel = await kernelOver({ directory });
    expect(await balances(kernel)).toEqual([15, 20, 30]);
  });

  test('not adopted -> opened under its own Node alone', async () => {
    const directory = await olderStore(which);
    await migrateStore({ directory });
    const asked = await kernelOver({ directory, adoptEngine: true });
    const fits = asked.engineFits;
    await asked.close();
    const opened = kernelOver({ directory }).then(
      kernel => kernel.vats().length,
      ({ code }: { readonly code: unknown }) => code,
    );
    expect(await opened).toBe(fits ? 3 : 'ENGINE_MISMATCH');
  });
});
