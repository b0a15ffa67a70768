/**
 * How much faster are vats that have nothing to do with each other, in parallel?
 *
 * Two kernels with the same vats get the same messages, block by block; one runs a vat at a time,
 * the other as many as it may. Rounds alternate, and so does who begins, so that a slow minute of
 * the machine slows both. A round is one block, from its first message to its commit; the block
 * hashes of both must be equal.
 */
import { availableParallelism, loadavg } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel, type Kernel, type VatBundle } from '@heirloom/kernel';
import { during, type Bench, type BenchIo } from './bench.js';
import { memberAt } from './member.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { median, rounded, spread, spreadText } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

const WORK = fileURLToPath(new URL('../vats/vat-work.js', import.meta.url));

const SIZES = {
  vats: { what: 'vats that compute', quick: 8, full: 8 },
  threads: { what: 'vats at a time, in parallel', quick: 8, full: 8 },
  messages: { what: 'messages to each vat in a round', quick: 4, full: 4 },
  spins: { what: 'steps of each message', quick: 10_000_000, full: 10_000_000 },
  rounds: { what: 'rounds measured', quick: 5, full: 9 },
  warmUp: { what: 'rounds before those', quick: 1, full: 2 },
} satisfies Sizes;

type ParallelOptions = SizesOf<typeof SIZES>;

class Contender {
  readonly #kernel: Kernel;
  readonly #names: readonly string[];
  /** Milliseconds, one figure per round measured. */
  readonly times: number[] = [];
  /** Of every block. */
  readonly hashes: string[] = [];

  private constructor(kernel: Kernel, names: readonly string[]) {
    this.#kernel = kernel;
    this.#names = names;
  }

  static async open(
    directory: string,
    bundle: VatBundle,
    { threads, vats }: { readonly threads: number; readonly vats: number },
  ): Promise<Contender> {
    const names = Array.from({ length: vats }, (_, i) => `work${i}`);
    const kernel = await openKernel({ directory, threads, blocks: 'host' });
    const contender = new Contender(kernel, names);
    try {
      const installed = kernel.installBundle(bundle);
      await contender.#block();
      const bundleId = await installed;
      const made = names.map(name => kernel.createVat({ name, bundleId }));
      await contender.#block();
      await Promise.all(made);
      return contender;
    } catch (error) {
      await kernel.close();
      throw error;
    }
  }

  /** Sends every vat its messages. Resolves to how long the block took, in milliseconds. */
  async round({ messages, spins }: ParallelOptions): Promise<number> {
    const roots = this.#names.map(name => this.#kernel.vat(name).root);
    const began = performance.now();
    const results = roots.flatMap(root =>
      Array.from({ length: messages }, () => this.#kernel.send(root, 'spin', [spins]).result),
    );
    await this.#block();
    const ms = performance.now() - began;
    await Promise.all(results);
    return ms;
  }

  async close(): Promise<void> {
    await this.#kernel.close();
  }

  async #block(): Promise<void> {
    await this.#kernel.run();
    this.hashes.push(await this.#kernel.commit());
  }
}

/** Alternates the rounds of both. */
const runRounds = async (
  contenders: readonly Contender[],
  options: ParallelOptions,
  io: BenchIo,
): Promise<void> => {
  const { rounds, warmUp } = options;
  const progress = io.progress('rounds', contenders.length * (rounds + warmUp));
  try {
    for (let round = 0; round < warmUp + rounds; round += 1) {
      const inOrder = round % 2 === 0 ? contenders : [...contenders].reverse();
      for (const contender of inOrder) {
        const ms = await contender.round(options);
        if (round >= warmUp) contender.times.push(ms);
        progress.advance(1);
      }
    }
  } finally {
    progress.stop();
  }
};

const figures = ({ times }: Contender) => ({
  ms: rounded(median(times)),
  spread: rounded(spread(times)),
  rounds: times.map(rounded),
});

const reportOf = (
  options: ParallelOptions,
  [one, many]: readonly [Contender, Contender],
): Report => {
  const { vats, threads, messages, spins, rounds } = options;
  const [cores, load] = [availableParallelism(), loadavg().map(rounded)];
  const ratios = one.times.map((ms, round) => ms / memberAt(many.times, round));
  const speedup = rounded(median(ratios));
  const hashesEqual = one.hashes.every((hash, i) => hash === many.hashes[i]);
  const row = (name: string, it: Contender): Cell[] => [
    name,
    median(it.times),
    spreadText(it.times),
  ];
  return {
    title: `${vats} vats, ${cores} cores (load ${load.join(', ')}), ${rounds} rounds, medians`,
    head: ['', 'figure', 'measured'],
    rows: [
      row('ms a round, one vat at a time', one),
      row(`ms a round, ${threads} at a time`, many),
      ['times as fast', speedup, spreadText(ratios)],
      ['block hashes equal', hashesEqual ? 'yes' : 'no', `of ${one.hashes.length} blocks`],
    ],
    record: {
      ...{ bench: 'parallel', vats, threads, messages, spins, cores, load, speedup },
      ...{ speedupSpread: rounded(spread(ratios)), speedups: ratios.map(rounded) },
      ...{ hashesEqual, one: figures(one), many: figures(many) },
    },
    ok: hashesEqual,
  };
};

const compare = async (
  directory: string,
  options: ParallelOptions,
  io: BenchIo,
): Promise<Report> => {
  const { vats, threads } = options;
  const open: Contender[] = [];
  try {
    const both = await during(io, 'opening both kernels', async () => {
      const bundle = await bundleVat(WORK);
      const one = await Contender.open(path.join(directory, 'one'), bundle, { vats, threads: 1 });
      open.push(one);
      const many = await Contender.open(path.join(directory, 'many'), bundle, { vats, threads });
      open.push(many);
      return [one, many] as const;
    });
    await runRounds(both, options, io);
    return reportOf(options, both);
  } finally {
    for (const contender of open) await contender.close();
  }
};

export const parallelBench: Bench = {
  name: 'parallel',
  summary: 'vats with work of their own: one at a time, and in parallel',

  sizes: SIZES,
  seconds: { quick: 15, full: 40 },

  run(options: ParallelOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('parallel', directory => compare(directory, options, io));
  },
};

