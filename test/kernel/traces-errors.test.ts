/** What authors see of errors that libraries make, that other vats throw, of sends that fail. */
import type { Kernel, KernelLogEntry, VatReference } from '@heirloom/kernel';
import { describe, expect, test, vi } from 'vitest';
import { mappedBundle, placeOf } from '../support/bundles/mapped-bundle.js';
import { kernelOver } from '../support/kernels/fresh-kernels.js';

const ENTRY = 'typescript/traced-errors.ts';

interface Scene {
  readonly kernel: Kernel;
  readonly log: KernelLogEntry[];
  readonly bundleId: string;
  readonly vatId: string;
  readonly root: VatReference;
}

const begin = async (): Promise<Scene> => {
  const log: KernelLogEntry[] = [];
  const kernel = await kernelOver({ log: entry => log.push(entry) });
  const bundleId = await kernel.installBundle(await mappedBundle(ENTRY));
  const { root, vatId } = await kernel.createVat({ name: 'one', bundleId });
  return { kernel, log, bundleId, vatId, root };
};

const errorOf = async (work: Promise<unknown>): Promise<Error> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error;
};

describe('errors whose message an accessor gives', () => {
  const ISSUE = 'Too small: expected string to have >=3 characters';

  test.each(['order', 'orderLater'])('zod, in a method -> the message: %s', async method => {
    const { kernel, root } = await begin();
    const { message, stack } = await errorOf(kernel.call(root, method, ['a']));
    expect(JSON.parse(message)).toMatchObject([{ path: ['sku'], message: ISSUE }]);
    expect(stack).toContain(`ZodError: ${message}\n    at `);
    expect(stack).toContain(placeOf(ENTRY, 'Order.parse').replace(/:\d+$/, ':'));
  });

  test('zod, in an upgrade -> the message, also in the log', async () => {
    const { kernel, log, bundleId, vatId } = await begin();
    const upgrade = kernel.upgradeVat(vatId, { bundleId, vatParameters: { sku: 'a' } });
    const { message } = await errorOf(upgrade);
    expect(message).toContain(ISSUE);
    expect(log[0]?.text).toContain('UPGRADE_FAILED, START_FAILED: ZodError: [');
    expect(log[0]?.text).toContain(ISSUE);
  });

  test('zod, on the console or unhandled -> what it found', async () => {
    const { kernel, log, root } = await begin();
    await kernel.call(root, 'say', ['a']);
    expect(log[0]?.text).toContain('refused: ZodError { issues: [{ ');
    expect(log[0]?.text).toContain(`path: ["sku"], message: ${JSON.stringify(ISSUE)}`);
    await kernel.call(root, 'orderAside', ['a']);
    await vi.waitFor(() => expect(log.length).toBe(2));
    expect(log[1]?.text).toContain('Unhandled rejection: ZodError');
    expect(log[1]?.text).toContain(ISSUE);
  });

  test('whoever has the accessor -> its text; what is none counts for nothing', async () => {
    const { kernel, root } = await begin();
    for (const [method, message] of [
      ['inherited', 'of the class'],
      ['own', 'of its own'],
      ['noText', ''],
      ['throwing', ''],
    ] as const) {
      const error = await errorOf(kernel.call(root, method, []));
      expect([method, error.message]).toEqual([method, message]);
      expect(error.stack).toContain(message === '' ? 'Error\n' : `Error: ${message}\n`);
    }
  });
});
