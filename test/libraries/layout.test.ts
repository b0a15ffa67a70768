/**
 * Where `@agoric/vat-data` and `@agoric/zone` keep things in the baggage, so that code written with
 * one can take over what the other has made.
 */
import type { VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const FILE = 'libraries/layout.js';

const shared = useSharedKernel();

test('vat-data and zones: one layout -> a vat changes from one to the other', async () => {
  const { kernel } = shared;
  const { root, vatId } = await shared.create(FILE, { vatParameters: { version: 1 } });
  const keys = ['Bare_kindHandle', 'Counter_kindHandle', 'One_kindHandle', 'One_singleton', 'map'];
  expect(await kernel.call(root, 'keys')).toEqual(keys);
  const counter = (await kernel.call(root, 'make', ['a'])) as VatReference;
  const one = (await kernel.call(root, 'one')) as VatReference;
  expect(await kernel.call(counter, 'add', [2n])).toBe(2n);
  const bundleId = await shared.install(FILE);
  await kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: 2 } });
  expect(await kernel.call(root, 'keys')).toEqual(keys);
  expect(await kernel.call(counter, 'add', [2n])).toBe(22n);
  expect([await kernel.call(root, 'get', ['a']), await kernel.call(root, 'one')]).toEqual(
    [counter, one],
  );
  expect(await kernel.call(one, 'get')).toBe('another');
});

test('heap stores: added to while iterated -> the text of the library', async () => {
  const { root } = await shared.create(FILE, { vatParameters: { version: 1 } });
  await expect(shared.kernel.call(root, 'stale')).rejects.toThrow(/^Store .* cursor stale$/);
});
