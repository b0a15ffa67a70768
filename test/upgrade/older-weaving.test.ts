/**
 * A store keeps its image when a new release opens it, and the image does not give what that
 * release weaves in: scripts are woven as the store's image needs them, until it adopts another.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { reportEngine, verifyStore } from '@heirloom/kernel';
import type { Kernel } from '@heirloom/kernel';
import { readImage } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundles/fixtures.js';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { olderStore } from '../support/stores/older-stores.js';

const ZIP_ENTRY = fileURLToPath(new URL('../vats/formats/vat.js', import.meta.url));
const TEXT = new URL('../stores/woven-vat.txt', import.meta.url);
const store = (): Promise<string> => olderStore('4-woven-2');

/** As make-woven-store.mjs printed them: the blocks with which that release went on. */
const CALLED = '78afb876749f2fda7c9014ee9c3850c85dd7ad09733d535225a4b2f9ac140c64';
const ADDED = '257cca57368e9ac94600d46e6140c326bc9de1828d69e28f032f45e67034b291';

const goes = (n: number): string =>
  JSON.stringify([
    [n, [n, 1], String(n)],
    ...[[1, [1, 1], '1'], 3, Array.from({ length: n + 1 }, (_, i) => i)],
  ]);

const installed = async (kernel: Kernel, name: string): Promise<string> => {
  const source = (await readFile(TEXT, 'utf8')).replace('NAME', name);
  return kernel.installBundle({ moduleFormat: 'endoScript', source });
};
const go = (kernel: Kernel, name: string, n: number): Promise<unknown> =>
  kernel.call(kernel.vat(name).root, 'go', [n]);

describe('a store whose image is of the release before:', () => {
  test('by another engine -> refused, as ever', async () => {
    const directory = await store();
    const { fits } = (await reportEngine({ directory })).store!;
    const opened = kernelOver({ directory }).then(({ imageId }) => imageId !== readImage().id);
    if (fits) expect(await opened).toBe(true);
    else await expect(opened).rejects.toMatchObject({ code: 'ENGINE_MISMATCH' });
  });

  const goesOn = 'old vats, new bundles, new vats -> run, with the hashes of that release';
  test(goesOn, async context => {
    const directory = await store();
    if (!(await reportEngine({ directory })).store!.fits) return context.skip();
    let kernel = await kernelOver({ directory });
    expect(await go(kernel, 'one', 4)).toBe(goes(4));
    expect(kernel.blockHash).toBe(CALLED);
    await kernel.createVat({ name: 'two', bundleId: await installed(kernel, 'two') });
    expect(await go(kernel, 'two', 5)).toBe(goes(5));
    expect(kernel.blockHash).toBe(ADDED);
    const zip = await kernel.installBundle(await bundleOf(ZIP_ENTRY, 'endoZipBase64'));
    await kernel.createVat({ name: 'zip', bundleId: zip });
    const images = kernel.vats().map(({ imageId }) => imageId);
    expect(images).toEqual([kernel.imageId, kernel.imageId, kernel.imageId]);
    await kernel.close();
    // Replayed and paged in.
    kernel = await kernelOver({ directory, maxVatsOnline: 1 });
    for (const name of ['one', 'two', 'one']) expect(await go(kernel, name, 2)).toBe(goes(2));
    await kernel.close();
    expect((await verifyStore({ directory })).ok).toBe(true);
  });

  const adopted = 'an image is adopted -> scripts as it needs them, whenever it was made ready';
  test(adopted, async context => {
    const hashes: string[] = [];
    for (const isReadyFirst of [true, false]) {
      const directory = await store();
      if (!(await reportEngine({ directory })).store!.fits) return context.skip();
      const kernel = await kernelOver({ directory });
      const early = isReadyFirst ? await kernel.prepareImage() : undefined;
      const bundleId = await installed(kernel, 'two');
      const workbench = await install(kernel, 'workbench.js');
      const zip = await kernel.installBundle(await bundleOf(ZIP_ENTRY, 'endoZipBase64'));
      await kernel.adoptImage(early ?? (await kernel.prepareImage()));
      expect(kernel.imageId).toBe(readImage().id);
      await kernel.createVat({ name: 'two', bundleId });
      await kernel.createVat({ name: 'zip', bundleId: zip });
      expect([await go(kernel, 'one', 4), await go(kernel, 'two', 4)]).toEqual([goes(4), goes(4)]);
      const { root } = await kernel.createVat({ name: 'deep', bundleId: workbench });
      hashes.push(kernel.blockHash);
      const deep = 'const f = (n, x = n && f(n - 1)) => x; try { f(20_000); } catch {} 1';
      await expect(kernel.call(root, 'run', [deep])).rejects.toThrow('vat terminated');
    }
    expect(hashes[0]).toBe(hashes[1]);
  });
});
