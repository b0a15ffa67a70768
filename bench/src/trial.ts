/**
 * Does a dry run of a large vat take much longer than the start of its code?
 *
 * A desk with durable purses has sold tickets, objects of its heap, to many other vats. Its upgrade
 * is tried by the host, without and with `compare`, which starts code three times. What a start
 * takes is what the report of a desk without purses and tickets says, tried in turn with it. Then
 * the command prints the report of the large one.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleVat, openKernel, type CreatedVat, type Kernel } from '@heirloom/kernel';
import { during, type Bench, type BenchIo } from './bench.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { median, ONE_RUN, rounded, spreadText } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

const SIZES = {
  purses: { what: 'purses of the desk', quick: 50_000, full: 1_000_000 },
  exports: { what: 'tickets that others hold', quick: 2_000, full: 10_000 },
  holders: { what: 'vats that hold them', quick: 10, full: 100 },
  rounds: { what: 'dry runs measured, without and with compare', quick: 5, full: 11 },
} satisfies Sizes;

type TrialOptions = SizesOf<typeof SIZES>;

const BATCH = 1_000;
const DESK = fileURLToPath(new URL('../vats/vat-desk.js', import.meta.url));
/** Beside the package's index. */
const COMMAND = fileURLToPath(new URL('cli/main.js', import.meta.resolve('@heirloom/kernel')));

/** Makes the store. Gives the id of the bundle. */
const prepare = async (
  directory: string,
  { purses, exports, holders }: TrialOptions,
  io: BenchIo,
): Promise<string> => {
  const kernel = await openKernel({ directory, maxVatsOnline: 4, spareThreads: 1 });
  try {
    const bundleId = await kernel.installBundle(await bundleVat(DESK));
    const create = (name: string): Promise<CreatedVat> => kernel.createVat({ name, bundleId });
    const desk = await create('desk');
    await create('empty');
    await fill(kernel, desk, purses, io);
    const progress = io.progress('vats that hold tickets', holders);
    for (let n = 0; n < holders; n += 1) {
      const holder = await create(`holder-${n}`);
      const first = Math.floor((exports * n) / holders);
      const count = Math.floor((exports * (n + 1)) / holders) - first;
      await kernel.call(holder.root, 'buy', [desk.root, first, count]);
      progress.advance(1);
    }
    progress.stop();
    await kernel.idle();
    return bundleId;
  } finally {
    await kernel.close();
  }
};

const fill = async (kernel: Kernel, desk: CreatedVat, purses: number, io: BenchIo) => {
  const progress = io.progress('purses made', purses);
  for (let first = 0; first < purses; first += BATCH) {
    const count = Math.min(BATCH, purses - first);
    await kernel.call(desk.root, 'make', [first, count]);
    progress.advance(count);
  }
  progress.stop();
};

/** Milliseconds of dry runs: of the empty desk's first start, and of all of the large one's. */
interface Tried {
  readonly starts: number[];
  readonly wholes: number[];
  readonly ratios: number[];
}

const makeTried = (): Tried => ({ starts: [], wholes: [], ratios: [] });

const measure = async (
  directory: string,
  bundleId: string,
  { rounds, exports }: TrialOptions,
  io: BenchIo,
) => {
  const open = () => openKernel({ directory, maxVatsOnline: 1 });
  const kernel = await during(io, 'opening the store', open);
  const [once, compared] = [makeTried(), makeTried()];
  const progress = io.progress('dry runs', 2 * (rounds + 1));
  try {
    const desk = kernel.vat('desk').vatId;
    const empty = kernel.vat('empty').vatId;
    for (let round = 0; round <= rounds; round += 1) {
      for (const [tried, compare] of [[once, false], [compared, true]] as const) {
        const { cost } = await kernel.checkUpgrade(empty, { bundleId });
        const began = performance.now();
        const report = await kernel.checkUpgrade(desk, { bundleId, compare });
        const whole = performance.now() - began;
        if (report.exportsAbandoned !== exports) throw Error('not every ticket was found');
        progress.advance(1);
        if (round === 0) continue; // what is read for the first time
        const { milliseconds } = cost;
        tried.starts.push(milliseconds);
        tried.wholes.push(whole);
        tried.ratios.push(whole / milliseconds);
      }
    }
    return { once, compared };
  } finally {
    progress.stop();
    await kernel.close();
  }
};

/** What the command prints of it. */
const linesOf = async (directory: string): Promise<readonly string[]> => {
  const args = [COMMAND, 'check-upgrade', directory, 'desk', DESK];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trimEnd().split('\n');
};

const rowsOf = (name: string, { starts, wholes, ratios }: Tried): Cell[][] => [
  [`${name}: start, ms`, rounded(median(starts)), spreadText(starts)],
  [`${name}: whole, ms`, rounded(median(wholes)), spreadText(wholes)],
  [`${name}: whole over start`, rounded(median(ratios)), spreadText(ratios)],
];

const reportOn = async (
  directory: string,
  options: TrialOptions,
  io: BenchIo,
): Promise<Report> => {
  const bundleId = await prepare(directory, options, io);
  const { once, compared } = await measure(directory, bundleId, options, io);
  const lines = await during(io, 'the command', () => linesOf(directory));
  const columns = Math.max(...lines.map(line => line.length));
  const { purses, exports, holders } = options;
  const figures = (tried: Tried) => ({
    startMs: rounded(median(tried.starts)),
    wholeMs: rounded(median(tried.wholes)),
    ratio: rounded(median(tried.ratios)),
  });
  const printed = { lines: lines.length, columns };
  return {
    title: `dry runs of a vat with ${purses} purses, ${exports} objects held by ${holders} vats`,
    head: ['', 'figure', 'measured'],
    rows: [
      ...rowsOf('one start', once),
      ...rowsOf('with compare', compared),
      ['lines that the command prints', printed.lines, ONE_RUN],
      ['columns of the longest', printed.columns, ONE_RUN],
    ],
    record: {
      ...{ bench: 'trial', purses, exports, holders },
      ...{ once: figures(once), compared: figures(compared), ...printed },
    },
  };
};

export const trialBench: Bench = {
  name: 'trial',
  summary: 'a dry run of a large vat, beside the start of its code',

  sizes: SIZES,
  seconds: { quick: 40, full: 300 },

  run(options: TrialOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('trial', directory => reportOn(directory, options, io));
  },
};
