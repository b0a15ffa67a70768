/** `heirloom check-upgrade DIR VAT BUNDLE`: a dry run. Exit status 1 if the upgrade would fail. */
import { readFile } from 'node:fs/promises';
import { inspectDirectory } from '@heirloom/store';
import type { Command } from 'commander';
import { HostError, KernelError } from '../base/kernel-errors.js';
import { bundleVat } from '../code/bundle-vat.js';
import type { VatBundle } from '../code/bundle.js';
import { openKernel, type Kernel } from '../kernel.js';
import type { DryRunReport } from '../lifecycle/dry-run.js';
import { ACCEPT_FILE, acceptFileBeside, readAcceptFile } from './accept-file.js';
import { reportLines } from './check-upgrade-report.js';
import { print, warn } from './output.js';
import { overKernel } from './over-kernel.js';
import { makeProgress, silentProgress } from './progress.js';

interface Flags {
  readonly json?: true;
  readonly compare: boolean;
  readonly strict?: true;
  /** False: none. */
  readonly parameters?: string | false;
  /** Of a file; false: none. */
  readonly accept?: string | false;
}

const parsed = (what: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KernelError('BAD_ARGUMENT', `${what} is no JSON: ${String(error)}`);
  }
};

/** A bundle that was written as JSON, or the entry module of a vat, bundled now. */
const readBundle = async (path: string): Promise<VatBundle> => {
  if (!path.endsWith('.json')) return bundleVat(path, { warn });
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new KernelError('BAD_BUNDLE', `cannot read ${path}: ${String(error)}`);
  });
  return parsed(path, text) as VatBundle;
};

/** What goes on, in order, for who waits. */
const PHASES = {
  'reading the bundle': 0,
  'opening the store': 1,
  'trying the upgrade': 2,
} as const;
const PHASES_END = 3;

interface Tried {
  /** Of the vat. */
  readonly name: string;
  readonly report: DryRunReport;
}

const tryUpgrade = async (
  directory: string,
  name: string,
  path: string,
  { accept: acceptGiven, compare, parameters }: Flags,
  begin: (phase: keyof typeof PHASES) => void,
): Promise<Tried> => {
  const given =
    typeof parameters === 'string'
      ? { vatParameters: parsed('--parameters', parameters) }
      : { presentParameters: parameters !== false };
  begin('reading the bundle');
  const bundle = await readBundle(path);
  if (inspectDirectory(directory) !== 'store') {
    throw new HostError('NOT_A_STORE', `${directory} holds no store.`);
  }
  // Its own worker is enough: nothing is delivered to any other vat.
  const options = { directory, blocks: 'host', maxVatsOnline: 1, spareThreads: 0 } as const;
  const open = (signal: AbortSignal): Promise<Kernel> => openKernel({ ...options, signal });
  const work = async (kernel: Kernel): Promise<Tried> => {
    begin('trying the upgrade');
    const { vatId, name: known } = kernel.vat(name);
    const file = acceptGiven === false ? undefined : (acceptGiven ?? acceptFileBeside(path));
    const accept = file === undefined ? [] : await readAcceptFile(file, known);
    const report = await kernel.checkUpgrade(vatId, { bundle, compare, accept, ...given });
    return { name: known, report };
  };
  begin('opening the store');
  return overKernel({ open, work });
};

const run = async (
  directory: string,
  vat: string,
  path: string,
  flags: Flags,
): Promise<void> => {
  const { json, strict } = flags;
  const bar = json === true ? silentProgress : makeProgress(process.stderr);
  const begin = (phase: keyof typeof PHASES): void => bar.show(phase, PHASES[phase], PHASES_END);
  const trying = tryUpgrade(directory, vat, path, flags, begin);
  const { name, report } = await trying.finally(() => bar.stop());
  print(json === true ? JSON.stringify(report) : reportLines(name, report).join('\n'));
  const { verdict } = report;
  if (verdict === 'refused') process.exitCode = 1;
  if (verdict === 'warnings' && strict === true) process.exitCode = 3;
};

const DESCRIPTION =
  'Tries an upgrade of a vat on the data of a store, in a thread of its own, and writes nothing: ' +
  'which durable kinds would be defined again, which exports and promises would be lost, what it ' +
  'costs, what it is likely to break, and why it would fail. No kernel may have the store open; ' +
  'for one that runs there is kernel.checkUpgrade. Warnings that are known can be accepted, by ' +
  'code and by subject, which stands in brackets behind each, in a file beside the code: ' +
  '{"accept": [{"code": "...", "subject": "...", "why": "..."}]}. Exit status 1 when the upgrade ' +
  'would fail, 3 with --strict when there are warnings that are not accepted.';

export const addCheckUpgradeCommand = (program: Command): void => {
  program
    .command('check-upgrade')
    .summary('try an upgrade, write nothing')
    .description(DESCRIPTION)
    .argument('<directory>', 'the store')
    .argument('<vat>', 'the vat, by name or id')
    .argument('<bundle>', 'the new code: an entry module (.js, .ts) or a bundle (.json)')
    .option('--parameters <json>', 'vatParameters of the upgrade; default: those that the vat has')
    .option('--no-parameters', 'without vatParameters')
    .option('--no-compare', 'start the new code once, and not beside the present one')
    .option('--strict', 'exit status 3 when there are warnings that are not accepted')
    .option('--accept <file>', `accepted warnings; default: ${ACCEPT_FILE} beside the code`)
    .option('--no-accept', 'all warnings count')
    .option('--json', 'print one JSON object instead of text')
    .action(run);
};
