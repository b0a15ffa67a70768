/** State sync: an importer goes on as the exporter does, block hash by block hash. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  exportState,
  importState,
  inspectStore,
  verifyStore,
  type ImportReport,
  type StateManifest,
} from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';
import { beginHistory, giveInputs, runBlock, runBlocks } from '../support/kernels/history.js';

const EXPORTED_AT = 7;
const LAST = 14;

/** A store that has lived through some steps, its kernel, and a place for an export. */
const exporter = async (options: { steps: number; stateRootInterval?: number }) => {
  const directory = await freshDirectory();
  const { steps, stateRootInterval = 0 } = options;
  const parameters = { stateRootInterval, waveLimit: 5 };
  const kernel = await kernelOver({ directory, blocks: 'host', parameters });
  await beginHistory(kernel);
  await runBlocks(kernel, 1, steps);
  return { directory, kernel, out: join(await freshDirectory(), 'out') };
};

/** The last step that the shared kernel has lived through. */
let step = 3;
/** For tests that look at a store and export it, at whichever block. No block of it is sealed. */
const shared = useSharedKernel({
  blocks: 'host',
  parameters: { stateRootInterval: 1000, waveLimit: 5 },
  begin: async ({ kernel }) => {
    await beginHistory(kernel);
    await runBlocks(kernel, 1, step);
  },
});
const outside = async (): Promise<string> => join(await freshDirectory(), 'out');
/** The next step of the shared kernel, of which no wave has run: much is on its queue. */
const withMuchQueued = async (): Promise<void> => {
  step += 1;
  giveInputs(shared.kernel, step);
  await shared.kernel.commit();
  expect(shared.kernel.stats().runQueueLength).toBeGreaterThanOrEqual(5);
};

describe('state sync', () => {
  test('exported at a block with everything in flight, while the exporter runs on -> equal hashes',
    async () => {
      const { directory, kernel, out } = await exporter({ steps: EXPORTED_AT });
      // One more block: its upgrade (and more) stays on the queue, for the blocks to come.
      giveInputs(kernel, EXPORTED_AT + 2);
      const hash = await kernel.commit();
      const { height } = kernel;
      expect(kernel.stats().runQueueLength).toBeGreaterThan(10);
      const exporting = exportState({ directory, to: out });
      const hashes = await runBlocks(kernel, EXPORTED_AT + 1, LAST);
      const manifest = await exporting;
      expect([manifest.height, manifest.blockHash]).toEqual([height, hash]);

      const copy = join(await freshDirectory(), 'copy');
      const report = await importState({
        from: out,
        directory: copy,
        root: manifest.stateRoot,
        hash,
      });
      expect(report).toMatchObject({
        height,
        blockHash: hash,
        stateVerified: true,
        hashVerified: true,
        engineFits: true,
      });
      const inFlight = (await inspectStore(copy)).queues;
      expect(inFlight.lifecycle).toBeGreaterThan(0);
      expect(inFlight.waiting).toBeGreaterThan(0);
      const importer = await kernelOver({ directory: copy, blocks: 'host' });
      expect([importer.height, importer.blockHash]).toEqual([height, hash]);
      expect(await runBlocks(importer, EXPORTED_AT + 1, LAST)).toEqual(hashes);
      expect(importer.audit().counts).toEqual(kernel.audit().counts);
      await importer.close();
      expect((await verifyStore({ directory: copy })).ok).toBe(true);
    });

  test('an export of an import -> the same chunks and root', async () => {
    const { directory } = shared;
    await withMuchQueued();
    const out = await outside();
    const first = await exportState({ directory, to: out });
    const copy = join(out, '..', 'copy');
    await importState({ from: out, directory: copy });
    const second = await exportState({ directory: copy, to: join(out, '..', 'again') });
    expect(second).toEqual(first);
  });

  const commands = 'from the command line, beside a running kernel -> the same; tables and JSON';
  test(commands, { tags: ['thorough'] }, async () => {
    const { directory, kernel } = shared;
    await withMuchQueued();
    const out = await outside();
    const exported = await heirloom('export', directory, '--to', out, '--json');
    expect([exported.status, exported.stderr]).toEqual([0, '']);
    const manifest = JSON.parse(exported.stdout) as StateManifest;
    expect(manifest).toMatchObject({ height: kernel.height, blockHash: kernel.blockHash });
    const copy = join(out, '..', 'copy');
    const unverified = await heirloom('import', out, copy);
    expect(unverified.status).toBe(0);
    expect(unverified.stdout).toContain('NO: as the exporter says');
    expect(unverified.stderr).toContain('UNVERIFIED');
    const other = join(out, '..', 'other');
    const verified = await heirloom(
      'import', out, other, '--root', manifest.stateRoot, '--hash', kernel.blockHash, '--json',
    );
    expect([verified.status, verified.stderr]).toEqual([0, '']);
    expect(JSON.parse(verified.stdout) as ImportReport).toMatchObject({ hashVerified: true });
    step += 1;
    const hash = await runBlock(kernel, step);
    for (const path of [copy, other]) {
      const importer = await kernelOver({ directory: path, blocks: 'host' });
      expect(await runBlock(importer, step)).toBe(hash);
    }
  });

  test('a directory in use, or no store -> refused, and nothing is made', async () => {
    const { directory } = shared;
    const out = await outside();
    await exportState({ directory, to: out });
    await expect(exportState({ directory, to: out })).rejects.toMatchObject({ code: 'NOT_EMPTY' });
    const taken = importState({ from: out, directory });
    await expect(taken).rejects.toMatchObject({ code: 'NOT_EMPTY' });
    const empty = await freshDirectory();
    const none = exportState({ directory: empty, to: join(empty, 'x') });
    await expect(none).rejects.toMatchObject({ code: 'NOT_A_STORE' });
    expect(readdirSync(empty)).toEqual([]);
    const nothing = importState({ from: empty, directory: join(empty, 'y') });
    await expect(nothing).rejects.toMatchObject({ code: 'SNAPSHOT_INVALID' });
    expect(existsSync(join(empty, 'y'))).toBe(false);
  });
});

describe('sealed blocks', () => {
  test('stateRootInterval 4 -> an export there is verified by the block hash alone', async () => {
    const { directory, kernel, out } = await exporter({ steps: 0, stateRootInterval: 4 });
    for (let step = 1; kernel.height % 4 !== 0 || step === 1; step += 1) {
      await runBlock(kernel, step);
    }
    const trusted = kernel.blockHash;
    const manifest = await exportState({ directory, to: out });
    expect(manifest.plainHash).not.toBeNull();
    const copy = join(out, '..', 'copy');
    const report = await importState({ from: out, directory: copy, hash: trusted });
    expect(report).toMatchObject({ stateVerified: true, hashVerified: true });
    const importer = await kernelOver({ directory: copy, blocks: 'host' });
    expect(await runBlocks(importer, 21, 26)).toEqual(await runBlocks(kernel, 21, 26));
  });

  test('a block between -> its hash alone verifies nothing: refused, and says what is missing',
    async () => {
      const { directory, kernel } = shared;
      await withMuchQueued();
      const out = await outside();
      await exportState({ directory, to: out });
      const copy = join(out, '..', 'copy');
      const given = importState({ from: out, directory: copy, hash: kernel.blockHash });
      await expect(given).rejects.toThrow(/does not contain the state root.*Give the root as well/);
      await expect(given).rejects.toMatchObject({ code: 'SNAPSHOT_UNTRUSTED' });
      expect(existsSync(copy)).toBe(false);
    });

  const intervals = 'another interval, or none -> other hashes; threads, restarts -> the same';
  test(intervals, { tags: ['thorough'] }, async () => {
    const run = async (stateRootInterval: number, threads: number): Promise<string> => {
      const directory = await freshDirectory();
      const options = { directory, blocks: 'host', threads } as const;
      const first = await kernelOver({ ...options, parameters: { stateRootInterval } });
      await beginHistory(first);
      await runBlocks(first, 1, 3);
      if (threads > 1) return first.commit();
      await first.close();
      return (await kernelOver(options)).commit();
    };
    const [every, restarted, second, none] = [
      await run(1, 4), await run(1, 1), await run(2, 4), await run(0, 4),
    ];
    expect(restarted).toBe(every);
    expect(new Set([every, second, none]).size).toBe(3);
  });
});
