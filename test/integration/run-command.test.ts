/**
 * `heirloom run` and `purses`: where vats run by default, and how they end by themselves when a vat
 * does not: by status or by signal, with a word on who it was, whatever the vat's thread does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KernelConfig } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { heirloom } from '../support/hosts/command-line.js';
import { moreBlocks } from '../support/hosts/more-blocks.js';
import { until } from '../support/hosts/vat-processes.js';

const MAIN = fileURLToPath(new URL('../../packages/kernel/dist/cli/main.js', import.meta.url));
const vatFile = (name: string): string =>
  fileURLToPath(new URL(`../vats/${name}`, import.meta.url));
const HAZARD = vatFile('faulty/hazard.js');
const THOROUGH = { tags: ['thorough'] };

/** Writes a configuration beside a bundle of the bank, `bank.json`. */
const configured = async (config: KernelConfig): Promise<string> => {
  const directory = await freshDirectory();
  await writeFile(join(directory, 'bank.json'), JSON.stringify(await fixture('bank.js')));
  const file = join(directory, 'config.json');
  await writeFile(file, JSON.stringify(config));
  return file;
};

describe('heirloom run, where vats run:', () => {
  const BANK = { sourceSpec: vatFile('bank.js') };
  const READY_MADE = { bundleSpec: './bank.json' };

  const whereOf = async (config: KernelConfig, ...flags: string[]): Promise<string> => {
    const { status, stdout } = await heirloom('run', await configured(config), ...flags);
    expect(status).toBe(0);
    const lines = stdout.split('\n').filter(line => line.startsWith('v'));
    const parts = lines.map(line => /^v\d+ (\w+), .* in a (\w+)$/.exec(line)!);
    return parts.map(([, name, where]) => `${name} ${where}`).join(', ');
  };

  test('modules that are bundled here -> threads', async () => {
    expect(await whereOf({ vats: { own: BANK } })).toBe('own thread');
  });

  test('a ready-made bundle -> a process; what is bundled beside it, a thread', async () => {
    const bundles = { mine: BANK, theirs: READY_MADE };
    const vats = {
      ...{ own: BANK, given: READY_MADE },
      ...{ named: { bundleName: 'mine' }, named2: { bundleName: 'theirs' } },
    };
    const where = 'timer thread, given process, named thread, named2 process, own thread';
    expect(await whereOf({ bundles, vats, timer: true })).toBe(where);
  });

  const IN_THREAD = { isolation: 'thread' } as const;
  const VATS = { vats: { given: READY_MADE, own: BANK } };
  test.each([
    ['--isolation thread', VATS, ['--isolation', 'thread'], 'given thread, own thread'],
    ['--isolation process', VATS, ['--isolation', 'process'], 'given process, own process'],
    ['of the configuration', { ...VATS, isolation: 'thread' }, [], 'given thread, own thread'],
    [
      'of a vat of the configuration',
      { vats: { ...VATS.vats, given: { ...READY_MADE, creationOptions: IN_THREAD } } },
      [],
      'given thread, own thread',
    ],
  ] as const)('a choice, %s -> wins', THOROUGH, async (_title, config, flags, where) => {
    expect(await whereOf(config as KernelConfig, ...flags)).toBe(where);
  });

  test('a choice that there is not -> BAD_CONFIG', THOROUGH, async () => {
    const creationOptions = { isolation: 'cellar' as never };
    const vats = { own: { ...BANK, creationOptions } };
    const file = await configured({ vats });
    const { status, stderr } = await heirloom('run', file);
    expect(status).toBe(1);
    expect(stderr).toContain("BAD_CONFIG: vat \"own\": isolation must be 'thread' or 'process'");
  });
});

interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** Runs until a vat loops, sends the signal if there is one, and waits for the end. */
const runLooping = (args: readonly string[], signal?: NodeJS.Signals): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, 'run', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    let isSent = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (isSent || signal === undefined || !stderr.includes('looping')) return;
      isSent = true;
      child.kill(signal);
    });
    child.on('error', reject);
    child.on('close', (status, by) => resolve({ status, signal: by, stderr }));
  });

describe('heirloom run, a vat that does not end:', () => {
  const looping = (deed: string): Promise<string> =>
    configured({ vats: { hazard: { sourceSpec: HAZARD, parameters: { does: deed } } } });
  const PLACE = 'hazard (v1), incarnation 0, position 0 (startVat)';

  const expectClosed = async (directory: string): Promise<void> => {
    const kernel = await kernelOver({ directory });
    expect(kernel.vats()).toEqual([]);
  };

  const signalled = async (
    deed: string,
    signal: NodeJS.Signals,
    isolation: string,
  ): Promise<void> => {
    const directory = await freshDirectory();
    const args = [await looping(deed), '--directory', directory, '--isolation', isolation];
    const ended = await runLooping(args, signal);
    expect([ended.status, ended.signal]).toEqual([null, signal]);
    expect(ended.stderr).toContain(`heirloom: ${signal}: `);
    expect(ended.stderr).toContain(`amid ${PLACE}`);
    const isLeft = deed === 'sort' && isolation === 'thread';
    expect(ended.stderr.includes('THREAD_LEFT')).toBe(isLeft);
    await expectClosed(directory);
  };
  const ends = '%s, %s, in a %s -> closed, ends by the signal';
  test.each([['sort', 'SIGINT', 'thread']] as const)(ends, signalled);
  const OTHERS = [
    ['sort', 'SIGTERM', 'thread'],
    ['loop', 'SIGINT', 'thread'],
    ['sort', 'SIGTERM', 'process'],
  ] as const;
  test.each(OTHERS)(ends, THOROUGH, signalled);

  test.each(['thread', 'process'])('too long, in a %s -> status 1', async isolation => {
    const directory = await freshDirectory();
    const choice = ['--isolation', isolation, '--delivery-timeout', '300'];
    const ended = await runLooping([await looping('sort'), '--directory', directory, ...choice]);
    expect([ended.status, ended.signal]).toEqual([1, null]);
    expect(ended.stderr).toContain(`heirloom: DELIVERY_TIMEOUT: ${PLACE}`);
    expect(ended.stderr.includes('THREAD_LEFT')).toBe(isolation === 'thread');
    await expectClosed(directory);
  });
});

test('heirloom purses, SIGTERM -> closed, ends by the signal; goes on', THOROUGH, async () => {
  const directory = await freshDirectory();
  const sizes = ['--purses', '200', '--deposits', '100000', '--upgrades', '1'];
  const args = [MAIN, 'purses', ...sizes, '--directory', directory];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  let stderr = '';
  child.stderr.on('data', text => (stderr += String(text)));
  const hasStore = (): boolean => existsSync(join(directory, 'heirloom-store'));
  await until(() => hasStore() || child.exitCode !== null);
  await moreBlocks(directory, 8, () => child.exitCode !== null);
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(stderr).toMatch(/heirloom: SIGTERM.*: the store is closed, as its last block left it\n$/);
  const kernel = await kernelOver({ directory });
  expect(kernel.vats().map(({ name }) => name)).toContain('bank');
  expect(kernel.suspects()).toEqual([]);
});
