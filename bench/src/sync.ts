/**
 * What does a state root cost, and how long do an export and an import take?
 *
 * Fills a store with durable purses and a map store entry each. Blocks of no change alternate
 * between plain and sealed (`stateRootInterval: 2`): what the sealed ones take longer is the price
 * of the root. Then the state is exported beside the kernel, and imported with the audit.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, exportState, importState, openKernel, type Kernel } from '@heirloom/kernel';
import type { Command } from 'commander';
import { parseCount, type Bench, type BenchIo } from './bench.js';
import type { Report } from './report.js';
import { median, rounded } from './statistics.js';

interface SyncOptions {
  readonly purses: number;
  readonly rounds: number;
}

const BANK = fileURLToPath(new URL('../vats/vat-million.js', import.meta.url));
const PURSES_PER_BLOCK = 20_000;
const MIB = 2 ** 20;

/** Sees a call through, one block. */
const inBlock = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

const fill = async (kernel: Kernel, purses: number, io: BenchIo): Promise<void> => {
  const bundle = await bundleVat(BANK);
  const bundleId = await inBlock(kernel, kernel.installBundle(bundle));
  const { root } = await inBlock(kernel, kernel.createVat({ name: 'bank', bundleId }));
  const progress = io.progress('create', purses);
  for (let first = 0; first < purses; first += PURSES_PER_BLOCK) {
    const count = Math.min(PURSES_PER_BLOCK, purses - first);
    await inBlock(kernel, kernel.call(root, 'create', [first, count]));
    progress.advance(count);
  }
  progress.stop();
};

const timed = async <T>(work: () => Promise<T>): Promise<readonly [ms: number, T]> => {
  const began = performance.now();
  const result = await work();
  return [performance.now() - began, result];
};

/** Blocks without a change, plain and sealed in turn. */
const timeBlocks = async (kernel: Kernel, rounds: number) => {
  const times = { plain: [] as number[], sealed: [] as number[] };
  for (let i = 0; i < 2 * rounds; i += 1) {
    const [ms] = await timed(() => kernel.commit());
    times[kernel.height % 2 === 0 ? 'sealed' : 'plain'].push(ms);
  }
  return { plainMs: median(times.plain), sealedMs: median(times.sealed) };
};

const measure = async (directory: string, { purses, rounds }: SyncOptions, io: BenchIo) => {
  const store = path.join(directory, 'store');
  const to = path.join(directory, 'out');
  const parameters = { stateRootInterval: 2 };
  const kernel = await openKernel({ directory: store, blocks: 'host', parameters });
  try {
    await fill(kernel, purses, io);
    const blocks = await timeBlocks(kernel, rounds);
    const [exportMs, manifest] = await timed(() => exportState({ directory: store, to }));
    const { rows, bytes, stateRoot: root } = manifest;
    const copy = path.join(directory, 'copy');
    const [importMs] = await timed(() => importState({ from: to, directory: copy, root }));
    return { ...blocks, exportMs, importMs, rows, bytes };
  } finally {
    await kernel.close();
  }
};

export const syncBench: Bench = {
  name: 'sync',
  summary: 'the state root of a block, an export and an import: rows and megabytes a second',

  options(command: Command): void {
    command
      .option('--purses <count>', 'durable purses in the store', parseCount, 200_000)
      .option('--rounds <count>', 'sealed blocks that are timed', parseCount, 5);
  },

  async run(options: SyncOptions, io: BenchIo): Promise<Report> {
    const directory = await mkdtemp(path.join(tmpdir(), 'heirloom-sync-'));
    try {
      const { plainMs, sealedMs, exportMs, importMs, rows, bytes } = await measure(
        directory,
        options,
        io,
      );
      const figures = (ms: number) => ({
        ms: rounded(ms),
        rowsPerSecond: rounded((rows * 1000) / ms),
        mibPerSecond: rounded((bytes / MIB) * (1000 / ms)),
      });
      const record = {
        bench: 'sync',
        purses: options.purses,
        rounds: options.rounds,
        rows,
        mib: rounded(bytes / MIB),
        plainBlockMs: rounded(plainMs),
        root: figures(sealedMs - plainMs),
        export: figures(exportMs),
        import: figures(importMs),
      };
      const row = (name: string, ms: number) => {
        const { rowsPerSecond, mibPerSecond } = figures(ms);
        return [name, ms, rowsPerSecond, mibPerSecond];
      };
      return {
        title: `${rows} rows, ${record.mib} MiB; a plain block takes ${record.plainBlockMs} ms`,
        head: ['', 'ms', 'rows/s', 'MiB/s'],
        rows: [
          row('state root', sealedMs - plainMs),
          row('export', exportMs),
          row('import', importMs),
        ],
        record,
      };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};
