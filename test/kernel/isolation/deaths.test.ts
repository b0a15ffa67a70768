/**
 * Workers that die or never end: the host is told whose, nothing is committed, reopening goes on at
 * the last block.
 */
import type { Isolation, Kernel, KernelLogEntry, KernelOptions } from '@heirloom/kernel';
import { HostError } from '@heirloom/kernel';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { install, kernelOver } from '../../support/kernels/fresh-kernels.js';
import { preparedStore } from '../../support/stores/prepared-stores.js';
import { killVatProcesses, until, vatProcesses } from '../../support/hosts/vat-processes.js';

const ISOLATIONS: readonly Isolation[] = ['thread', 'process'];
const TIMEOUT_MS = 800;
/** The watchdog's timer ticks eight times in a timeout, and once more before it gives up. */
const TICK_MS = 100;

/** The watchdog's timer stands still, however slow this machine is, until a test turns it. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

interface Setting {
  readonly directory: string;
  readonly kernel: Kernel;
  readonly log: readonly KernelLogEntry[];
  /** Resolves when vats have written so many lines to their consoles. */
  said(lines: number): Promise<void>;
}

/** A bank, purse `a` in it, and a hazard with one delivery behind it. */
const setStage = preparedStore(async directory => {
  const kernel = await kernelOver({ directory, isolation: 'thread' });
  const bank = await kernel.createVat({ name: 'bank', bundleId: await install(kernel, 'bank.js') });
  await kernel.call(bank.root, 'makePurse', ['a', 7n]);
  const bundleId = await install(kernel, 'faulty/hazard.js');
  const hazard = await kernel.createVat({ name: 'hazard', bundleId });
  await kernel.call(hazard.root, 'countCalls');
  await kernel.close();
});

const set = async (options: Partial<KernelOptions>): Promise<Setting> => {
  const directory = await setStage();
  const log: KernelLogEntry[] = [];
  let heard = (): void => undefined;
  const write = (entry: KernelLogEntry): void => {
    log.push(entry);
    heard();
  };
  // Most tests need the hazard only: at the opening that is the vat that was used last.
  const kernel = await kernelOver({ maxVatsOnline: 1, ...options, directory, log: write });
  const said = (lines: number): Promise<void> =>
    new Promise(resolve => {
      heard = () => {
        if (log.length >= lines) resolve();
      };
      heard();
    });
  return { directory, kernel, log, said };
};

/** The reason for which `running` fails when it is `looping` for longer than a crank may run. */
const timedOut = async (running: Promise<unknown>, looping: Promise<void>): Promise<HostError> => {
  let settled = false;
  const reason = reasonOf(running).finally(() => (settled = true));
  await looping;
  vi.advanceTimersByTime(TIMEOUT_MS);
  await new Promise(resolve => setImmediate(resolve));
  expect(settled).toBe(false);
  vi.advanceTimersByTime(TICK_MS);
  return reason;
};

const act = (kernel: Kernel, deed: string): Promise<unknown> =>
  kernel.call(kernel.vat('hazard').root, 'do', [deed]);

const reasonOf = (failing: Promise<unknown>): Promise<HostError> =>
  failing.then(
    () => Promise.reject(Error('it did not fail')),
    (error: unknown) => error as HostError,
  );

/** Everything of the last block is there and works. */
const expectWhole = async ({ directory, kernel }: Setting, hash: string): Promise<void> => {
  await kernel.close();
  const again = await kernelOver({ directory, isolation: 'process' });
  expect(again.blockHash).toBe(hash);
  expect(await again.call(again.vat('bank').root, 'getNames')).toEqual(['a']);
  expect(await again.call(again.vat('hazard').root, 'countCalls')).toBe(2);
};

const expectSameErrorEverywhere = async (kernel: Kernel, error: HostError): Promise<void> => {
  const { root } = kernel.vat('bank');
  expect(await reasonOf(kernel.call(root, 'getNames'))).toBe(error);
  expect(await reasonOf(kernel.commit())).toBe(error);
  expect(kernel.stats().threads).toBe(0);
};

describe.each(ISOLATIONS)('deaths, %s:', isolation => {
  // The same watchdog watches threads and processes: where a loop is, threads show.
  const wherever = isolation === 'thread' ? {} : { tags: ['thorough'] };

  test('an endless loop -> DELIVERY_TIMEOUT with vat, incarnation, position', async () => {
    const setting = await set({ isolation, deliveryTimeoutMs: TIMEOUT_MS });
    const { kernel, log } = setting;
    const { blockHash } = kernel;
    const error = await timedOut(act(kernel, 'loop'), setting.said(1));
    expect(error).toMatchObject({
      name: 'HostError',
      code: 'DELIVERY_TIMEOUT',
      vat: 'v2',
      incarnation: 0,
      position: 2,
      method: 'do',
    });
    expect(error).toBeInstanceOf(HostError);
    const why = `a crank ran for more than ${TIMEOUT_MS} ms`;
    expect(error.message).toBe(`hazard (v2), incarnation 0, position 2 (do): ${why}`);
    expect(log.map(({ level }) => level)).toEqual(['log', 'fault']);
    expect(log[1]).toEqual({
      vatId: 'v2',
      name: 'hazard',
      level: 'fault',
      text: `DELIVERY_TIMEOUT: ${why}`,
      crank: { incarnation: 0, position: 2, method: 'do' },
    });
    await expectSameErrorEverywhere(kernel, error);
    await expectWhole(setting, blockHash);
  });

  test('an endless loop that writes to the console -> some lines, DELIVERY_TIMEOUT', async () => {
    const setting = await set({ isolation, deliveryTimeoutMs: TIMEOUT_MS });
    const { kernel, log } = setting;
    const { blockHash } = kernel;
    // A process in a loop does not write out what the pipe did not take at once.
    const lines = isolation === 'thread' ? 1_001 : 11;
    const error = await timedOut(act(kernel, 'chatter'), setting.said(lines));
    expect(error).toMatchObject({ code: 'DELIVERY_TIMEOUT', vat: 'v2', position: 2 });
    if (isolation === 'thread') expect(log.at(1_000)!.text).toBe('more lines are left out');
    expect(log.at(-1)).toMatchObject({ level: 'fault', name: 'hazard' });
    expect(log.length).toBeGreaterThan(11);
    expect(log.length).toBeLessThan(1_003);
    await expectWhole(setting, blockHash);
  });

  test('an endless loop in startVat -> names the vat that was being made', wherever, async () => {
    const setting = await set({ isolation, deliveryTimeoutMs: TIMEOUT_MS });
    const { kernel } = setting;
    const { blockHash } = kernel;
    const { bundleId } = kernel.vat('hazard');
    const made = kernel.createVat({ name: 'b', bundleId, vatParameters: { does: 'loop' } });
    const place = { code: 'DELIVERY_TIMEOUT', vat: 'v3', incarnation: 0, position: 0 };
    expect(await timedOut(made, setting.said(1))).toMatchObject(place);
    await expectWhole(setting, blockHash);
  });

  test('an endless loop in an upgrade -> names the successor; all stays', wherever, async () => {
    const setting = await set({ isolation, deliveryTimeoutMs: TIMEOUT_MS });
    const { kernel } = setting;
    const { blockHash } = kernel;
    const { bundleId, vatId } = kernel.vat('hazard');
    const upgraded = kernel.upgradeVat(vatId, { bundleId, vatParameters: { does: 'loop' } });
    const place = { code: 'DELIVERY_TIMEOUT', vat: 'v2', incarnation: 1, position: 0 };
    expect(await timedOut(upgraded, setting.said(1))).toMatchObject(place);
    await expectWhole(setting, blockHash);
  });

  test('an endless loop while the bundle is evaluated -> names the vat', wherever, async () => {
    const setting = await set({ isolation, deliveryTimeoutMs: TIMEOUT_MS });
    const { kernel } = setting;
    const bundleId = await install(kernel, 'faulty/endless-module.js');
    const { blockHash } = kernel;
    const made = kernel.createVat({ name: 'b', bundleId });
    // Console lines wait until there is a vat; the watchdog ticks while a worker is at work.
    const error = await timedOut(made, until(() => vi.getTimerCount() === 1));
    const place = { code: 'DELIVERY_TIMEOUT', vat: 'v3', incarnation: 0, position: 0 };
    expect(error).toMatchObject(place);
    expect(error.message).toMatch(/^b \(v3\), incarnation 0, position 0: a crank ran for more/);
    await expectWhole(setting, blockHash);
  });

  test('closing while a bundle never ends being evaluated -> closes', wherever, async () => {
    const kernel = await kernelOver({ isolation, blocks: 'host' });
    const installed = install(kernel, 'faulty/endless-module.js');
    await until(() => kernel.lastInput > 0);
    await kernel.commit();
    kernel.createVat({ name: 'b', bundleId: await installed }).catch(() => undefined);
    expect(kernel.stats().threads).toBe(1);
    await kernel.close();
    expect(vatProcesses()).toEqual([]);
  });

  test('a full heap -> WORKER_DIED', async () => {
    const setting = await set({ isolation, heapMiBMax: 48 });
    const { kernel } = setting;
    const { blockHash } = kernel;
    const error = await reasonOf(act(kernel, 'eatHeap'));
    const place = { code: 'WORKER_DIED', vat: 'v2', incarnation: 0, position: 2 };
    expect(error).toMatchObject(place);
    expect(error.message).toMatch(/memory|heap/i);
    expect((error.cause as Error).stack).toMatch(/memory|heap/i);
    expect(setting.log.at(-1)).toMatchObject({ level: 'fault', name: 'hazard' });
    expect(setting.log.at(-1)!.text).toMatch(/^WORKER_DIED: .*\n {2}cause: /);
    await expectSameErrorEverywhere(kernel, error);
    await expectWhole(setting, blockHash);
  });
});

describe('deaths, only processes:', () => {
  // In small pieces: above. Here a single allocation is big.
  const EATERS = ['eatArray', 'eatMap', 'eatString'];
  const THOROUGH = { tags: ['thorough'] };
  test.each(EATERS)('%s -> WORKER_DIED, the host lives', THOROUGH, async deed => {
    const setting = await set({ isolation: 'process', heapMiBMax: 48 });
    const { kernel } = setting;
    const { blockHash } = kernel;
    const error = await reasonOf(act(kernel, deed));
    expect(error).toMatchObject({ code: 'WORKER_DIED', vat: 'v2', incarnation: 0, position: 2 });
    await expectWhole(setting, blockHash);
  });

  test('killed between two calls -> WORKER_DIED at the next', async () => {
    const setting = await set({ isolation: 'process' });
    const { kernel } = setting;
    const { blockHash } = kernel;
    killVatProcesses();
    await until(() => vatProcesses().length === 0);
    const error = await reasonOf(act(kernel, 'nothing'));
    const place = { code: 'WORKER_DIED', vat: 'v2', incarnation: 0, position: 2 };
    expect(error).toMatchObject(place);
    expect(error.message).toContain('SIGKILL');
    await expectWhole(setting, blockHash);
  });

  test('killed in the middle of a wave -> WORKER_DIED, no vat has changed', async () => {
    const setting = await set({ isolation: 'process', maxVatsOnline: 2 });
    const { kernel, said } = setting;
    const { blockHash } = kernel;
    kernel.send(kernel.vat('bank').root, 'makePurse', ['b', 1n]);
    const looping = reasonOf(act(kernel, 'loop'));
    await said(1);
    killVatProcesses();
    expect(await looping).toMatchObject({ code: 'WORKER_DIED', vat: 'v2', position: 2 });
    await expectWhole(setting, blockHash);
  });

  test('killed while a vat is made -> names the vat, which is not made', THOROUGH, async () => {
    const setting = await set({ isolation: 'process' });
    const { kernel, said } = setting;
    const { blockHash } = kernel;
    const { bundleId } = kernel.vat('hazard');
    const vatParameters = { does: 'loop' };
    const made = reasonOf(kernel.createVat({ name: 'b', bundleId, vatParameters }));
    await said(1);
    killVatProcesses();
    const place = { code: 'WORKER_DIED', vat: 'v3', incarnation: 0, position: 0 };
    expect(await made).toMatchObject(place);
    await expectWhole(setting, blockHash);
  });

  test('killed in the middle of an upgrade -> names the successor', THOROUGH, async () => {
    const setting = await set({ isolation: 'process' });
    const { kernel, said } = setting;
    const { blockHash } = kernel;
    const { bundleId, vatId } = kernel.vat('hazard');
    const upgrade = { bundleId, vatParameters: { does: 'loop' } };
    const upgraded = reasonOf(kernel.upgradeVat(vatId, upgrade));
    await said(1);
    killVatProcesses();
    const place = { code: 'WORKER_DIED', vat: 'v2', incarnation: 1, position: 0 };
    expect(await upgraded).toMatchObject(place);
    await expectWhole(setting, blockHash);
  });

  const rebuilding = 'killed while the vats are rebuilt -> rebuilt in another process';
  test(rebuilding, { tags: ['thorough'] }, async () => {
    const setting = await set({ isolation: 'process' });
    const { directory, kernel } = setting;
    await kernel.call(kernel.vat('hazard').root, 'do', ['need', 40]);
    await kernel.close();
    await until(() => vatProcesses().length === 0);
    const opening = kernelOver({ directory, isolation: 'process' });
    await until(() => vatProcesses().length > 0);
    killVatProcesses();
    const again = await opening;
    expect(again.vats().map(({ replayable }) => replayable)).toEqual([true, true]);
    expect(await again.call(again.vat('hazard').root, 'countCalls')).toBe(2);
  });

  test('killed while they wait for a vat -> others take their places', async () => {
    const kernel = await kernelOver({ isolation: 'process', spareThreads: 2 });
    const bundleId = await install(kernel, 'faulty/hazard.js');
    await until(() => vatProcesses().length === 2);
    killVatProcesses();
    await until(() => vatProcesses().length === 0);
    const { root } = await kernel.createVat({ name: 'hazard', bundleId });
    expect(await kernel.call(root, 'countCalls')).toBe(1);
  });

  test('the kernel closes -> no process is left', async () => {
    const { kernel } = await set({ isolation: 'process', spareThreads: 2 });
    expect(vatProcesses().length).toBeGreaterThan(2);
    await kernel.close();
    expect(vatProcesses()).toEqual([]);
  });
});
