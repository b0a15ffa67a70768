/**
 * Do replicas agree on every block, whatever machine they have and whatever befalls them?
 *
 * Kernels in processes of their own, in consensus GC mode, carry out the same plan of inputs. The
 * first is what the others are compared with: with more threads, with V8's collector forced before
 * every crank, killed and opened again, joined half-way by state sync, with vats in processes.
 */
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { during, type Bench, type BenchIo } from './bench.js';
import { memberAt } from './member.js';
import { firstDifference, type Difference } from './replicas/comparison.js';
import { heightOf, prepareCode, type Code } from './replicas/execution.js';
import { liveThrough, type Life } from './replicas/lives.js';
import type { Job } from './replicas/messages.js';
import { ROSTER, type ReplicaSpec } from './replicas/roster.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { rounded } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

/** Processes at a time: most have threads of their own. */
const REPLICAS_AT_ONCE = 2;

/** How often the replica that is killed is killed, where there are blocks enough. */
const KILLS = 10;
/** Blocks between two kills, at least: a kernel that was opened again must get on. */
const KILL_EVERY_LEAST = 5;

const SIZES = {
  blocks: { what: 'blocks of the plan', quick: 20, full: 200 },
  seed: { what: 'of the plan', quick: 1, full: 1, unit: 'number' },
  vats: { what: 'vats that the host begins with', quick: 4, full: 4 },
} satisfies Sizes;

interface ReplicasOptions extends SizesOf<typeof SIZES> {
  readonly replicas: readonly ReplicaSpec[];
}

interface Outcome {
  readonly spec: ReplicaSpec;
  readonly life: Life;
  readonly compared: number;
  readonly difference: Difference | null;
}

const NAMES = ROSTER.map(({ name }) => name);

const parseReplicas = (text: string): readonly ReplicaSpec[] => {
  const wanted = new Set(text.split(','));
  for (const name of wanted) {
    if (NAMES.includes(name)) continue;
    throw new InvalidArgumentError(`There is no replica "${name}": ${NAMES.join(', ')}.`);
  }
  return ROSTER.filter(({ name }, i) => i === 0 || wanted.has(name));
};

/** The block that is exported: sealed, so that its hash vouches for the state. */
const exportedBlockOf = (blocks: number): number => Math.ceil(blocks / 2);

const killEveryOf = (blocks: number): number =>
  Math.max(KILL_EVERY_LEAST, Math.ceil(blocks / KILLS));

/** Blocks that all replicas together tell of; who joins tells of the one that it joins with. */
const blocksOfAll = ({ blocks, replicas }: ReplicasOptions): number => {
  const joined = blocks - exportedBlockOf(blocks) + 1;
  return replicas.reduce((sum, { joins }) => sum + (joins === true ? joined : blocks), 0);
};

/** Runs some work for every item, in order, so many at a time. */
const inTurn = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [i, item] of queue) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: REPLICAS_AT_ONCE }, lane));
  return results;
};

class Trial {
  readonly #options: ReplicasOptions;
  readonly #directory: string;
  readonly #code: Code;
  readonly #advance: () => void;
  #first: Promise<Life> | undefined;

  constructor(options: ReplicasOptions, directory: string, code: Code, advance: () => void) {
    this.#options = options;
    this.#directory = directory;
    this.#code = code;
    this.#advance = advance;
  }

  /** All replicas; the first one begins first, and whoever joins waits for it. */
  run(): Promise<Outcome[]> {
    return inTurn(this.#options.replicas, async spec => {
      const living = this.#live(spec);
      this.#first ??= living;
      return this.#compare(spec, await living, await this.#first);
    });
  }

  async #live(spec: ReplicaSpec): Promise<Life> {
    const { seed, blocks, vats } = this.#options;
    const number = exportedBlockOf(blocks);
    const to = path.join(this.#directory, 'export');
    const job: Job = {
      directory: path.join(this.#directory, spec.name),
      code: this.#code,
      plan: { seed, blocks, vats },
      options: spec.options,
      stateRootInterval: heightOf(number),
    };
    const more: Partial<Job> = {};
    if (this.#first === undefined) Object.assign(more, { exported: { number, to } });
    else if (spec.joins) {
      const { hashes } = await this.#first;
      Object.assign(more, { imported: { from: to, hash: hashes.get(number) } });
    }
    return liveThrough({
      file: path.join(this.#directory, `${spec.name}.json`),
      job: { ...job, ...more },
      killEvery: spec.isKilled === true ? killEveryOf(blocks) : undefined,
      advance: this.#advance,
    });
  }

  #compare(spec: ReplicaSpec, life: Life, first: Life): Outcome {
    const last = this.#options.blocks;
    const from = spec.joins ? exportedBlockOf(last) + 1 : 1;
    const difference = firstDifference(first.hashes, life.hashes, { from, last });
    return { spec, life, compared: last - from + 1, difference };
  }
}

const recordOf = ({ spec, life, compared, difference }: Outcome) => ({
  name: spec.name,
  seconds: rounded(life.seconds),
  blocks: compared,
  equal: difference === null,
  firstDifference: difference,
  auditOk: life.auditOk,
  ...(spec.isKilled === true ? { kills: life.kills.length } : {}),
});

const reportOf = (options: ReplicasOptions, outcomes: readonly Outcome[]): Report => {
  const replicas = outcomes.map(recordOf);
  const hashesEqual = replicas.every(({ equal }) => equal);
  const auditsOk = replicas.every(({ auditOk }) => auditOk);
  const { blocks, seed, vats } = options;
  const { events } = memberAt(outcomes, 0).life;
  const rows = replicas.map((it): Cell[] => {
    const found = it.firstDifference === null ? 'yes' : `from block ${it.firstDifference.block} on`;
    const name = it.kills === undefined ? it.name : `${it.name} (${it.kills} times)`;
    return [name, it.seconds, it.blocks, it.equal ? found : `no: differs ${found}`];
  });
  return {
    title: `${blocks} blocks, seed ${seed}, ${vats} vats; ${JSON.stringify(events)}`,
    head: ['replica', 'seconds (one run)', 'blocks', 'equal'],
    rows,
    record: { bench: 'replicas', blocks, seed, vats, hashesEqual, auditsOk, events, replicas },
    ok: hashesEqual && auditsOk,
  };
};

export const replicasBench: Bench = {
  name: 'replicas',
  summary: 'the same blocks on replicas of every kind: are all block hashes equal?',

  sizes: SIZES,
  seconds: { quick: 50, full: 540 },

  options(command: Command): void {
    const all = NAMES.join(',');
    command.addOption(
      new Option('--replicas <names>', `besides ${NAMES[0]}`)
        .argParser(parseReplicas)
        .default(ROSTER, all),
    );
  },

  run(options: ReplicasOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('replicas', async directory => {
      const code = await during(io, 'bundling the vat', prepareCode);
      const progress = io.progress('blocks', blocksOfAll(options));
      try {
        const trial = new Trial(options, directory, code, () => progress.advance(1));
        return reportOf(options, await trial.run());
      } finally {
        progress.stop();
      }
    });
  },
};
