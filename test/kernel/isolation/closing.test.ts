/**
 * Closing is bounded whatever runs; a thread that loops in native code is left behind: the store is
 * closed all the same, and the process has its own way out. Each host is a process of its own, for
 * a process with such a thread is not good for anything else.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Isolation } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import {
  fixture,
  freshDirectory,
  install,
  kernelOver,
} from '../../support/kernels/fresh-kernels.js';
import { until } from '../../support/hosts/vat-processes.js';

const HOST = fileURLToPath(new URL('../../support/hosts/closing-host.mjs', import.meta.url));
const THOROUGH = { tags: ['thorough'] };

interface Seen {
  readonly what: string;
  readonly value: unknown;
}

interface HostEnd {
  /** By what it is; of `log` the last. */
  readonly seen: ReadonlyMap<string, unknown>;
  readonly status: number | null;
  readonly stderr: string;
}

interface HostRun {
  readonly directory: string;
  readonly scenario: string;
  readonly deed: string;
  readonly isolation?: Isolation;
  /** Called once the host has said so; the host waits for nothing. */
  readonly at?: (what: string) => void;
}

const seenIn = (stdout: string): Seen[] =>
  stdout.split('\n').slice(0, -1).map(line => JSON.parse(line) as Seen);

const runHost = async (run: HostRun): Promise<HostEnd> => {
  const { directory, scenario, deed, isolation = 'thread', at } = run;
  const bundles = join(await freshDirectory(), 'bundles.json');
  const [bank, hazard] = await Promise.all([fixture('bank.js'), fixture('faulty/hazard.js')]);
  await writeFile(bundles, JSON.stringify({ bank, hazard }));
  return new Promise((resolve, reject) => {
    const args = [HOST, directory, bundles, scenario, deed, isolation];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let heard = 0;
    child.stdout.on('data', text => {
      stdout += String(text);
      const lines = seenIn(stdout);
      for (const { what } of lines.slice(heard)) at?.(what);
      heard = lines.length;
    });
    child.stderr.on('data', text => (stderr += String(text)));
    child.on('error', reject);
    child.on('close', status => {
      const seen = new Map(seenIn(stdout).map(({ what, value }) => [what, value]));
      resolve({ seen, status, stderr });
    });
  });
};

const HAZARD = { vat: 'v1', name: 'hazard', method: 'do' };
const LEFT = { code: 'THREAD_LEFT', vat: 'v1', method: 'do' };
/** Two seconds are what a host may expect; a machine that is busy is not judged by them. */
const CLOSED_MS_MAX = 60_000;

describe('closing, threads in native loops:', () => {
  const closes = '%s -> closed, left behind, opened at once elsewhere, ends with its status';
  test(closes.replace('%s', 'sort'), () => closesAround('sort'));
  test(closes.replace('%s', 'search'), THOROUGH, () => closesAround('search'));

  const closesAround = async (deed: string): Promise<void> => {
    const directory = await freshDirectory();
    let opening: Promise<unknown> | undefined;
    const at = (what: string): void => {
      // The host lives, and its thread has the store open.
      if (what === 'left behind') opening = openElsewhere();
    };
    const openElsewhere = async (): Promise<unknown> => {
      const kernel = await kernelOver({ directory });
      const suspects = kernel.suspects();
      const called = await kernel.call(kernel.vat('bank').root, 'countCalls');
      return { suspects, called };
    };
    const { seen, status, stderr } = await runHost({ directory, scenario: 'close', deed, at });
    expect(stderr).toBe('');
    expect(seen.get('cut short')).toEqual([HAZARD]);
    expect(seen.get('left behind')).toEqual([LEFT]);
    expect(seen.get('in process')).toEqual([LEFT]);
    const crank = { incarnation: 0, position: 1, method: 'do' };
    expect(seen.get('log')).toEqual({ level: 'error', name: 'hazard', crank });
    expect(seen.get('call')).toBe('KERNEL_CLOSED');
    expect(seen.get('closed in ms')).toBeLessThan(CLOSED_MS_MAX);
    expect([seen.get('exit'), status]).toEqual([7, 7]);
    const suspects = [{ name: 'hazard', vatId: 'v1', incarnation: 0, position: 1, deaths: 1 }];
    expect(await opening).toEqual({ suspects, called: 1 });
  };

  test('the same process opens the store again -> it goes on, the vat apart', async () => {
    const directory = await freshDirectory();
    const { seen, status, stderr } = await runHost({ directory, scenario: 'again', deed: 'sort' });
    expect(stderr).toBe('');
    expect(seen.get('suspects')).toEqual([{ name: 'hazard', deaths: 1 }]);
    expect(seen.get('called')).toBe(1);
    expect(seen.get('vats')).toEqual(['bank']);
    expect(status).toBe(7);
    const kernel = await kernelOver({ directory });
    expect(kernel.vats().map(({ name }) => name)).toEqual(['bank']);
    expect(await kernel.call(kernel.vat('bank').root, 'countCalls')).toBe(2);
  });

  test('DELIVERY_TIMEOUT -> told at once, closed, ends with its status', async () => {
    const directory = await freshDirectory();
    const run = { directory, scenario: 'timeout', deed: 'sort' };
    const { seen, status } = await runHost(run);
    expect(seen.get('call')).toBe('DELIVERY_TIMEOUT');
    expect(seen.get('cut short')).toEqual([]);
    expect(seen.get('left behind')).toEqual([LEFT]);
    expect(status).toBe(7);
    const kernel = await kernelOver({ directory });
    // Once, though the worker was both late and left behind.
    expect(kernel.suspects()).toMatchObject([{ name: 'hazard', deaths: 1 }]);
  });

  test('new code is tried, then an upgrade -> the kernel goes on meanwhile', async () => {
    const directory = await freshDirectory();
    const { seen, status } = await runHost({ directory, scenario: 'dryRun', deed: 'search' });
    const left = { code: 'THREAD_LEFT', vat: 'v1', method: 'startVat' };
    expect(seen.get('tried')).toBe(false);
    expect(seen.get('while it runs')).toEqual([[left], 1]);
    expect(seen.get('metric')).toBe('1');
    expect(seen.get('upgraded')).toEqual({ incarnationNumber: 1 });
    expect(seen.get('failed')).toBe('DELIVERY_TIMEOUT');
    expect(seen.get('left behind')).toEqual([left, left]);
    expect(status).toBe(7);
    const kernel = await kernelOver({ directory });
    expect(kernel.vat('hazard')).toMatchObject({ incarnation: 1, replayable: true });
  });

  test('the host gives up opening -> KERNEL_CLOSED, left behind, opened again', async () => {
    const directory = await freshDirectory();
    const { seen, status } = await runHost({ directory, scenario: 'opening', deed: 'sort' });
    expect(seen.get('opened')).toBe('KERNEL_CLOSED');
    expect(seen.get('in process')).toEqual([{ ...LEFT, method: 'startVat' }]);
    expect(status).toBe(7);
    const kernel = await kernelOver({ directory });
    expect(kernel.vats()).toEqual([]);
  });
});

describe('closing, what can be ended:', () => {
  const closes = '%s in a %s -> closed, nothing is left behind';
  const WHAT = [
    ['loop', 'thread'],
    ['loop', 'process'],
    ['sort', 'process'],
  ] as const;
  test.each(WHAT)(closes, THOROUGH, async (deed, isolation) => {
    const directory = await freshDirectory();
    const { seen, status } = await runHost({ directory, scenario: 'again', deed, isolation });
    expect(seen.get('cut short')).toEqual([HAZARD]);
    expect(seen.get('left behind')).toEqual([]);
    expect(seen.get('in process')).toEqual([]);
    expect(seen.get('call')).toBe('KERNEL_CLOSED');
    expect(seen.get('closed in ms')).toBeLessThan(CLOSED_MS_MAX);
    expect(seen.get('suspects')).toEqual([]);
    expect([seen.get('called'), seen.get('vats'), status]).toEqual([1, ['bank'], 7]);
  });

  const givesUp = 'a host that gives up before anything runs -> KERNEL_CLOSED, nobody suspected';
  test(givesUp, async () => {
    const directory = await freshDirectory();
    const first = await kernelOver({ directory });
    const bundleId = await install(first, 'bank.js');
    const { root } = await first.createVat({ name: 'bank', bundleId });
    await first.call(root, 'countCalls');
    await first.close();
    const opening = kernelOver({ directory, signal: AbortSignal.abort() });
    await expect(opening).rejects.toMatchObject({ code: 'KERNEL_CLOSED' });
    const second = await kernelOver({ directory });
    expect([second.suspects(), second.vat('bank').replayable]).toEqual([[], true]);
    expect(await second.call(second.vat('bank').root, 'countCalls')).toBe(2);
  });

  const ends = 'a block of the kernel that has no end -> ends with a wave, and is kept';
  test(ends, THOROUGH, async () => {
    const directory = await freshDirectory();
    const kernel = await kernelOver({ directory });
    const bundleId = await install(kernel, 'faulty/hazard.js');
    const { root } = await kernel.createVat({ name: 'a', bundleId });
    const { root: other } = await kernel.createVat({ name: 'b', bundleId });
    const { height } = kernel;
    kernel.send(root, 'do', ['pass', other]);
    await until(() => kernel.stats().cranks > 10);
    await kernel.close({ timeoutMs: 8_000 });
    expect(kernel.cutShort).toEqual([]);
    const again = await kernelOver({ directory, blocks: 'host' });
    expect(again.height).toBeGreaterThan(height);
    expect(again.queued()).not.toEqual([]);
  });

  test('a run of the host that has no end -> ends with a wave, and is not kept', async () => {
    const directory = await freshDirectory();
    const blocks = 'host';
    const kernel = await kernelOver({ directory, blocks });
    const bundle = await fixture('faulty/hazard.js');
    const installed = kernel.installBundle(bundle);
    await kernel.run();
    await kernel.commit();
    const bundleId = await installed;
    const made = ['a', 'b'].map(name => kernel.createVat({ name, bundleId }));
    await kernel.run();
    const hash = await kernel.commit();
    const [a, b] = await Promise.all(made);
    kernel.send(a!.root, 'do', ['pass', b!.root]);
    const running = kernel.run();
    await kernel.close({ timeoutMs: 4_000 });
    expect((await running).deliveries).toBeGreaterThan(0);
    const again = await kernelOver({ directory, blocks });
    expect([again.blockHash, again.queued()]).toEqual([hash, []]);
  });

  test('options -> BAD_OPTION, and the kernel is open', THOROUGH, async () => {
    const kernel = await kernelOver();
    for (const wrong of [{ timeoutMs: -1 }, { timeoutMs: 'soon' }, { ms: 1 }]) {
      await expect(kernel.close(wrong as never)).rejects.toMatchObject({ code: 'BAD_OPTION' });
    }
    expect(kernel.vats()).toEqual([]);
    await expect(kernelOver({ signal: 'now' as never })).rejects.toMatchObject({
      code: 'BAD_OPTION',
    });
  });
});
