/**
 * Meters and critical vats (sections 1.8 and 1.1 of README.md): when a vat, when the kernel ends.
 */
import { describe, expect, test } from 'vitest';
import { HostError, openKernel, type VatReference } from '@heirloom/kernel';
import { AdminBench } from '../support/drivers/admin.js';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';

const UNDERFLOW = Error('meter underflow, vat terminated');

describe('meters', () => {
  const bench = AdminBench.use();

  /** A worker under a meter; what is left when it has started. */
  const metered = async (remaining: bigint, threshold = 0n): Promise<bigint> => {
    await bench.tell('svc', 'createMeter', [remaining, threshold], 'meter');
    await bench.make('w', { meter: '$meter' });
    return left();
  };
  const left = async (): Promise<bigint> =>
    ((await bench.tell('meter', 'get')) as { remaining: bigint }).remaining;

  test('a crank -> costs 1, and 1 for each syscall and row; other vats cost nothing', async () => {
    await metered(1000n);
    await bench.tell('w.root', 'send', ['$svc', 0]); // two rows of an import that is new to it
    const before = await left();
    await bench.tell('w.root', 'count');
    // The delivery, and the syscall that settles its result.
    expect(before - (await left())).toBe(2n);
    await bench.tell('w.root', 'send', ['$svc', 10]);
    expect(before - (await left())).toBe(2n + 12n);
    await bench.tell('svc', 'getBundleIDByName', ['worker']);
    expect(before - (await left())).toBe(2n + 12n);
  });

  test('two vats on one meter -> both draw on it', async () => {
    const before = await metered(1000n);
    await bench.make('second', { meter: '$meter' });
    const between = await left();
    expect(between).toBeLessThan(before);
    await bench.tell('second.root', 'count');
    expect(between - (await left())).toBe(2n);
  });

  test('a crank that is too dear -> undone, the vat ends, the meter is empty', async () => {
    await metered(100n);
    await bench.watch('w.node', 'done', [], 'done');
    const sending = bench.tell('w.root', 'send', ['$svc', 1000]);
    await expect(sending).rejects.toEqual(Error('vat terminated'));
    expect(await left()).toBe(0n);
    expect(await bench.log()).toEqual([['done', 'rejected', UNDERFLOW]]);
    expect(bench.faults).toEqual(['METER_UNDERFLOW: Error: meter underflow, vat terminated']);
  });

  test('a start that is too dear -> the vat is not made', async () => {
    await expect(metered(1n)).rejects.toEqual(UNDERFLOW);
    expect(bench.kernel.vats()).toHaveLength(1);
    expect(await left()).toBe(1n);
  });

  test('an upgrade that is too dear -> undone, the old code goes on', async () => {
    const start = 1000n - (await metered(1000n));
    await metered(start + 2n);
    await bench.tell('w.root', 'count');
    expect(await left()).toBe(0n);
    const upgrading = bench.tell('w.node', 'upgrade', ['$worker', {}]);
    await expect(upgrading).rejects.toEqual(UNDERFLOW);
    expect(await bench.tell('w.node', 'adminData')).toMatchObject({ incarnationNumber: 0 });
    await bench.tell('meter', 'addRemaining', [2n]);
    expect(await bench.tell('w.root', 'count')).toBe(2);
  });

  test('the threshold is crossed -> whoever waits is told, once', async () => {
    const before = await metered(1000n, 990n);
    await bench.watch('meter', 'whenBelowThreshold', [], 'low');
    await bench.restart();
    await bench.tell('w.root', 'send', ['$svc', Number(before) - 990]);
    expect(await bench.log()).toEqual([['low', 'fulfilled', await left()]]);
    expect(await left()).toBeLessThan(990n);
    await bench.tell('w.root', 'count');
    expect(await bench.log()).toHaveLength(1);
  });

  test('addRemaining, setThreshold, an unlimited meter -> as said', async () => {
    await bench.tell('svc', 'createMeter', [10n, 2n], 'meter');
    await bench.tell('meter', 'addRemaining', [5n]);
    await bench.tell('meter', 'setThreshold', [3n]);
    expect(await bench.tell('meter', 'get')).toEqual({ remaining: 15n, threshold: 3n });
    await bench.tell('svc', 'createUnlimitedMeter', [], 'meter');
    await bench.make('w', { meter: '$meter' });
    await bench.tell('w.root', 'send', ['$svc', 1000]);
    expect(await bench.tell('meter', 'get')).toEqual({ remaining: 'unlimited', threshold: 0n });
    const adding = bench.tell('meter', 'addRemaining', [-1n]);
    await expect(adding).rejects.toThrow('delta must be a natural bigint, not -1n');
  });
});

/**
 * The worker does not know that the kernel is about to end its vat, and has not posted the crank
 * yet when it loops (docs/isolation.md). Whether it has is up to the machine, the end is not.
 */
test('a loop behind a crank that is too dear -> the vat ends, as a suspect', async () => {
  const bench = await AdminBench.open();
  await bench.tell('svc', 'createMeter', [60n, 0n], 'meter');
  await bench.make('w', { meter: '$meter' });
  const attempt = async (): Promise<unknown> => {
    const dear = bench.tell('w.root', 'send', ['$svc', 100]);
    const looping = bench.tell('w.root', 'spin');
    const [first] = await Promise.allSettled([dear, looping]);
    return first.status === 'rejected' ? (first.reason as unknown) : first.value;
  };
  await bench.restart({ deliveryTimeoutMs: 3_000 });
  const outcome = await attempt();
  if (outcome instanceof HostError) {
    expect(outcome).toMatchObject({ code: 'DELIVERY_TIMEOUT', vat: 'v2' });
    await bench.restart();
    expect(bench.kernel.suspects()).toMatchObject([{ vatId: 'v2' }]);
    expect(await attempt()).toEqual(Error('vat terminated'));
  } else expect(outcome).toEqual(Error('vat terminated'));
  expect(bench.faults.at(-1)).toMatch(/^METER_UNDERFLOW: /);
});

describe('critical vats', () => {
  const stopped = { code: 'CRITICAL_VAT' };

  /** A critical worker of the admin vat's, and the height at which it runs. */
  const critical = async (): Promise<readonly [AdminBench, number]> => {
    const bench = await AdminBench.open();
    await bench.tell('vatAdmin', 'getCriticalVatKey', [], 'key');
    await bench.make('w', { critical: '$key' });
    return [bench, bench.kernel.height];
  };

  type End = readonly [how: string, thing: string, method: string, args: unknown[], text: RegExp];
  /** By its own doing, by what it may not do. */
  const ends: readonly End[] = [
    ['leaves well', 'w.root', 'leave', ['bye'], /critical vat v2 failed: bye/],
    ['breaks a rule', 'w.root', 'breakDown', [], /v2 failed: Error: syscall capdata too large/],
  ];
  const moreEnds: readonly End[] = [
    ['leaves badly', 'w.root', 'leaveBadly', ['no'], /critical vat v2 failed: no/],
    ['is terminated', 'w.node', 'terminateWithFailure', ['x'], /critical vat v2 failed: x/],
  ];
  const stops = async (...[, thing, method, args, text]: End): Promise<void> => {
    const [bench, height] = await critical();
    const error = await bench.tell(thing, method, args).catch((reason: unknown) => reason);
    expect(error).toMatchObject(stopped);
    expect((error as Error).message).toMatch(text);
    await expect(bench.tell('w.root', 'count')).rejects.toMatchObject(stopped);
    await bench.restart();
    expect(bench.kernel.height).toBe(height);
    expect(await bench.tell('w.root', 'count')).toBe(1);
  };
  const stopping = 'a critical vat %s -> the kernel stops, nothing is committed';
  test.each(ends)(stopping, stops);
  test.each(moreEnds)(stopping, { tags: ['thorough'] }, stops);

  test('a critical vat that does not start -> rejected, the kernel goes on', async () => {
    const bench = await AdminBench.open();
    await bench.tell('vatAdmin', 'getCriticalVatKey', [], 'key');
    const making = bench.make('w', { critical: '$key', vatParameters: { fail: 'no' } });
    await expect(making).rejects.toEqual(Error('no'));
    expect(await bench.tell('svc', 'getBundleIDByName', ['worker'])).toMatch(/^b1-/);
  });

  test('a critical vat of the host -> the same', async () => {
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'services/worker.js');
    const { root } = await kernel.createVat({ name: 'w', bundleId, critical: true });
    await expect(kernel.call(root, 'leave', ['bye'])).rejects.toMatchObject(stopped);
  });

  test('a static vat that is critical -> the same', async () => {
    const directory = await freshDirectory();
    const bundle = await fixture('services/worker.js');
    const vats = { w: { bundle, creationOptions: { critical: true } } };
    const kernel = await openKernel({ directory, config: { vats } });
    const { root, vatId } = kernel.vat('w');
    await expect(kernel.terminateVat(vatId)).rejects.toMatchObject(stopped);
    await expect(kernel.call(root as VatReference, 'count')).rejects.toMatchObject(stopped);
    await kernel.close();
  });
});
