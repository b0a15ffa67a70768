/**
 * Do a million durable objects fit in flat memory, and does nothing of them stay behind?
 *
 * Creates purses with a map store entry each, touches some at random, deletes them all, reaps
 * (engine mode) and counts the vatstore's rows before and after.
 */
import { fileURLToPath } from 'node:url';
import { bundleVat, memoryUse, openKernel, type Kernel } from '@heirloom/kernel';
import { openReader } from '@heirloom/store';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { during, type Bench, type BenchIo } from './bench.js';
import { memberAt } from './member.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { ONE_RUN, rounded } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

const SIZES = {
  purses: { what: 'purses to create', quick: 200_000, full: 1_000_000 },
  touches: { what: 'purses to touch at random', quick: 50_000, full: 100_000 },
  seed: { what: 'which ones', quick: 1, full: 1, unit: 'number' },
} satisfies Sizes;

type MillionOptions = SizesOf<typeof SIZES>;

const BATCH = 1_000;
const SCAN_CHUNK = 100_000;
const BANK = fileURLToPath(new URL('../vats/vat-million.js', import.meta.url));

/** Rows of the vatstore of a closed store. */
const countRows = async (directory: string): Promise<number> => {
  const reader = openReader({ directory, readersMax: 2048 });
  const snapshot = reader.begin();
  let count = 0;
  let after = '';
  for (;;) {
    const keys = snapshot.keysAfter('vatstore', after, '\xff'.repeat(16), SCAN_CHUNK);
    count += keys.length;
    if (keys.length < SCAN_CHUNK) break;
    after = memberAt(keys, -1);
  }
  snapshot.done();
  await reader.close();
  return count;
};

/** The largest anonymous memory seen between steps. */
class Watch {
  rssMiB = 0;
  mappedMiB = 0;

  look(): void {
    const { rssMiB, mappedMiB } = memoryUse();
    this.rssMiB = Math.max(this.rssMiB, rssMiB);
    this.mappedMiB = Math.max(this.mappedMiB, mappedMiB);
  }
}

interface Phase {
  readonly label: string;
  readonly total: number;
  step(first: number, count: number): Promise<unknown>;
}

/** Runs a phase in batches; returns units a second. */
const runPhase = async (phase: Phase, watch: Watch, io: BenchIo): Promise<number> => {
  const progress = io.progress(phase.label, phase.total);
  const began = performance.now();
  try {
    for (let first = 0; first < phase.total; first += BATCH) {
      const count = Math.min(BATCH, phase.total - first);
      await phase.step(first, count);
      progress.advance(count);
      watch.look();
    }
  } finally {
    progress.stop();
  }
  return (phase.total * 1000) / (performance.now() - began);
};

const settleGarbage = async (kernel: Kernel): Promise<void> => {
  await kernel.reapAll();
  await kernel.idle();
};

/** Makes the bank, with the rows of counters, which are there from the first purse on. */
const prepare = async (directory: string): Promise<void> => {
  const kernel = await openKernel({ directory, parameters: { gc: 'engine' } });
  try {
    const bundleId = await kernel.installBundle(await bundleVat(BANK));
    const bank = await kernel.createVat({ name: 'bank', bundleId });
    await kernel.call(bank.root, 'create', [0, 1]);
    await kernel.call(bank.root, 'drop', [0, 1]);
    await settleGarbage(kernel);
  } finally {
    await kernel.close();
  }
};

const measure = async (directory: string, options: MillionOptions, io: BenchIo) => {
  const { purses, touches, seed } = options;
  const watch = new Watch();
  await during(io, 'making the bank', () => prepare(directory));
  const rowsBefore = await countRows(directory);
  const kernel = await openKernel({ directory });
  try {
    const { root } = kernel.vat('bank');
    const bytesBefore = kernel.stats().storeBytes;
    const create = (first: number, n: number) => kernel.call(root, 'create', [first, n]);
    const making = { label: 'purses made', total: purses, step: create };
    const createsPerSecond = await runPhase(making, watch, io);
    const bytesPerPurse = (kernel.stats().storeBytes - bytesBefore) / purses;
    const random = xoroshiro128plus(seed);
    const pick = (): number => uniformInt(random, 0, purses - 1);
    const touchesPerSecond = await runPhase(
      {
        label: 'purses touched',
        total: touches,
        step: (_, n) => kernel.call(root, 'touch', [Array.from({ length: n }, pick)]),
      },
      watch,
      io,
    );
    const drop = (first: number, n: number) => kernel.call(root, 'drop', [first, n]);
    await runPhase({ label: 'purses dropped', total: purses, step: drop }, watch, io);
    await during(io, 'reaping', () => settleGarbage(kernel));
    watch.look();
    const { rssMiB, mappedMiB } = watch;
    return { rowsBefore, createsPerSecond, touchesPerSecond, bytesPerPurse, rssMiB, mappedMiB };
  } finally {
    await kernel.close();
  }
};

/** What stands beside a figure; nothing beside what was given or counted. */
const measuredHow = (name: string): string => {
  if (name.endsWith('PerSecond') || name === 'bytesPerPurse') return ONE_RUN;
  return name.endsWith('MiB') ? 'the largest seen, one run' : '';
};

const reportOn = async (
  directory: string,
  options: MillionOptions,
  io: BenchIo,
): Promise<Report> => {
  const figures = await measure(directory, options, io);
  const rowsAfterDrop = await during(io, 'counting rows', () => countRows(directory));
  const record = {
    bench: 'million',
    purses: options.purses,
    touches: options.touches,
    createsPerSecond: rounded(figures.createsPerSecond),
    touchesPerSecond: rounded(figures.touchesPerSecond),
    rssMiB: figures.rssMiB,
    mappedMiB: figures.mappedMiB,
    bytesPerPurse: Math.round(figures.bytesPerPurse),
    rowsBefore: figures.rowsBefore,
    rowsAfterDrop,
  };
  const rows = Object.entries(record)
    .filter(([name]) => name !== 'bench')
    .map(([name, figure]): Cell[] => [name, figure, measuredHow(name)]);
  const title = `${options.purses} durable purses with a map store entry each`;
  return { title, head: ['', 'figure', 'measured'], rows, record };
};

export const millionBench: Bench = {
  name: 'million',
  summary: 'a million durable purses: speed, memory, disk, and what stays after they are gone',

  sizes: SIZES,
  seconds: { quick: 40, full: 180 },

  run(options: MillionOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('million', directory => reportOn(directory, options, io));
  },
};
