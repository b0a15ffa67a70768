/**
 * A store that the release of 2026-11-25 cannot go on with, since an error's text has poisoned it:
 * test/stores. This release repairs the image of its vats where threads run it
 * (packages/worker/src/zygote/image-repair.ts).
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError, migrateStore, reportEngine, verifyStore } from '@heirloom/kernel';
import { imageKey, packFrame, Store } from '@heirloom/store';
import { readImage, repairedImage } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { install, kernelOver } from '../../support/kernels/fresh-kernels.js';
import {
  olderStore,
  POISONED_COUNT,
  POISONED_HEAD,
  poisonedStore,
} from '../../support/stores/older-stores.js';

const HEARD = ['no price: Out of memory'];

/**
 * Migrated. `count`: in the heap of its innocent vat; under another engine what only the heap held
 * is gone (docs/move-to-another-node.md).
 */
const migrated = async (): Promise<{ directory: string; count: number }> => {
  const directory = await poisonedStore();
  await migrateStore({ directory });
  const kernel = await kernelOver({ directory, blocks: 'host', adoptEngine: true });
  expect(kernel.height).toBeGreaterThanOrEqual(POISONED_HEAD.height);
  const fits = kernel.engineFits;
  if (!fits) {
    const adopted = kernel.adoptEngine();
    await kernel.run();
    await kernel.commit();
    await adopted;
  }
  await kernel.close();
  return { directory, count: fits ? POISONED_COUNT : 0 };
};

describe('a store that an error has poisoned:', () => {
  test('opened -> goes on with the heap that it had, verifies, opens again', async () => {
    const { directory, count } = await migrated();
    let kernel = await kernelOver({ directory, blocks: 'host' });
    expect(kernel.suspects()).toEqual([]);
    await kernel.run();
    await kernel.commit();
    const ask = async (method: string): Promise<unknown> => {
      const { result } = kernel.send(kernel.vat('innocent').root, method, []);
      await kernel.run();
      await kernel.commit();
      return result;
    };
    expect(await ask('count')).toBe(count + 1);
    if (count > 0) expect(await ask('heard')).toEqual(HEARD);
    const { blockHash } = kernel;
    await kernel.close();
    expect(await verifyStore({ directory })).toMatchObject({ ok: true });

    kernel = await kernelOver({ directory, blocks: 'host' });
    expect(kernel.blockHash).toBe(blockHash);
    expect(await ask('count')).toBe(count + 2);
  });

  test('threads and processes, blocks of its own -> the same', async () => {
    const { directory, count } = await migrated();
    const kernel = await kernelOver({ directory, isolation: 'process' });
    expect(await kernel.call(kernel.vat('innocent').root, 'count')).toBe(count + 1);
  });

  test('the vat that was named when it stopped -> suspected, cleared by a block', async () => {
    const { directory, count } = await migrated();
    // As the other release left it: position 7 of vat 1 had begun.
    const note = packFrame([POISONED_HEAD.height, 0, [[1, 0, 7, 0]], []]);
    const head = Buffer.alloc(5);
    head.writeUInt8(1, 0);
    head.writeUInt32BE(note.length, 1);
    await writeFile(join(directory, 'heirloom-running'), Buffer.concat([head, note]));
    let kernel = await kernelOver({ directory, blocks: 'host' });
    expect(kernel.suspects()).toMatchObject([{ name: 'innocent', position: 7, deaths: 1 }]);
    const { result } = kernel.send(kernel.vat('innocent').root, 'count', []);
    await kernel.run();
    await kernel.commit();
    expect(await result).toBe(count + 1);
    await kernel.close();
    kernel = await kernelOver({ directory, blocks: 'host' });
    expect(kernel.suspects()).toEqual([]);
  });
});

interface StoredImage {
  readonly id: string;
  readonly source: string;
}

const imagesOf = async (directory: string): Promise<StoredImage[]> => {
  const store = await Store.open({ directory, readersMax: 8, olderSchemas: true });
  const ids = store.keysAfter('images', imageKey('0'), imageKey('g'), 10);
  const images = ids.map(id => Buffer.from(store.get('images', id)!).toString());
  await store.close();
  return images.map(source => ({
    id: createHash('sha256').update(source).digest('hex'),
    source,
  }));
};

const isFaulty = ({ source }: StoredImage): boolean => repairedImage(source) !== source;

describe('images that are repaired:', () => {
  test('stored as they were', async () => {
    const [before] = await imagesOf(await poisonedStore());
    const { directory } = await migrated();
    const kernel = await kernelOver({ directory, blocks: 'host' });
    await kernel.commit();
    await kernel.close();
    const after = await imagesOf(directory);
    expect(after).toContainEqual(before);
    expect(after.map(isFaulty).sort()).toEqual([false, true]);
  });

  test('all that tell errors by their text, no other', async () => {
    const found = [];
    for (const schema of [1, 2, 3]) {
      found.push((await imagesOf(await olderStore(schema))).map(isFaulty));
    }
    expect(found).toEqual([[false], [true], [true]]);
    expect(isFaulty(readImage())).toBe(false);
  });

  const isData = 'errors are data to them; what the engine lacks stops the kernel';
  test(isData, async context => {
    // Its image is the store's, which no other engine runs.
    const directory = await olderStore('4-woven-2');
    if (!(await reportEngine({ directory })).store!.fits) return context.skip();
    const [faulty] = await imagesOf(directory);
    expect(isFaulty(faulty!)).toBe(true);
    const kernel = await kernelOver({ directory });
    expect(kernel.imageId).toBe(faulty!.id);
    const bundleId = await install(kernel, 'workbench.js');
    const { root } = await kernel.createVat({ name: 'said', bundleId });
    const run = (code: string): Promise<unknown> => kernel.call(root, 'run', [code]);
    const data = `try { throw RangeError('Stack overflow'); } catch (e) { e.message }`;
    expect(await run(data)).toBe('Stack overflow');
    expect(await run('String(RangeError)')).toBe('function RangeError() { [native code] }');
    const short = run('const f = (x = f()) => x; try { f(); } catch {} 1');
    await expect(short).rejects.toThrow(HostError);
  });
});
