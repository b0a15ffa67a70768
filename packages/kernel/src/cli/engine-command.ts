/**
 * `heirloom engine [DIR]`: what this Node shows to vat code, and whether it may open a store. Exit
 * status 1 when it may not, and when what is compared differs.
 */
import { readFileSync } from 'node:fs';
import { isObservations } from '@heirloom/worker';
import type { Command } from 'commander';
import { KernelError } from '../base/kernel-errors.js';
import {
  compareEngines,
  reportEngine,
  type EngineReport,
} from '../inspect/engine-report.js';
import { factsOf, print, shorten, tableOf } from './output.js';
import { makeProgress, silentProgress } from './progress.js';

interface Flags {
  readonly whole?: true;
  readonly compare?: string;
  readonly json?: true;
}

/** What is compared, and the names of the observations that differ. */
interface Comparison {
  readonly with: string;
  readonly differing: readonly string[];
}

const isReport = (value: unknown): value is EngineReport =>
  typeof value === 'object' && value !== null && 'imageId' in value && 'whole' in value &&
  'build' in value && 'observations' in value && isObservations(value.observations);

/** Errors: KernelError BAD_ARGUMENT unless the file is what the command has printed elsewhere. */
const readReport = (file: string): EngineReport => {
  try {
    const report: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isReport(report)) return report;
  } catch (error) {
    throw new KernelError('BAD_ARGUMENT', `${file} cannot be read: ${String(error)}`);
  }
  const rule = 'a file that `heirloom engine --json` has written, under another Node';
  throw new KernelError('BAD_ARGUMENT', `${file} is no report of an engine: ${rule}`);
};

const compare = (ours: EngineReport, file: string): Comparison => {
  const theirs = readReport(file);
  return { with: theirs.build, differing: compareEngines(ours, theirs) };
};

const listed = (names: readonly string[]): string => names.join('\n') || 'nothing';

const describe = (report: EngineReport, comparison: Comparison | undefined): string[] => {
  const { build, imageId, whole, observations, store } = report;
  const facts: [string, string | boolean][] = [
    ['engine', build.replaceAll(', ', '\n')],
    ['image that looks', shorten(imageId)],
    ['observations', whole ? 'all' : 'the quick choice'],
  ];
  if (store !== null) {
    facts.push(['this engine may open the store', store.fits]);
    if (store.why !== null) facts.push(['why not', store.why.replaceAll('; ', ';\n')]);
    facts.push(['differs from what the store needs', listed(store.differing)]);
  }
  if (comparison !== undefined) {
    facts.push(['compared with', comparison.with.replaceAll(', ', '\n')]);
    facts.push(['differs', listed(comparison.differing)]);
  }
  const rows = observations?.map(([name, digest]) => [name, digest]) ?? [];
  const isAsked = store === null && comparison === undefined;
  return [factsOf(facts), ...(isAsked ? [tableOf(['observation', 'digest'], rows)] : [])];
};

const run = async (directory: string | undefined, flags: Flags): Promise<void> => {
  const { whole = false, json, compare: file } = flags;
  const bar = json === true ? silentProgress : makeProgress(process.stderr);
  const progress = (made: number): void => bar.show('observations', made, made);
  const options = { whole, progress, ...(directory === undefined ? {} : { directory }) };
  const report = await reportEngine(options).finally(() => bar.stop());
  const comparison = file === undefined ? undefined : compare(report, file);
  if (json === true) print(JSON.stringify({ ...report, comparison: comparison ?? null }));
  else for (const text of describe(report, comparison)) print(text);
  const isAlike = comparison === undefined || comparison.differing.length === 0;
  if (report.store?.fits === false || !isAlike) process.exitCode = 1;
};

const DESCRIPTION =
  'Looks at what the engine of this Node shows to vat code: numbers, Unicode, texts of errors, ' +
  'orders, built-ins. With a store, whether a kernel may open it under this Node, and what ' +
  'differs. Changes nothing. Exit status 1 when it may not, or when what is compared differs.';

export const addEngineCommand = (program: Command): void => {
  program
    .command('engine')
    .summary('what this Node shows to vat code; may it open a store?')
    .description(DESCRIPTION)
    .argument('[directory]', 'a store, whose image looks; default: the image of this release')
    .option('--whole', 'look at everything, which takes up to 20 s; default: a quick choice')
    .option('--compare <file>', 'what --json has printed under another Node, by the same image')
    .option('--json', 'print one JSON object instead of tables')
    .action(run);
};
