/** Runs tests in a copy of the repository, and says which was the first to fail. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runCommand } from './commands.js';
import type { Scratch } from './scratch.js';

interface SuiteOptions {
  readonly scratch: Pick<Scratch, 'directory' | 'environment'>;
  /** The npm script that runs vitest. */
  readonly script: string;
  /** Arguments for vitest besides ours: filters among them. */
  readonly args: readonly string[];
  readonly timeoutMs: number;
}

/** The first test that failed. */
interface Failure {
  readonly file: string;
  /** Of the test, or what failed outside of any. */
  readonly title: string;
  /** It was the test's own limit of time that it ran into. */
  readonly isTimeout: boolean;
}

export type SuiteEnd =
  | { readonly type: 'passed' }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** No test has noticed that nothing goes on: our own guard has. */
  | { readonly type: 'hung' };

interface JsonTest {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

interface JsonFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly JsonTest[];
}

const REPORT = 'mutant-report.json';
/** Vitest's own limit of time: of a test, its report has the stack alone, without the message. */
const TIMED_OUT = /timed out in \d+ ?ms|STACK_TRACE_ERROR/;
const TITLE_CHARS_MAX = 200;
/** Of one test, in place of vitest.config.ts's: a busy machine must not pass for a mutant. */
const TEST_TIMEOUT_MS = 240_000;

const firstLine = (text: string): string =>
  (text.trim().split('\n')[0] ?? '').slice(0, TITLE_CHARS_MAX);

const failureIn = (directory: string, { name, message, assertionResults }: JsonFile): Failure => {
  const file = relative(directory, name);
  const test = assertionResults.find(({ status }) => status === 'failed');
  // A hook of the file, or the file itself.
  if (test === undefined) {
    return { file, title: firstLine(message), isTimeout: TIMED_OUT.test(message) };
  }
  const { fullName, failureMessages } = test;
  return { file, title: fullName.trim(), isTimeout: TIMED_OUT.test(failureMessages[0] ?? '') };
};

const readFailure = (directory: string, output: string): Failure => {
  const report = join(directory, REPORT);
  const files = existsSync(report)
    ? (JSON.parse(readFileSync(report, 'utf8')) as { testResults: JsonFile[] }).testResults
    : [];
  const failed = files.find(({ status }) => status === 'failed');
  if (failed !== undefined) return failureIn(directory, failed);
  // An error that belongs to no test: vitest says it behind everything else.
  const lines = output.split('\n').filter(line => /error/i.test(line));
  const title = firstLine(lines[0] ?? output.slice(-TITLE_CHARS_MAX));
  return { file: '', title, isTimeout: false };
};

/** Runs the tests until one fails. */
export const runSuite = async (options: SuiteOptions): Promise<SuiteEnd> => {
  const { scratch, script, args, timeoutMs } = options;
  const { directory, environment } = scratch;
  rmSync(join(directory, REPORT), { force: true });
  const reporters = ['--reporter=json', `--outputFile=${REPORT}`];
  // The build is there: no `pretest`.
  const limits = ['--bail=1', `--testTimeout=${TEST_TIMEOUT_MS}`];
  const npm = ['run', script, '--ignore-scripts', '--', ...limits, ...reporters, ...args];
  const { status, isHung, output } = await runCommand(
    { command: 'npm', args: npm, directory, environment },
    timeoutMs,
  );
  if (isHung) return { type: 'hung' };
  if (status === 0) return { type: 'passed' };
  return { type: 'failed', failure: readFailure(directory, output) };
};
