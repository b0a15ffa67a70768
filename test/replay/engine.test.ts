/**
 * A store is opened by the engine that wrote it: another one may replay otherwise (rules.md#h4).
 */
import { heightAfter, metaKey, packFrame, Store } from '@heirloom/store';
import { expect, test } from 'vitest';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

test('opening: a store of another engine -> ENGINE_MISMATCH, and nothing is changed', async () => {
  const directory = await freshDirectory();
  await (await kernelOver({ directory })).close();
  const store = await Store.open({ directory, readersMax: 8 });
  const value = packFrame([Buffer.from('v8 1.2.3', 'ascii')]);
  const height = heightAfter(store.head.height);
  const changes = [{ table: 'meta', key: metaKey('engine'), value }] as const;
  const hash = await store.commit({ height, changes, unhashed: [] });
  await store.close();
  const message = expect.stringContaining('v8 1.2.3') as string;
  await expect(kernelOver({ directory })).rejects.toMatchObject({
    name: 'HostError',
    code: 'ENGINE_MISMATCH',
    message,
  });
  const again = await Store.open({ directory, readersMax: 8 });
  expect(again.head).toEqual({ height, hash });
  await again.close();
});
