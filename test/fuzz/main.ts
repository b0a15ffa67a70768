/**
 * `npm run fuzz`: random errors, parser bombs, native callbacks and workers' frames, over two
 * kernels that differ in what may not matter. It goes on until its time is over, or one is wrong.
 *
 * Exit codes: 0 nothing was wrong; 1 something was, and is told; 2 the arguments are wrong.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { makeBench } from './bench.js';
import { FUZZ_KINDS, type FuzzKind } from './case.js';
import { fuzzSession, type FuzzFailure } from './fuzz.js';
import { showProgress, type Progress } from './progress.js';
import type { Bench } from './session.js';

const ROOT = new URL('../../../../', import.meta.url);
const SEEDS = 2 ** 31;
const CASES_MAX = 30;
const SHRINKS_MAX = 40;

interface Flags {
  readonly minutes: number;
  readonly seed?: number;
  readonly sessions?: number;
  readonly only?: FuzzKind;
  readonly json?: true;
}

interface Report {
  readonly seed: number;
  readonly seconds: number;
  readonly sessions: number;
  readonly cases: number;
  readonly failure: FuzzFailure | null;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const secondsSince = (began: number): number => (performance.now() - began) / 1000;

/** The seed of a session says which kind it is. */
const kindOf = (seed: number, only: FuzzKind | undefined): FuzzKind =>
  only ?? FUZZ_KINDS[seed % FUZZ_KINDS.length]!;

const runSessions = async (bench: Bench, flags: Flags, progress: Progress): Promise<Report> => {
  const { minutes, only, sessions: most = Infinity } = flags;
  const first = flags.seed ?? randomInt(SEEDS);
  const began = performance.now();
  let [sessions, cases] = [0, 0];
  let failure: FuzzFailure | undefined;
  while (failure === undefined && sessions < most) {
    if (flags.sessions === undefined && secondsSince(began) > minutes * 60) break;
    const seed = (first + sessions) % SEEDS;
    const onWrong = (of: number, wrong: string): void => progress.wrong(of, wrong);
    const options = { bench, kind: kindOf(seed, only), seed, onWrong };
    const end = await fuzzSession({ ...options, casesMax: CASES_MAX, shrinksMax: SHRINKS_MAX });
    sessions += 1;
    cases += end.cases;
    failure = end.failure;
    progress.tell(secondsSince(began), sessions, cases);
  }
  const seconds = Math.round(secondsSince(began));
  return { seed: first, seconds, sessions, cases, failure: failure ?? null };
};

const repeatOf = ({ seed }: FuzzFailure, { only }: Flags): string =>
  `npm run fuzz -- --seed ${seed} --sessions 1${only === undefined ? '' : ` --only ${only}`}`;

const tell = (report: Report, flags: Flags): void => {
  const { seed, seconds, sessions, cases, failure } = report;
  if (flags.json === true) return print(JSON.stringify(report));
  if (failure !== null) {
    print(`WRONG: ${failure.wrong}`);
    print(`\nMade as small as it got:\n${JSON.stringify(failure.plan, null, 2)}`);
    print(`\nOnce more: ${repeatOf(failure, flags)}`);
  }
  const found = failure === null ? 'nothing was wrong' : '1 was wrong';
  return print(`${cases} cases in ${sessions} sessions from seed ${seed}, ${seconds} s: ${found}`);
};

const run = async (flags: Flags): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'heirloom-fuzz-'));
  const progress = showProgress(process.stderr, flags.minutes * 60);
  try {
    const report = await runSessions(await makeBench(ROOT, directory), flags, progress);
    progress.stop();
    tell(report, flags);
    if (report.failure !== null) process.exitCode = 1;
  } finally {
    progress.stop();
    await rm(directory, { recursive: true, force: true });
  }
};

const number =
  (least: number, isWhole: boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (value >= least && (!isWhole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`a ${isWhole ? 'whole ' : ''}number from ${least} on`);
  };

const DESCRIPTION =
  'Random errors, parser bombs, native callbacks and frames of workers, in sessions: the same ' +
  'cases on two kernels that differ in threads or processes, collection, paging and restarts. No ' +
  'host may stop, no hash may differ, both stores must verify. A session is its seed; one that ' +
  'fails is made smaller. Exit status 1 if one has failed.';

const program = new Command('fuzz')
  .description(DESCRIPTION)
  .option('--minutes <n>', 'how long', number(0, false), 30)
  .option('--seed <n>', 'of the first session; those after it count on', number(0, true))
  .option('--sessions <n>', 'how many, however long it takes', number(1, true))
  .addOption(new Option('--only <kind>', 'cases of one kind').choices([...FUZZ_KINDS]))
  .option('--json', 'print one JSON object')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
program.action((flags: Flags) => run(flags));
await program.parseAsync();
