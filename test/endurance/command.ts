/**
 * What the three commands have in common: a directory that is removed, but for what was wrong with
 * it, a seed that is printed, how far it is, one JSON object or text.
 *
 * Exit codes: 0 all held; 1 something did not, and is told with its seed; 2 the arguments are
 * wrong.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { showProgress } from './progress.js';

const SEEDS = 2 ** 31;

export interface CommonFlags {
  readonly seed?: number;
  readonly json?: true;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

export const number =
  (least: number, isWhole: boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (value >= least && (!isWhole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`a ${isWhole ? 'whole ' : ''}number from ${least} on`);
  };

export const commandOf = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .option('--seed <n>', 'one seed is one run of the model', number(0, true))
    .option('--json', 'print one JSON object')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

interface Run<R> {
  readonly name: string;
  /** Of what progress counts: `kills`. */
  readonly unit: string;
  readonly total: number;
  readonly flags: CommonFlags;
  readonly work: (given: {
    readonly directory: string;
    readonly seed: number;
    readonly progress: (done: number) => void;
  }) => Promise<R>;
  readonly tell: (report: R) => string;
}

const again = (name: string, seed: number): string =>
  `Once more: npm run ${name} -- --seed ${seed}`;

/** Runs to the end; what went wrong is printed with the seed, kept, and is exit status 1. */
export const runCommand = async <R>(run: Run<R>): Promise<R | undefined> => {
  const { name, unit, total, flags, work, tell } = run;
  const seed = flags.seed ?? randomInt(SEEDS);
  const directory = await mkdtemp(join(tmpdir(), `heirloom-${name.replace(':', '-')}-`));
  process.stderr.write(`seed ${seed}\n`);
  const progress = showProgress(process.stderr, unit, total);
  try {
    const report = await work({ directory, seed, progress: done => progress.tell(done) });
    progress.stop();
    print(flags.json === true ? JSON.stringify(report) : tell(report));
    await rm(directory, { recursive: true, force: true });
    return report;
  } catch (error) {
    progress.stop();
    const wrong = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.stack : '';
    if (flags.json === true) print(JSON.stringify({ seed, wrong, cause, directory }));
    else print(`WRONG: ${wrong}\n${cause}\n\nAs it was left: ${directory}\n${again(name, seed)}`);
    process.exitCode = 1;
    return undefined;
  }
};
