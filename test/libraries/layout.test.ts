/**
 * Where `@agoric/vat-data` and `@agoric/zone` keep things in the baggage, so that code written with
 * one can take over what the other has made.
 */
import type { VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { install, kernelOver } from '../support/kernels.js';

test('vat-data and zones: one layout -> a vat changes from one to the other', async () => {
  const kernel = await kernelOver();
  const bundleId = await install(kernel, 'libraries/layout.js');
  const options = { bundleId, vatParameters: { version: 1 } };
  const { root, vatId } = await kernel.createVat({ name: 'layout', ...options });
  const keys = ['Bare_kindHandle', 'Counter_kindHandle', 'One_kindHandle', 'One_singleton', 'map'];
  expect(await kernel.call(root, 'keys')).toEqual(keys);
  const counter = (await kernel.call(root, 'make', ['a'])) as VatReference;
  const one = (await kernel.call(root, 'one')) as VatReference;
  expect(await kernel.call(counter, 'add', [2n])).toBe(2n);
  await kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: 2 } });
  expect(await kernel.call(root, 'keys')).toEqual(keys);
  expect(await kernel.call(counter, 'add', [2n])).toBe(22n);
  expect([await kernel.call(root, 'get', ['a']), await kernel.call(root, 'one')]).toEqual(
    [counter, one],
  );
  expect(await kernel.call(one, 'get')).toBe('another');
});

test('heap stores: added to while iterated -> the text of the library', async () => {
  const kernel = await kernelOver();
  const bundleId = await install(kernel, 'libraries/layout.js');
  const options = { name: 'layout', bundleId, vatParameters: { version: 1 } };
  const { root } = await kernel.createVat(options);
  await expect(kernel.call(root, 'stale')).rejects.toThrow(/^Store .* cursor stale$/);
});
