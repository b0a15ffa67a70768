/**
 * What kills a host, and how it is removed (rules.md#h3): suspects after an unclean end, vats that
 * cannot be replayed, inputs that go before everything else.
 */
import { spawn } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Isolation, Kernel, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import {
  fixture,
  freshDirectory,
  install,
  kernelOver,
} from '../../support/kernels/fresh-kernels.js';
import { preparedStore } from '../../support/stores/prepared-stores.js';
import { isAlive, until, vatProcesses } from '../../support/hosts/vat-processes.js';

const HOST = fileURLToPath(new URL('../../support/hosts/hazard-host.mjs', import.meta.url));

interface HostRun {
  readonly isolation?: Isolation;
  /** The host is killed when a vat says this. */
  readonly killAt?: string;
  /** Told the host's process id before it is killed. */
  readonly onKill?: (pid: number) => void;
}

/** Runs a host until it ends; gives what it said. */
const runHost = async (directory: string, deed: string, run: HostRun = {}): Promise<string> => {
  const { isolation = 'thread', killAt, onKill } = run;
  const bundles = join(await freshDirectory(), 'bundles.json');
  const [bank, hazard] = await Promise.all([fixture('bank.js'), fixture('faulty/hazard.js')]);
  await writeFile(bundles, JSON.stringify({ bank, hazard }));
  return new Promise((resolve, reject) => {
    const args = [HOST, directory, bundles, deed, isolation];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    child.stdout.on('data', text => {
      said += String(text);
      if (killAt === undefined || !said.includes(killAt)) return;
      onKill?.(child.pid!);
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => resolve(said));
  });
};

const LOOPING: HostRun = { killAt: 'looping' };

/** What a host leaves that is killed while the vat `hazard` loops in a thread of its. */
const killedInLoop = preparedStore(directory => runHost(directory, 'loop', LOOPING));

const root = (kernel: Kernel, name: string): VatReference => kernel.vat(name).root;
const outcome = (result: Promise<unknown>): Promise<string> =>
  result.then(
    value => `fulfilled ${String(value)}`,
    (error: unknown) => String(error),
  );

describe('suspects:', () => {
  test('the host is killed while a vat runs -> the vat is suspected, and runs apart', async () => {
    const directory = await killedInLoop();
    const kernel = await kernelOver({ directory, isolation: 'thread', heapMiBMax: 48 });
    const place = { vatId: 'v2', incarnation: 0, position: 2, deaths: 1 };
    expect(kernel.suspects()).toEqual([{ name: 'hazard', ...place }]);
    expect(vatProcesses()).toHaveLength(1);
    expect(await kernel.call(root(kernel, 'hazard'), 'countCalls')).toBe(2);
    await kernel.close();
    const cleared = await kernelOver({ directory, isolation: 'thread' });
    expect(cleared.suspects()).toEqual([]);
    expect(vatProcesses()).toEqual([]);
  });

  test('a suspect dies again -> WORKER_DIED with the very delivery', async () => {
    const directory = await killedInLoop();
    const blocks = 'host';
    const kernel = await kernelOver({ directory, isolation: 'thread', blocks, heapMiBMax: 48 });
    const hazard = root(kernel, 'hazard');
    for (let i = 0; i < 5; i += 1) kernel.send(hazard, 'countCalls');
    kernel.send(hazard, 'do', ['eatHeap']);
    for (let i = 0; i < 5; i += 1) kernel.send(hazard, 'countCalls');
    const place = { vat: 'v2', incarnation: 0, position: 7 };
    await expect(kernel.run()).rejects.toMatchObject({ code: 'WORKER_DIED', ...place });
    await kernel.close();
    const again = await kernelOver({ directory, blocks });
    const suspect = { vatId: 'v2', incarnation: 0, position: 7, deaths: 2 };
    expect(again.suspects()).toEqual([{ name: 'hazard', ...suspect }]);
  });

  test('a kernel that commits nothing -> the suspicion stays', async () => {
    const directory = await killedInLoop();
    for (let i = 0; i < 2; i += 1) {
      const kernel = await kernelOver({ directory });
      expect(kernel.suspects()).toMatchObject([{ vatId: 'v2', deaths: 1 }]);
      await kernel.close();
    }
  });

  const eat = async (deed: string): Promise<void> => {
    const directory = await freshDirectory();
    const said = await runHost(directory, deed);
    expect(said).toMatch(/^(?:WORKER_DIED: [^]*failed WORKER_DIED\n)?$/);
    const kernel = await kernelOver({ directory, isolation: 'thread' });
    expect(kernel.suspects()).toMatchObject([{ vatId: 'v2', position: 2, deaths: 1 }]);
    expect(await kernel.call(root(kernel, 'hazard'), 'countCalls')).toBe(2);
  };
  const eaten =
    'a thread does %s -> an error or the end of the process, and the vat is suspected';
  // V8 gives up elsewhere when a single allocation is big: a process of its own for each.
  test.each(['eatHeap'])(eaten, eat);
  test.each(['eatArray', 'eatMap'])(eaten, { tags: ['thorough'] }, eat);

  const loopsApart = 'the host is killed while a vat loops in a process -> the process ends too';
  test(loopsApart, { tags: ['thorough'] }, async () => {
    const directory = await freshDirectory();
    let vats: number[] = [];
    const onKill = (host: number): void => {
      vats = vatProcesses(host);
    };
    await runHost(directory, 'loop', { ...LOOPING, isolation: 'process', onKill });
    expect(vats.length).toBeGreaterThanOrEqual(2);
    await until(() => !vats.some(isAlive));
    const kernel = await kernelOver({ directory });
    expect(kernel.suspects()).toMatchObject([{ vatId: 'v2', position: 2 }]);
  });

  test('a kernel that was closed -> suspects nobody', { tags: ['thorough'] }, async () => {
    const directory = await freshDirectory();
    expect(await runHost(directory, 'nothing')).toBe('did nothing\n');
    expect((await kernelOver({ directory })).suspects()).toEqual([]);
  });
});

describe('a vat that cannot be replayed:', () => {
  /** Its replay needs more heap than it gets. */
  const openBroken = async (directory: string, blocks?: 'host'): Promise<Kernel> => {
    const options = blocks === undefined ? {} : { blocks };
    return kernelOver({ ...options, directory, isolation: 'process', heapMiBMax: 32 });
  };
  const makeBroken = preparedStore(async directory => {
    const kernel = await kernelOver({ directory });
    await kernel.createVat({ name: 'bank', bundleId: await install(kernel, 'bank.js') });
    const bundleId = await install(kernel, 'faulty/hazard.js');
    const hazard = await kernel.createVat({ name: 'hazard', bundleId });
    await kernel.call(hazard.root, 'countCalls');
    await kernel.call(hazard.root, 'do', ['need', 100]);
    await kernel.close();
  });
  /** With a message that waits for it; `queued` is the input. */
  let queued = 0;
  const makeQueued = preparedStore(async directory => {
    await cp(await makeBroken(), directory, { recursive: true });
    const queueing = await kernelOver({ directory, blocks: 'host' });
    ({ input: queued } = queueing.send(root(queueing, 'hazard'), 'countCalls'));
    await queueing.commit();
    await queueing.close();
  });

  test('opening -> succeeds, the vat is marked, the others work', async () => {
    const directory = await makeBroken();
    const kernel = await openBroken(directory);
    const place = { code: 'WORKER_DIED', vat: 'v2', incarnation: 0, position: 2 };
    expect(kernel.vat('hazard')).toMatchObject({ replayable: false, error: place });
    expect(kernel.vat('bank')).toMatchObject({ replayable: true, error: undefined });
    expect(await kernel.call(root(kernel, 'bank'), 'getNames')).toEqual([]);
    await kernel.close();
    expect((await openBroken(directory)).vat('hazard').replayable).toBe(false);
  });

  test('a delivery to it -> its HostError; the state stays', async () => {
    const directory = await makeBroken();
    const kernel = await openBroken(directory);
    const { error } = kernel.vat('hazard');
    const { blockHash } = kernel;
    await expect(kernel.call(root(kernel, 'hazard'), 'countCalls')).rejects.toBe(error);
    await kernel.close();
    const again = await kernelOver({ directory, heapMiBMax: 512 });
    expect(again.blockHash).toBe(blockHash);
    expect(again.vat('hazard').replayable).toBe(true);
    expect(await again.call(root(again, 'hazard'), 'countCalls')).toBe(2);
  });

  test('an upgrade first -> it runs again, what was queued goes to the successor', async () => {
    const directory = await makeQueued();
    const kernel = await openBroken(directory, 'host');
    const { vatId, bundleId } = kernel.vat('hazard');
    const upgraded = kernel.upgradeVat(vatId, { bundleId, first: true });
    await kernel.run();
    await kernel.commit();
    expect(await upgraded).toEqual({ incarnationNumber: 1 });
    expect(kernel.vat('hazard')).toMatchObject({ replayable: true, incarnation: 1 });
    const more = kernel.send(root(kernel, 'hazard'), 'countCalls');
    await kernel.run();
    await kernel.commit();
    expect(await more.result).toBe(2);
  });

  test('a termination first -> what was queued is rejected', { tags: ['thorough'] }, async () => {
    const directory = await makeQueued();
    const kernel = await openBroken(directory);
    const result = outcome(kernel.resultOf(queued));
    await kernel.terminateVat(kernel.vat('hazard').vatId, { first: true });
    expect(await result).toBe('Error: vat terminated');
    expect(kernel.vats().map(({ name }) => name)).toEqual(['bank']);
  });
});

describe('the head of the queue:', () => {
  const prepare = preparedStore(async directory => {
    const first = await kernelOver({ directory });
    await first.createVat({ name: 'bank', bundleId: await install(first, 'bank.js') });
    const bundleId = await install(first, 'faulty/hazard.js');
    await first.createVat({ name: 'hazard', bundleId });
    await first.close();
  });
  const openQueued = async (): Promise<{ kernel: Kernel; results: Promise<string>[] }> => {
    // The hazard: it was used last.
    const options = { blocks: 'host', maxVatsOnline: 1 } as const;
    const kernel = await kernelOver({ ...options, directory: await prepare() });
    const sends = [0, 1, 2].map(() => kernel.send(root(kernel, 'hazard'), 'countCalls'));
    const results = sends.map(({ result }) => outcome(result));
    await kernel.commit();
    return { kernel, results };
  };

  test('cancelItem by input, by place -> rejected; the others are delivered', async () => {
    const { kernel, results } = await openQueued();
    const queued = kernel.queued();
    expect(queued).toMatchObject([0, 1, 2].map(() => ({ type: 'message', vatId: 'v2' })));
    const cancelled = [
      kernel.cancelItem({ input: kernel.lastInput - 2 }),
      kernel.cancelItem({ ordinal: queued[2]!.ordinal }),
    ];
    expect(kernel.queued()).toEqual([queued[1]]);
    await kernel.run();
    await kernel.commit();
    await Promise.all(cancelled);
    const reason = 'Error: cancelled by the host';
    expect(await Promise.all(results)).toEqual([reason, 'fulfilled 1', reason]);
    await expect(kernel.cancelItem({ input: 1 })).rejects.toMatchObject({ code: 'UNKNOWN_ITEM' });
  });

  test('several first inputs -> in order of call, before what was queued', async () => {
    const { kernel, results } = await openQueued();
    const { vatId, bundleId } = kernel.vat('hazard');
    const done = [
      kernel.upgradeVat(vatId, { bundleId, first: true }),
      kernel.upgradeVat(vatId, { bundleId, first: true }),
      kernel.terminateVat(kernel.vat('bank').vatId, { first: true }),
    ];
    const types = kernel.queued().map(({ type }) => type);
    expect(types).toEqual(['upgrade', 'upgrade', 'terminate', 'message', 'message', 'message']);
    await kernel.run();
    await kernel.commit();
    expect((await Promise.all(done))[1]).toEqual({ incarnationNumber: 2 });
    expect(await Promise.all(results)).toEqual(['fulfilled 1', 'fulfilled 2', 'fulfilled 3']);
    expect(kernel.vats().map(({ name }) => name)).toEqual(['hazard']);
  });

  test('first after another input or a run -> BAD_OPTION, nothing is queued', async () => {
    const { kernel } = await openQueued();
    const { vatId } = kernel.vat('hazard');
    const bad = { name: 'KernelError', code: 'BAD_OPTION' };
    kernel.send(root(kernel, 'bank'), 'getNames');
    await expect(kernel.terminateVat(vatId, { first: true })).rejects.toMatchObject(bad);
    await kernel.commit();
    await kernel.run({ waves: 1 });
    await expect(kernel.terminateVat(vatId, { first: true })).rejects.toMatchObject(bad);
    await expect(kernel.cancelItem({ ordinal: 0 })).rejects.toMatchObject(bad);
    expect(kernel.vats()).toHaveLength(2);
  });

  const sameInputs = 'the same first inputs on two kernels -> the same hash';
  test(sameInputs, { tags: ['thorough'] }, async () => {
    const run = async (): Promise<string> => {
      const { kernel } = await openQueued();
      const { vatId, bundleId } = kernel.vat('hazard');
      const done = kernel.upgradeVat(vatId, { bundleId, first: true });
      const cancelled = kernel.cancelItem({ ordinal: kernel.queued()[1]!.ordinal });
      await kernel.run();
      const hash = await kernel.commit();
      await Promise.all([done, cancelled]);
      return hash;
    };
    expect(await run()).toBe(await run());
  });
});
