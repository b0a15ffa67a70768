/**
 * What does a state root cost, and how long do an export and an import take?
 *
 * Fills a store with durable purses and a map store entry each. Blocks of no change alternate
 * between plain and sealed (`stateRootInterval: 2`): what the sealed ones take longer is the price
 * of the root. Then the state is exported beside the kernel, and imported with the audit, in turn.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, exportState, importState, openKernel, type Kernel } from '@heirloom/kernel';
import { during, type Bench, type BenchIo } from './bench.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { median, rounded, spread, spreadText } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

const SIZES = {
  purses: { what: 'durable purses in the store', quick: 50_000, full: 200_000 },
  rounds: { what: 'how often each thing is timed', quick: 5, full: 5 },
} satisfies Sizes;

type SyncOptions = SizesOf<typeof SIZES>;

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
  const { root } = await during(io, 'making the bank', async () => {
    const bundle = await bundleVat(BANK);
    const bundleId = await inBlock(kernel, kernel.installBundle(bundle));
    return inBlock(kernel, kernel.createVat({ name: 'bank', bundleId }));
  });
  const progress = io.progress('purses made', purses);
  try {
    for (let first = 0; first < purses; first += PURSES_PER_BLOCK) {
      const count = Math.min(PURSES_PER_BLOCK, purses - first);
      await inBlock(kernel, kernel.call(root, 'create', [first, count]));
      progress.advance(count);
    }
  } finally {
    progress.stop();
  }
};

const timed = async <T>(work: () => Promise<T>): Promise<readonly [ms: number, T]> => {
  const began = performance.now();
  const result = await work();
  return [performance.now() - began, result];
};

/** What was timed, in milliseconds, one figure per round. */
interface Timed {
  readonly plain: number[];
  /** What a sealed block took beyond the plain one before it. */
  readonly root: number[];
  readonly export: number[];
  readonly import: number[];
  /** Of the state. */
  rows: number;
  bytes: number;
}

/** Two blocks without a change, one plain and one sealed. */
const timeBlocks = async (kernel: Kernel, times: Timed): Promise<void> => {
  const isSealed = (): boolean => kernel.height % 2 === 0;
  // The last block of the filling may be a plain one: the sealed one behind it is not timed.
  if (!isSealed()) await kernel.commit();
  const [plainMs] = await timed(() => kernel.commit());
  const [sealedMs] = await timed(() => kernel.commit());
  times.plain.push(plainMs);
  times.root.push(sealedMs - plainMs);
};

/** An export to a fresh directory and an import of it; both are gone afterwards. */
const timeCopy = async (directory: string, store: string, times: Timed): Promise<void> => {
  const [to, copy] = [path.join(directory, 'out'), path.join(directory, 'copy')];
  const [exportMs, manifest] = await timed(() => exportState({ directory: store, to }));
  const { rows, bytes, stateRoot: root } = manifest;
  const [importMs] = await timed(() => importState({ from: to, directory: copy, root }));
  times.export.push(exportMs);
  times.import.push(importMs);
  Object.assign(times, { rows, bytes });
  for (const written of [to, copy]) await rm(written, { recursive: true });
};

const measure = async (directory: string, { purses, rounds }: SyncOptions, io: BenchIo) => {
  const store = path.join(directory, 'store');
  const times: Timed = { plain: [], root: [], export: [], import: [], rows: 0, bytes: 0 };
  const parameters = { stateRootInterval: 2 };
  const kernel = await openKernel({ directory: store, blocks: 'host', parameters });
  try {
    await fill(kernel, purses, io);
    const progress = io.progress('rounds', 2 * rounds);
    try {
      for (let round = 0; round < rounds; round += 1) {
        await timeBlocks(kernel, times);
        progress.advance(1);
      }
      for (let round = 0; round < rounds; round += 1) {
        await timeCopy(directory, store, times);
        progress.advance(1);
      }
    } finally {
      progress.stop();
    }
    return times;
  } finally {
    await kernel.close();
  }
};

const reportOf = ({ purses, rounds }: SyncOptions, times: Timed): Report => {
  const { rows, bytes } = times;
  const figures = (ms: readonly number[]) => ({
    ms: rounded(median(ms)),
    spread: rounded(spread(ms)),
    rowsPerSecond: rounded((rows * 1000) / median(ms)),
    mibPerSecond: rounded((bytes / MIB) * (1000 / median(ms))),
  });
  const record = {
    ...{ bench: 'sync', purses, rounds, rows },
    mib: rounded(bytes / MIB),
    plainBlockMs: rounded(median(times.plain)),
    plainBlockSpread: rounded(spread(times.plain)),
    root: figures(times.root),
    export: figures(times.export),
    import: figures(times.import),
  };
  const row = (name: string, ms: readonly number[]): Cell[] => {
    const { ms: middle, rowsPerSecond, mibPerSecond } = figures(ms);
    return [name, middle, rowsPerSecond, mibPerSecond, spreadText(ms)];
  };
  const plain = `${record.plainBlockMs} ms (${spreadText(times.plain)})`;
  return {
    title: `${rows} rows, ${record.mib} MiB; a plain block takes ${plain}`,
    head: ['', 'ms', 'rows/s', 'MiB/s', 'measured'],
    rows: [
      row('state root', times.root),
      row('export', times.export),
      row('import', times.import),
    ],
    record,
  };
};

export const syncBench: Bench = {
  name: 'sync',
  summary: 'the state root of a block, an export and an import: rows and megabytes a second',
  sizes: SIZES,
  seconds: { quick: 10, full: 60 },

  run(options: SyncOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('sync', async directory =>
      reportOf(options, await measure(directory, options, io)),
    );
  },
};
