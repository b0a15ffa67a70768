/**
 * Which builds of Node show vat code the same? And does the quick choice of observations, which a
 * kernel looks at when it opens a store, tell apart every two that the whole tells apart?
 *
 * Each Node that is named runs `heirloom engine`, several times, which must say the same each time.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Command, Option } from 'commander';
import type { EngineReport } from '@heirloom/kernel';
import type { Bench, BenchIo } from './bench.js';
import type { Progress } from './progress.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';

const SIZES = {
  rounds: { what: 'how often each Node looks', quick: 1, full: 3 },
} satisfies Sizes;

interface EnginesOptions extends SizesOf<typeof SIZES> {
  readonly nodes: readonly string[];
  readonly quickOnly?: true;
}

const HEIRLOOM = fileURLToPath(
  new URL('../bin/heirloom.js', import.meta.resolve('@heirloom/kernel')),
);
const OUTPUT_BYTES_MAX = 2 ** 24;

const run = promisify(execFile);

/** What one Node shows, as digests by name; the same in every round. */
interface Shown {
  readonly node: string;
  readonly quick: ReadonlyMap<string, string>;
  /** The same as `quick` if nobody looks at everything. */
  readonly whole: ReadonlyMap<string, string>;
  /** Observations that were not the same in every round. */
  readonly unsteady: readonly string[];
}

const reportOf = async (node: string, flags: readonly string[]): Promise<EngineReport> => {
  const args = [HEIRLOOM, 'engine', '--json', ...flags];
  const { stdout } = await run(node, args, { maxBuffer: OUTPUT_BYTES_MAX });
  const report: EngineReport = JSON.parse(stdout);
  return report;
};

const unsteadyIn = (rounds: readonly EngineReport[]): string[] => {
  const [first, ...others] = rounds.map(({ observations }) => new Map(observations ?? []));
  const names = [...(first?.keys() ?? [])];
  return names.filter(name => others.some(other => other.get(name) !== first?.get(name)));
};

const look = async (
  node: string,
  { rounds, quickOnly }: EnginesOptions,
  progress: Progress,
): Promise<Shown> => {
  const looks = async (flags: readonly string[]): Promise<EngineReport[]> => {
    const reports: EngineReport[] = [];
    for (let round = 0; round < rounds; round += 1) {
      reports.push(await reportOf(node, flags));
      progress.advance(1);
    }
    return reports;
  };
  const quick = await looks([]);
  const whole = quickOnly === true ? quick : await looks(['--whole']);
  const [build = ''] = quick.map(report => report.build);
  return {
    node: /^node (\S+),/.exec(build)?.[1] ?? build,
    quick: new Map(quick[0]?.observations ?? []),
    whole: new Map(whole[0]?.observations ?? []),
    unsteady: [...unsteadyIn(quick), ...unsteadyIn(whole)],
  };
};

type Kind = 'quick' | 'whole';

/** Nodes that show the same come into one group: of one observation, or of all. */
const groupsOf = (all: readonly Shown[], kind: Kind, name?: string): string[][] => {
  const groups = new Map<string, string[]>();
  for (const shown of all) {
    const seen = shown[kind];
    const key = name === undefined ? JSON.stringify([...seen]) : (seen.get(name) ?? '');
    groups.set(key, [...(groups.get(key) ?? []), shown.node]);
  }
  return [...groups.values()];
};

const namesOf = (all: readonly Shown[]): string[] => [
  ...new Set(all.flatMap(({ whole }) => [...whole.keys()])),
];

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const compared = (all: readonly Shown[], { rounds }: EnginesOptions): Report => {
  const groups = groupsOf(all, 'whole');
  const names = namesOf(all);
  const differing = names
    .map(name => ({ name, groups: groupsOf(all, 'whole', name) }))
    .filter(each => each.groups.length > 1);
  const missed = names.filter(
    name => !isSame(groupsOf(all, 'quick', name), groupsOf(all, 'whole', name)),
  );
  const unsteady = all.flatMap(({ node, unsteady: of }) => of.map(name => `${name} of ${node}`));
  const record = { bench: 'engines', rounds, observations: names.length, groups, differing };
  const rows = differing.map(({ name, groups: by }): Cell[] => [
    name,
    by.map(nodes => nodes.join(' ')).join('\n'),
  ]);
  const ok = unsteady.length === 0 && isSame(groupsOf(all, 'quick'), groups);
  return {
    title: `show the same:\n${groups.map(nodes => `  ${nodes.join(', ')}`).join('\n')}`,
    head: ['observation', 'who shows the same'],
    rows,
    record: { ...record, missedByQuick: missed, unsteady, tellsApart: ok },
    ok,
    note: ok
      ? 'The quick choice tells apart whatever the whole does.'
      : `Not seen by the quick choice: ${missed.join()}. Unsteady: ${unsteady.join()}.`,
  };
};

export const enginesBench: Bench = {
  name: 'engines',
  summary: 'what builds of Node show to vat code: which are the same, what differs',
  sizes: SIZES,
  seconds: { quick: 20, full: 60 },

  options(command: Command): void {
    command.addOption(
      new Option('--nodes <paths>', 'executables of Node, with commas between')
        .argParser(text => text.split(','))
        .default([process.execPath], 'this one'),
    );
    command.option('--quick-only', 'leaves out the whole look, which takes 10 s each');
  },

  async run(options: EnginesOptions, io: BenchIo): Promise<Report> {
    const { nodes, rounds, quickOnly } = options;
    const progress = io.progress('looks', nodes.length * rounds * (quickOnly === true ? 1 : 2));
    try {
      const all: Shown[] = [];
      for (const node of nodes) all.push(await look(node, options, progress));
      return compared(all, options);
    } finally {
      progress.stop();
    }
  },
};
