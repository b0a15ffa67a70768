/**
 * A store that an older release has written: refused, until `heirloom migrate-store` has made it
 * one of this release. The stores are those of test/stores.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  exportState,
  inspectStore,
  migrateStore,
  reportEngine,
  verifyStore,
} from '@heirloom/kernel';
import type { Kernel, MigrationReport, VatReference } from '@heirloom/kernel';
import { SCHEMA_VERSION, Store } from '@heirloom/store';
import { readImage } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { heirloom } from '../support/hosts/command-line.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import {
  MESSAGE_ON_PROMISE,
  OLDER_HEADS,
  OLDER_NODES,
  olderStore,
  schema1Store,
} from '../support/stores/older-stores.js';

const MAIN = fileURLToPath(new URL('../../packages/kernel/dist/cli/main.js', import.meta.url));
/** The hash of the data file. */
const dataOf = async (directory: string): Promise<string> =>
  createHash('sha256').update(await readFile(join(directory, 'data.mdb'))).digest('hex');

/** Of a store of any schema. */
const headOf = async (
  directory: string,
): Promise<{ readonly schema: number; readonly height: number; readonly hash: string }> => {
  const store = await Store.open({ directory, readersMax: 64, olderSchemas: true });
  try {
    const { height, hash } = store.head;
    return { schema: store.schema, height, hash: Buffer.from(hash).toString('hex') };
  } finally {
    await store.close();
  }
};
const [OLD_HEAD] = OLDER_HEADS;

const balances = async (kernel: Kernel): Promise<unknown[]> => {
  const { root } = kernel.vat('bank');
  const found = [];
  for (const name of ['ada', 'ben', 'cyd']) {
    const purse = (await kernel.call(root, 'getPurse', [name])) as VatReference;
    found.push(await kernel.call(purse, 'getBalance'), await kernel.call(purse, 'getVersion'));
  }
  return found;
};

describe.each(OLDER_HEADS)('a store of schema $schema:', oldHead => {
  const { schema: old, height: oldHeight } = oldHead;

  test('opened, inspected, verified, exported -> STORE_SCHEMA names the command', async () => {
    const directory = await olderStore(old);
    const before = await dataOf(directory);
    const to = join(await freshDirectory(), 'out');
    const message = `heirloom migrate-store ${directory}`;
    const expected = expect.objectContaining({
      code: 'STORE_SCHEMA',
      message: expect.stringContaining(message) as string,
    }) as Error;
    await expect(kernelOver({ directory })).rejects.toThrow(expected);
    await expect(verifyStore({ directory })).rejects.toThrow(expected);
    await expect(inspectStore(directory)).rejects.toThrow(expected);
    await expect(exportState({ directory, to })).rejects.toThrow(expected);
    expect(await dataOf(directory)).toEqual(before);
  });

  test('migrated -> every vat replays on its image, every purse answers, all goes on', async () => {
    const directory = await olderStore(old);
    await migrateStore({ directory });
    const { ok, vats, audit, rootOk } = await verifyStore({ directory });
    expect(audit.findings).toEqual([]);
    expect([ok, vats.length, rootOk]).toEqual([true, 3, true]);

    const kernel = await kernelOver({ directory });
    expect(kernel.imageId).toBe(readImage().id);
    const areOnNew = kernel.vats().map(({ imageId }) => imageId === kernel.imageId);
    expect(areOnNew).toEqual([false, false, false]);
    // An upgrade and a creation waited on the queue: they begin on the new image.
    await kernel.idle();
    expect(await balances(kernel)).toEqual([15, 3, 20, 3, 30, 3]);
    const vatsNow = kernel
      .vats()
      .map(({ name, incarnation, imageId }) => [name, incarnation, imageId === kernel.imageId]);
    expect(vatsNow).toEqual([
      ['bank', 2, true],
      ['holder', 0, false],
      ['caller', 0, false],
      ['second', 0, true],
    ]);

    // Garbage is collected as ever in the vats that are on the old image.
    await kernel.reapAll();
    await kernel.collectCycles();
    // Their liveslots knows nothing of versions of states.
    await kernel.migrate();
    await kernel.idle();
    expect(kernel.vats().filter(({ imageId }) => imageId !== kernel.imageId).length).toBe(2);

    // The promises that nobody had settled, and the message on one.
    const log = (): Promise<unknown> => kernel.call(kernel.vat('caller').root, 'getLog');
    expect(await log()).toEqual([]);
    for (const n of [0, 1]) {
      await kernel.call(kernel.vat('holder').root, 'settle', [n, 'resolve', `answer ${n}`]);
    }
    const answers = [
      [0, 'answer 0'],
      [1, 'answer 1'],
    ];
    expect(await log()).toEqual(answers);
    const { root: bank } = kernel.vat('bank');
    await kernel.call(kernel.vat('holder').root, 'settle', ['late', 'resolve', bank]);
    expect(await kernel.resultOf(MESSAGE_ON_PROMISE)).toBe(3);

    const files = { holder: 'promises/holder.js', caller: 'services/caller.js' };
    for (const [name, file] of Object.entries(files)) {
      const bundleId = await install(kernel, file);
      await kernel.upgradeVat(kernel.vat(name).vatId, { bundleId });
    }
    expect(await log()).toEqual(answers);
    await kernel.close();
    expect((await verifyStore({ directory })).ok).toBe(true);
  });

  test('migrated -> one block, alike on every replica; the backup is the old store', async () => {
    const directories = [await olderStore(old), await olderStore(old)];
    const before = await dataOf(directories[0]!);
    const reports: MigrationReport[] = [];
    for (const directory of directories) reports.push(await migrateStore({ directory }));
    const [report] = reports;
    expect(report).toMatchObject({ migrated: true, from: old, to: SCHEMA_VERSION });
    expect(report!.height).toBe(oldHeight + 1);
    expect(new Set(reports.map(({ blockHash }) => blockHash)).size).toBe(1);
    const { schema, hash } = await headOf(directories[0]!);
    expect([schema, hash]).toEqual([SCHEMA_VERSION, report!.blockHash]);
    expect(report!.backup).toBe(`${directories[0]!}.schema-${old}`);
    expect(await dataOf(report!.backup!)).toEqual(before);
    expect(await headOf(report!.backup!)).toEqual(oldHead);
  });
});

describe('a store of the oldest schema:', () => {
  test('migrated again -> nothing changes', async () => {
    const directory = await schema1Store();
    const first = await migrateStore({ directory });
    await rm(first.backup!, { recursive: true });
    const before = await dataOf(directory);
    const { height, blockHash } = first;
    const unchanged = { migrated: false, rows: 0, backup: null, height, blockHash };
    expect(await migrateStore({ directory })).toMatchObject(unchanged);
    expect(await dataOf(directory)).toEqual(before);
  });

  test('something else where the backup is to be -> NOT_EMPTY, nothing changed', async () => {
    const directory = await schema1Store();
    const backup = join(await freshDirectory(), 'backup');
    await mkdir(backup);
    await writeFile(join(backup, 'thesis.txt'), 'x');
    await expect(migrateStore({ directory, backup })).rejects.toThrow('is not empty');
    const other = await kernelOver({ directory: join(backup, 'other') });
    await other.close();
    const foreign = { directory, backup: join(backup, 'other') };
    await expect(migrateStore(foreign)).rejects.toThrow('is not empty');
    expect(await headOf(directory)).toEqual(OLD_HEAD);
  });

  test('a migration that was cut short after its backup -> the backup serves', async () => {
    const directory = await schema1Store();
    await cp(directory, `${directory}.schema-1`, { recursive: true });
    expect(await migrateStore({ directory })).toMatchObject({ migrated: true });
    expect(await headOf(`${directory}.schema-1`)).toEqual(OLD_HEAD);
  });

  test.each([
    ['the backup', 1_500, 'STORE_IO'],
    ['the block', 4_000, 'COMMIT_FAILED'],
  ])('no room for %s -> an error, the old store as it was', async (_what, blocks, code) => {
    const directory = await schema1Store();
    // With SIGXFSZ ignored, a write past so many blocks fails as on a full disk.
    const limited = `trap "" XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`;
    const command = ['-c', limited, process.execPath, MAIN, 'migrate-store', directory];
    const failed = await promisify(execFile)('/bin/sh', command).catch((error: unknown) => error);
    const stderr = expect.stringContaining(`heirloom: ${code}: `) as string;
    expect(failed).toMatchObject({ code: 1, stdout: '', stderr });
    expect(await headOf(directory)).toEqual(OLD_HEAD);
    expect(await migrateStore({ directory })).toMatchObject({ migrated: true });
  });

  /** When it is killed, one time after the other, until it was done before: at once, then later. */
  const momentsMs = function* (): Generator<number> {
    yield 0;
    const first = 300;
    for (let n = 0; ; n += 1) yield first + amount({ quick: 300 * 2 ** n, thorough: 120 * n });
  };
  const killed = 'killed at any moment -> the old store or the new one; again -> done';
  test(killed, { tags: ['sized'] }, async () => {
    const { blockHash } = await migrateStore({ directory: await schema1Store() });
    const directory = await schema1Store();
    let cutShort = 0;
    const command = [MAIN, 'migrate-store', directory];
    for (const afterMs of momentsMs()) {
      const child = spawn(process.execPath, command, { stdio: 'ignore' });
      const ended = once(child, 'close');
      await Promise.race([ended, sleep(afterMs)]);
      child.kill('SIGKILL');
      const [status] = (await ended) as [number | null];
      const head = await headOf(directory);
      if (head.schema === SCHEMA_VERSION) break;
      expect(head).toEqual(OLD_HEAD);
      expect(status).toBeNull();
      cutShort += 1;
    }
    expect(cutShort).toBeGreaterThan(0);
    expect(await migrateStore({ directory })).toMatchObject({ migrated: false, blockHash });
    expect(await headOf(`${directory}.schema-1`)).toEqual(OLD_HEAD);
    expect((await verifyStore({ directory })).ok).toBe(true);
  });
});

describe.each(OLDER_NODES)('a store of schema %s, by whichever Node:', which => {
  test('migrated -> by any Node, as no code of a vat runs; the row `engine` stays', async () => {
    const directory = await olderStore(which);
    const { store } = await reportEngine({ directory });
    const { engine } = store!;
    expect(engine).toEqual({ name: expect.stringMatching(/^v8 .*, icu .*, unicode /) as string });
    expect(await migrateStore({ directory })).toMatchObject({ migrated: true, from: 3 });
    const { schema, engine: kept } = await inspectStore(directory);
    expect([schema, kept]).toEqual([SCHEMA_VERSION, engine]);
    const opening = kernelOver({ directory });
    if (store!.fits) await (await opening).close();
    else await expect(opening).rejects.toMatchObject({ code: 'ENGINE_MISMATCH' });
  });
});

describe('heirloom migrate-store:', () => {
  const flags = '--json, --backup -> one object; a table otherwise; --help';
  test(flags, { tags: ['thorough'] }, async () => {
    const directory = await schema1Store();
    const backup = join(await freshDirectory(), 'old');
    const told = await heirloom('migrate-store', directory, '--backup', backup, '--json');
    expect(told.stderr).toBe('');
    expect(JSON.parse(told.stdout)).toMatchObject({ migrated: true, backup, from: 1 });
    expect(await headOf(backup)).toEqual(OLD_HEAD);
    const again = await heirloom('migrate-store', directory);
    expect(again).toMatchObject({ status: 0, stderr: '' });
    expect(again.stdout).toContain('nothing to do');
    expect((await heirloom('migrate-store', '--help')).stdout).toContain('--backup');
  });

  test.each([
    ['no store', 'NOT_A_STORE', freshDirectory],
    ['a store that a kernel has open', 'STORE_LOCKED', async () => {
      const directory = await freshDirectory();
      await kernelOver({ directory });
      return directory;
    }],
  ])('%s -> %s, exit status 1', async (_what, code, make) => {
    const directory = await make();
    const { status, stderr } = await heirloom('migrate-store', directory);
    expect([status, stderr]).toEqual([1, expect.stringContaining(`heirloom: ${code}: `)]);
  });
});
