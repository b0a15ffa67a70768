/** `vatPowers.D` of a bundle cap: what a vat reads, and reads again in a replay. */
import { fileURLToPath } from 'node:url';
import type { CreatedVat, Kernel, VatBundle, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundles/fixtures.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';

const WORKER = fileURLToPath(new URL('../vats/services/worker.js', import.meta.url));
const ANSWERING = '() => ({ answer: () => 6 * 7 })';
/** As a script, never installed before its test. */
const script = (text = ANSWERING): VatBundle => ({ moduleFormat: 'getExport', source: text });

const reader = async (kernel: Kernel, more: object = {}): Promise<CreatedVat> => {
  const bundleId = await install(kernel, 'services/reader.js');
  const vatParameters = { vatAdmin: kernel.services.vatAdmin, ...more };
  return kernel.createVat({ name: 'reader', bundleId, vatParameters });
};

/** The cap of an installed bundle, by way of a vat. */
const capOf = async (kernel: Kernel, bundleId: string): Promise<VatReference> => {
  const admin = await install(kernel, 'services/admin.js');
  const { root, vatId } = await kernel.createVat({ name: 'admin', bundleId: admin });
  await kernel.call(root, 'keep', ['root', kernel.services.vatAdmin]);
  await kernel.call(root, 'tell', ['root', 'createVatAdminService', [], 'svc']);
  const cap = await kernel.call(root, 'tell', ['svc', 'getBundleCap', [bundleId]]);
  await kernel.terminateVat(vatId);
  return cap as VatReference;
};

const prepared = async (bundle: VatBundle, isolation: 'thread' | 'process' = 'thread') => {
  const directory = await freshDirectory();
  const kernel = await kernelOver({ directory, isolation });
  const bundleId = await kernel.installBundle(bundle);
  const cap = await capOf(kernel, bundleId);
  return { directory, kernel, bundleId, cap };
};

describe('D: what it gives', () => {
  test('of an archive -> as SwingSet gives it, frozen', async () => {
    const bundle = await bundleOf(WORKER, 'endoZipBase64');
    const { kernel, cap, bundleId } = await prepared(bundle);
    const { root } = await reader(kernel);
    const read = (await kernel.call(root, 'read', [cap])) as Record<string, unknown>;
    // The source map is kept beside the bundle: no part of it.
    const { sourceMap, ...given } = { sourceMap: undefined, ...bundle };
    expect(sourceMap).toBeDefined();
    expect(read).toMatchObject({ ...given, id: bundleId });
    expect(read).not.toHaveProperty('sourceMap');
    expect(read['endoZipBase64Sha512']).toBe(bundleId.slice(3));
    expect(await kernel.call(root, 'isFrozen', [cap])).toBe(true);
  });

  test('of a script -> format and source; a vat evaluates it in a compartment', async () => {
    const { kernel, cap, bundleId } = await prepared(script());
    const { root } = await reader(kernel);
    expect(await kernel.call(root, 'read', [cap])).toEqual({
      ...{ id: bundleId, length: ANSWERING.length },
      ...{ moduleFormat: 'getExport', source: ANSWERING },
    });
    expect(await kernel.call(root, 'run', [cap])).toBe(42);
  });

  test('while the vat starts, of an answer -> the same', async () => {
    const { kernel, cap, bundleId } = await prepared(script());
    const { root } = await reader(kernel, { cap });
    expect(await kernel.call(root, 'atStart')).toBe(bundleId);
    expect(await kernel.call(root, 'readNamed', [bundleId])).toMatchObject({ id: bundleId });
  });

  test('of anything else -> an error that says what it takes', async () => {
    const { kernel, cap } = await prepared(script());
    const { root } = await reader(kernel);
    const { vatAdmin, clock } = kernel.services;
    for (const other of [vatAdmin, clock, root, 'b1-0', undefined]) {
      await expect(kernel.call(root, 'read', [other])).rejects.toThrow('D() takes a bundle cap');
    }
    expect(await kernel.call(root, 'run', [cap])).toBe(42);
  });
});

describe('D: again', () => {
  test.each(['thread', 'process'] as const)('%s: restart, upgrade -> the same', async isolation => {
    const { directory, kernel, cap, bundleId } = await prepared(script(), isolation);
    const { root, vatId } = await reader(kernel, { cap });
    await kernel.call(root, 'keep', [cap]);
    await kernel.call(root, 'readKept');
    await kernel.close();
    const second = await kernelOver({ directory, isolation });
    const { root: again } = second.vat('reader');
    expect(await second.call(again, 'readKept')).toMatchObject({ id: bundleId });
    const vatParameters = { vatAdmin: second.services.vatAdmin };
    const code = second.vat('reader').bundleId;
    await second.upgradeVat(vatId, { bundleId: code, vatParameters });
    // Nothing has mentioned the cap to the new code: it is in its baggage.
    expect(await second.call(again, 'readKept')).toMatchObject({ id: bundleId });
    await second.close();
    const third = await kernelOver({ directory, isolation });
    expect(await third.call(third.vat('reader').root, 'readKept')).toMatchObject({ id: bundleId });
  });

  test('a cap that the vat has let go of -> a replay still reads it', async () => {
    const { directory, kernel, cap, bundleId } = await prepared(script());
    const { root } = await reader(kernel);
    await kernel.call(root, 'keep', [cap]);
    await kernel.call(root, 'readKept');
    await kernel.call(root, 'forget');
    kernel.release(cap);
    for (let n = 0; n < 3; n += 1) {
      await kernel.reapAll();
      await kernel.idle();
    }
    await kernel.close();
    const second = await kernelOver({ directory });
    const { root: again } = second.vat('reader');
    expect(await second.call(again, 'readNamed', [bundleId])).toMatchObject({ id: bundleId });
  });

  test('a fork -> reads what its parent had', async () => {
    const { directory, kernel, cap, bundleId } = await prepared(script());
    const { root, vatId } = await reader(kernel);
    await kernel.call(root, 'keep', [cap]);
    const fork = await kernel.forkVat(vatId, { name: 'fork', vatParameters: { cap } });
    expect(await kernel.call(fork.root, 'readKept')).toMatchObject({ id: bundleId });
    await kernel.close();
    const second = await kernelOver({ directory });
    const { root: again } = second.vat('fork');
    expect(await second.call(again, 'readKept')).toMatchObject({ id: bundleId });
  });

  test('installed and read in one block, by vats that are paged out -> the same', async () => {
    const hashes: string[] = [];
    for (const maxVatsOnline of [1, 8]) {
      const directory = await freshDirectory();
      const first = await kernelOver({ directory });
      const { root } = await reader(first);
      const relay = await first.createVat({
        name: 'relay',
        bundleId: await install(first, 'services/worker.js'),
      });
      await first.idle();
      await first.close();
      const kernel = await kernelOver({ directory, blocks: 'host', maxVatsOnline });
      const readers = [kernel.vat('reader').root, kernel.vat('relay').root] as const;
      expect(readers).toEqual([root, relay.root]);
      const told: Promise<unknown>[] = [];
      const installing = kernel.installBundle(script(`${ANSWERING} // in one block`));
      const id = await (await kernelOver()).installBundle(script(`${ANSWERING} // in one block`));
      for (let n = 0; n < 3; n += 1) {
        told.push(kernel.call(readers[0], 'readNamed', [id]), kernel.call(readers[1], 'count'));
        await kernel.run();
      }
      await kernel.commit();
      expect(await installing).toBe(id);
      expect((await Promise.all(told))[4]).toMatchObject({ id, moduleFormat: 'getExport' });
      hashes.push(kernel.blockHash);
      await kernel.close();
      const again = await kernelOver({ directory });
      expect(await again.call(again.vat('reader').root, 'readNamed', [id])).toMatchObject({ id });
    }
    expect(hashes[0]).toBe(hashes[1]);
  });
});
