/**
 * A store that the release of 2026-11-25 cannot go on with, since an error's text has poisoned it:
 * test/stores. This release repairs the image of its vats where threads run it
 * (packages/worker/src/zygote/image-repair.ts).
 */
import { createHash } from 'node:crypto';
import { migrateStore, verifyStore } from '@heirloom/kernel';
import { imageKey, Store } from '@heirloom/store';
import { readImage, repairedImage } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { kernelOver } from '../../support/kernels/fresh-kernels.js';
import { POISONED_COUNT, POISONED_HEAD, poisonedStore } from '../../support/stores/older-stores.js';

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

  test('its image -> stored as it was; an image of this release -> nothing to repair', async () => {
    const { source } = readImage();
    expect(repairedImage(source)).toBe(source);
    const { directory } = await migrated();
    const kernel = await kernelOver({ directory, blocks: 'host' });
    await kernel.close();
    const store = await Store.open({ directory, readersMax: 8 });
    const ids = store.keysAfter('images', imageKey('0'), imageKey('g'), 10);
    const scripts = ids.map(id => Buffer.from(store.get('images', id)!));
    await store.close();
    const hashes = scripts.map(script => createHash('sha256').update(script).digest('hex'));
    expect(hashes.map(imageKey)).toEqual(ids);
    const texts = scripts.map(script => script.toString());
    expect(texts.map(text => repairedImage(text) === text).sort()).toEqual([false, true]);
  });
});
