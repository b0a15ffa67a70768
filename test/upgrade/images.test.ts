/**
 * The zygote image changes by an input only; a vat stays on the one that it began with until it is
 * upgraded (rules.md#h4).
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { verifyStore } from '@heirloom/kernel';
import type { ImageSource, Kernel, VatReference } from '@heirloom/kernel';
import { readImage } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundles/fixtures.js';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { localKeys } from '../support/stores/store-rows.js';

const ZIP_ENTRY = fileURLToPath(new URL('../vats/formats/vat.js', import.meta.url));
const OLD_TEXT = 'kind tag must be a string';
const NEW_TEXT = 'kind tags are strings';

const imageOf = (source: string): ImageSource => ({
  id: createHash('sha256').update(source).digest('hex'),
  source,
});
/** An image that vats can tell from ours: by one text. */
const nextImage = (): ImageSource => imageOf(readImage().source.replaceAll(OLD_TEXT, NEW_TEXT));


const textIn = async (kernel: Kernel, name: string): Promise<string> => {
  const { root } = kernel.vat(name);
  return (await kernel.call(root, 'run', ['why(() => VatData.makeKindHandle(1))'])) as string;
};
const imagesOf = (kernel: Kernel): string[] => kernel.vats().map(({ imageId }) => imageId);

describe('image:', () => {
  test('another is adopted -> new vats get it, the others when they are upgraded', async () => {
    const directory = await freshDirectory();
    const next = nextImage();
    let kernel = await kernelOver({ directory });
    const old = kernel.imageId;
    const bundleId = await install(kernel, 'workbench.js');
    await kernel.createVat({ name: 'first', bundleId });
    await kernel.createVat({ name: 'second', bundleId });
    expect(await kernel.adoptImage({ image: next })).toEqual({ imageId: next.id });
    await kernel.createVat({ name: 'third', bundleId });
    const seen = async (): Promise<boolean[]> => {
      const texts = [];
      for (const { name } of kernel.vats()) texts.push(await textIn(kernel, name));
      return texts.map(text => text.includes(NEW_TEXT));
    };
    expect(await seen()).toEqual([false, false, true]);
    expect(imagesOf(kernel)).toEqual([old, old, next.id]);
    await kernel.close();
    // What spares later openings the time is kept at once.
    const isCache = (key: string): boolean => key.includes('codeCache') && key.endsWith(next.id);
    expect((await localKeys(directory)).filter(isCache)).toHaveLength(1);

    // Not the image of the installed release any more, but the store's; each vat is on its own.
    kernel = await kernelOver({ directory, maxVatsOnline: 1 });
    expect(kernel.imageId).toBe(next.id);
    expect(await seen()).toEqual([false, false, true]);
    await kernel.upgradeVat(kernel.vat('first').vatId, { bundleId });
    expect(await seen()).toEqual([true, false, true]);
    expect(imagesOf(kernel)).toEqual([next.id, old, next.id]);
    expect(kernel.vats().every(({ replayable }) => replayable)).toBe(true);
    await kernel.close();
    const { ok, vats } = await verifyStore({ directory });
    expect([ok, vats.length]).toEqual([true, 3]);
  });

  test('two in the first block of a store -> the last one counts', async () => {
    const kernel = await kernelOver();
    const installed = kernel.imageId;
    await Promise.all([kernel.adoptImage({ image: nextImage() }), kernel.adoptImage()]);
    await kernel.createVat({ name: 'vat', bundleId: await install(kernel, 'workbench.js') });
    expect([kernel.imageId, ...imagesOf(kernel)]).toEqual([installed, installed]);
  });

  test('upgradeAll -> every vat is on it, one that fails stays on its own', async () => {
    const kernel = await kernelOver();
    const old = kernel.imageId;
    const workbench = await install(kernel, 'workbench.js');
    const bank = await install(kernel, 'bank.js');
    await kernel.createVat({ name: 'first', bundleId: workbench });
    const setup = "if (baggage.has('x')) throw Error('again'); baggage.init('x', 1)";
    await kernel.createVat({ name: 'once', bundleId: workbench, vatParameters: { setup } });
    const third = { name: 'bank', bundleId: bank, vatParameters: { version: 3 } };
    const made = await kernel.createVat(third);
    const purse = (await kernel.call(made.root, 'makePurse', ['a', 5n])) as VatReference;
    const { id } = nextImage();
    await kernel.adoptImage({ image: nextImage() });
    await kernel.idle();
    const { blockHash, lastInput } = kernel;
    const tried = await kernel.upgradeAll({ dryRun: true });
    expect(tried).toMatchObject([
      { vatId: 'v1', name: 'first', ok: true, incarnationNumber: 1, refresh: 'never' },
      { vatId: 'v2', name: 'once', ok: false, errors: ['Error: again'] },
      { vatId: 'v3', name: 'bank', ok: true, kinds: { bound: ['Purse'] } },
    ]);
    expect(tried[1]!.trace).toContain('Error: again');
    expect([imagesOf(kernel), kernel.blockHash, kernel.lastInput]).toEqual([
      [old, old, old], blockHash, lastInput,
    ]);
    expect(await kernel.upgradeAll()).toEqual([
      { vatId: 'v1', name: 'first', succeeded: true, incarnationNumber: 1 },
      { vatId: 'v2', name: 'once', succeeded: false, reason: Error('again') },
      { vatId: 'v3', name: 'bank', succeeded: true, incarnationNumber: 1 },
    ]);
    expect(imagesOf(kernel)).toEqual([id, old, id]);
    // The parameters are those that it had.
    expect(await kernel.call(purse, 'getVersion')).toBe(3);
    expect(await kernel.call(purse, 'getBalance')).toBe(5n);
    await expect(kernel.upgradeAll({ message: 'x' } as never)).rejects.toThrow('upgradeMessage');
    for (const wrong of [{ dryRun: 1 }, { dryRun: true, drain: { waves: 1 } }]) {
      await expect(kernel.upgradeAll(wrong as never)).rejects.toMatchObject({ code: 'BAD_OPTION' });
    }
  });

  const waiting = 'what waits on the queue while it is adopted -> begins on the new one';
  test(waiting, { tags: ['thorough'] }, async () => {
    const kernel = await kernelOver({ blocks: 'host' });
    const settle = async <T>(work: Promise<T>): Promise<T> => {
      await kernel.run();
      await kernel.commit();
      return work;
    };
    const bundleId = await settle(kernel.installBundle(await fixture('workbench.js')));
    const next = await kernel.prepareImage({ image: nextImage() });
    const made = kernel.createVat({ name: 'vat', bundleId });
    const adopted = kernel.adoptImage(next);
    await settle(Promise.all([adopted, made]));
    expect(imagesOf(kernel)).toEqual([next.imageId]);
  });

  const theSameInputs =
    'the same inputs -> the same block hashes; bundles of every format go along';
  test(theSameInputs, { tags: ['thorough'] }, async () => {
    const hashes = [];
    for (let n = 0; n < 2; n += 1) {
      const kernel = await kernelOver();
      const bundleId = await install(kernel, 'workbench.js');
      await kernel.installBundle(await bundleOf(ZIP_ENTRY, 'endoZipBase64'));
      await kernel.adoptImage({ image: nextImage() });
      await kernel.createVat({ name: 'vat', bundleId });
      hashes.push(kernel.blockHash);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  test('the image that it has already -> nothing changes', async () => {
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'workbench.js');
    const { root } = await kernel.createVat({ name: 'vat', bundleId });
    const { imageId } = kernel;
    expect(await kernel.adoptImage()).toEqual({ imageId });
    expect(await kernel.call(root as VatReference, 'run', ['1 + 1'])).toBe(2);
  });

  test.each([
    ['another id', (image: ImageSource) => ({ ...image, id: 'f'.repeat(64) }), 'is the sha256 of'],
    ['no text', () => ({ id: '', source: 7 }) as unknown as ImageSource, 'ASCII text'],
    ['of another weaver', () => imageOf('0;'), 'weaves bundles in another way'],
    ['not ASCII', () => imageOf('(() => "\u00e9")'), 'ASCII text'],
  ])('%s -> KernelError, nothing changed', async (_what, make, message) => {
    const kernel = await kernelOver();
    const { blockHash, imageId } = kernel;
    await expect(kernel.adoptImage({ image: make(readImage()) })).rejects.toThrow(message);
    expect([kernel.blockHash, kernel.imageId]).toEqual([blockHash, imageId]);
  });

  test('a wrong option -> says which there are', async () => {
    const kernel = await kernelOver();
    await expect(kernel.adoptImage({ img: 1 } as never)).rejects.toThrow('image');
  });
});
