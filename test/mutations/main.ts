/**
 * `npm run mutations`: makes every mutant, and runs the tests that are to notice it.
 *
 * Exit codes: 0 every mutant was caught; 1 one was not, did not build, or is none any more; 2 the
 * arguments are wrong.
 */
import { fileURLToPath } from 'node:url';
import CliTable from 'cli-table3';
import { Command } from 'commander';
import { killRunning } from './commands.js';
import { MUTATIONS, type Mutation } from './mutations.js';
import { showProgress, type Progress } from './progress.js';
import { Scratch } from './scratch.js';
import { runSuite, type SuiteEnd } from './suite.js';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

const MINUTE_MS = 60_000;
/** Longer than any test of the named files may take by its own limits. */
const NAMED_TIMEOUT_MS = 20 * MINUTE_MS;
const ALL_TIMEOUT_MS = 90 * MINUTE_MS;

interface Flags {
  readonly only?: readonly string[];
  readonly script: string;
  readonly project?: string;
  readonly namedOnly?: true;
  readonly list?: true;
  readonly json?: true;
}

type Outcome =
  | 'caught'
  /** By a limit of time of the test. */
  | 'caught by a timeout'
  | 'slipped'
  /** Ended by our own guard: no test has noticed. */
  | 'hung'
  | 'did not build'
  | 'text not found';

interface Result {
  readonly id: string;
  readonly rule: string;
  readonly file: string;
  readonly breaks: string;
  readonly outcome: Outcome;
  /** Only the whole suite has noticed, not the named files. */
  readonly byAll: boolean;
  readonly testFile: string | null;
  readonly test: string | null;
  readonly seconds: number;
}

const isCaught = ({ outcome }: Result): boolean => outcome.startsWith('caught');

interface Verdict {
  readonly end: SuiteEnd;
  readonly byAll: boolean;
}

const runTests = async (
  scratch: Scratch,
  tests: readonly string[],
  flags: Flags,
): Promise<Verdict> => {
  const { script, project, namedOnly } = flags;
  const only = project === undefined ? [] : [`--project=${project}`];
  const named = { scratch, script, args: [...only, ...tests], timeoutMs: NAMED_TIMEOUT_MS };
  const first = await runSuite(named);
  if (first.type !== 'passed' || namedOnly === true) return { end: first, byAll: false };
  const all = { scratch, script, args: only, timeoutMs: ALL_TIMEOUT_MS };
  return { end: await runSuite(all), byAll: true };
};

const outcomeOf = ({ end }: Verdict): Outcome => {
  switch (end.type) {
    case 'passed':
      return 'slipped';
    case 'hung':
      return 'hung';
    case 'failed':
      return end.failure.isTimeout ? 'caught by a timeout' : 'caught';
    default:
      throw TypeError(`unknown end ${String(end satisfies never)}`);
  }
};

const tryMutation = async (
  scratch: Scratch,
  mutation: Mutation,
  flags: Flags,
): Promise<Omit<Result, 'id' | 'rule' | 'file' | 'breaks' | 'seconds'>> => {
  const nothing = { byAll: false, testFile: null, test: null };
  if (!scratch.apply(mutation)) return { outcome: 'text not found', ...nothing };
  try {
    if ((await scratch.build()) !== undefined) return { outcome: 'did not build', ...nothing };
    const verdict = await runTests(scratch, mutation.tests, flags);
    const failure = verdict.end.type === 'failed' ? verdict.end.failure : undefined;
    const by = { testFile: failure?.file ?? null, test: failure?.title ?? null };
    return { outcome: outcomeOf(verdict), byAll: verdict.byAll, ...by };
  } finally {
    scratch.restore();
  }
};

const tryAll = async (
  scratch: Scratch,
  mutations: readonly Mutation[],
  flags: Flags,
  progress: Progress,
): Promise<Result[]> => {
  const problem = await scratch.build();
  if (problem !== undefined) throw Error(`the sources as they are do not build:\n${problem}`);
  const results: Result[] = [];
  for (const mutation of mutations) {
    const { id, rule, file, breaks } = mutation;
    progress.begin(id);
    const began = performance.now();
    const outcome = await tryMutation(scratch, mutation, flags);
    const seconds = Math.round((performance.now() - began) / 1000);
    const result = { id, rule, file, breaks, ...outcome, seconds };
    results.push(result);
    progress.end(id, `${result.outcome}, ${seconds} s: ${result.test ?? breaks}`);
  }
  return results;
};

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const table = new CliTable({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colWidths: head.map(name => WIDTHS[name] ?? null),
    wordWrap: true,
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
};
const WIDTHS: Readonly<Record<string, number>> = { breaks: 60, 'first noticed by': 70 };

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const printList = (mutations: readonly Mutation[], { json }: Flags): void => {
  if (json === true) return print(JSON.stringify({ mutations }));
  const rows = mutations.map(({ id, file, breaks }) => [id, file, breaks]);
  return print(tableOf(['id', 'file', 'breaks'], rows));
};

const printResults = (results: readonly Result[], { json }: Flags): void => {
  if (json === true) return print(JSON.stringify({ results }));
  const rows = results.map(({ id, breaks, outcome, byAll, testFile, test, seconds }) => [
    id,
    breaks,
    outcome,
    test === null ? '' : `${byAll ? '(whole suite) ' : ''}${testFile}: ${test}`,
    `${seconds} s`,
  ]);
  print(tableOf(['id', 'breaks', 'outcome', 'first noticed by', 'time'], rows));
  const missed = results.filter(result => !isCaught(result)).map(({ id }) => id);
  const said = missed.length === 0 ? '' : `; not caught: ${missed.join(', ')}`;
  print(`${results.length - missed.length} of ${results.length} caught${said}`);
};

const chosen = (only: readonly string[] | undefined, program: Command): readonly Mutation[] => {
  if (only === undefined) return MUTATIONS;
  const unknown = only.filter(name => !MUTATIONS.some(({ id, rule }) => [id, rule].includes(name)));
  if (unknown.length > 0) program.error(`no mutation or rule ${unknown.join(', ')}: see --list`);
  return MUTATIONS.filter(({ id, rule }) => only.includes(id) || only.includes(rule));
};

/** Whatever ends this process, nothing that it started is left behind. */
const cleanUpAtExit = (scratch: Scratch): void => {
  process.on('exit', () => {
    killRunning();
    scratch.remove();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(130));
  }
};

const run = async (flags: Flags, program: Command): Promise<void> => {
  const mutations = chosen(flags.only, program);
  if (flags.list === true) return printList(mutations, flags);
  const scratch = new Scratch(CHECKOUT);
  cleanUpAtExit(scratch);
  const progress = showProgress(process.stderr, mutations.length);
  const trying = tryAll(scratch, mutations, flags, progress);
  const results = await trying.finally(() => progress.stop());
  printResults(results, flags);
  if (!results.every(isCaught)) process.exitCode = 1;
};

const DESCRIPTION =
  'Breaks the product at one place after another, in a copy of the repository, and runs the ' +
  'tests that are to notice: first the named files, then, if they pass, all. Takes an hour or ' +
  'more; --only takes minutes. Exit status 1 if a mutant is not caught.';

const program = new Command('mutations')
  .description(DESCRIPTION)
  .option('--only <ids>', 'these alone: ids or rules, separated by commas', ids => ids.split(','))
  .option('--script <name>', 'the npm script that runs the tests', 'test')
  .option('--project <name>', 'only this project of vitest')
  .option('--named-only', 'do not run the whole suite where the named files pass')
  .option('--list', 'only say which mutations there are')
  .option('--json', 'print one JSON object instead of tables')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
program.action((flags: Flags) => run(flags, program));
await program.parseAsync();
