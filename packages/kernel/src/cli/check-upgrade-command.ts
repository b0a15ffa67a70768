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
import { factsOf, print, showBytes, tableOf, warn } from './output.js';
import { overKernel } from './over-kernel.js';

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

const COLUMNS = 80;

/** In lines of at most 80 columns, those behind the first indented. */
const folded = (text: string): string => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
};

const SHOWN = { ok: 'succeed', warnings: 'succeed, with WARNINGS', refused: 'FAIL' } as const;

/** The subject, by which it can be accepted, stands behind each. */
const warningLines = ({ warnings, accepted, unneeded }: DryRunReport): string[] =>
  [
    ...warnings.map(({ code, text, subject }) => `${code}: ${text} [${subject}]`),
    ...accepted.map(({ code, subject }) => `accepted: ${code} [${subject}]`),
    ...unneeded.map(({ code, subject }) => `accepted, and no longer there: ${code} [${subject}]`),
  ].map(folded);

const describe = (name: string, report: DryRunReport): string[] => {
  const { kinds, errors, cost, migrations } = report;
  const { failed, fault } = migrations;
  const ends = fault === null ? '' : `; migrating would END THE VAT: ${fault}`;
  const sampled = `${migrations.sampled}, of which ${failed.length} would fail${ends}`;
  const fates = [
    ...kinds.bound.map(tag => [tag, 'defined again']),
    ...kinds.unbound.map(tag => [tag, 'NOT defined again']),
    ...kinds.dismissed.map(tag => [tag, 'dismissed']),
    ...kinds.added.map(tag => [tag, 'new']),
  ];
  const facts = factsOf([
    ['vat', `${name} (${report.vatId})`],
    ['the upgrade would', SHOWN[report.verdict]],
    ['incarnation', report.incarnationNumber],
    ['exports that would be abandoned', report.exportsAbandoned],
    ['named exports that would be abandoned', report.abandonedNames.join(', ') || 'none'],
    ['promises that would be rejected', report.promisesRejected],
    ['states to be migrated, of those looked at', sampled],
    ['start', `${cost.milliseconds.toFixed(1)} ms`],
    ['rows written', cost.rowsWritten],
    ['syscalls', cost.syscalls],
    ['crank', showBytes(cost.bytes)],
  ]);
  const tables = fates.length > 0 ? [tableOf(['durable kind', 'what becomes of it'], fates)] : [];
  const raised = migrations.kinds.map(({ kind, from, to }) => `${kind}: version ${from} to ${to}`);
  const stuck = failed.map(({ kind, instance, reason }) => `${kind} ${instance}: ${reason}`);
  const reasons = errors.map(error => `why it would fail: ${error}`);
  const examples =
    report.abandonedExamples.length > 0
      ? [`abandoned: ${report.abandonedExamples.join(', ')}`]
      : [];
  const traces = report.trace === undefined ? [] : [report.trace];
  const details = [...raised, ...stuck, ...examples, ...reasons, ...traces];
  return [...warningLines(report), facts, ...tables, ...details];
};

const run = async (
  directory: string,
  name: string,
  path: string,
  { accept: given, compare, json, parameters, strict }: Flags,
): Promise<void> => {
  const told =
    typeof parameters === 'string'
      ? { vatParameters: parsed('--parameters', parameters) }
      : { presentParameters: parameters !== false };
  const bundle = await readBundle(path);
  if (inspectDirectory(directory) !== 'store') {
    throw new HostError('NOT_A_STORE', `${directory} holds no store.`);
  }
  // Its own worker is enough: nothing is delivered to any other vat.
  const options = { directory, blocks: 'host', maxVatsOnline: 1, spareThreads: 0 } as const;
  const open = (signal: AbortSignal): Promise<Kernel> => openKernel({ ...options, signal });
  const work = async (kernel: Kernel): Promise<void> => {
    const { vatId, name: known } = kernel.vat(name);
    const file = given === false ? undefined : (given ?? acceptFileBeside(path));
    const accept = file === undefined ? [] : await readAcceptFile(file, known);
    const report = await kernel.checkUpgrade(vatId, { bundle, compare, accept, ...told });
    if (json === true) print(JSON.stringify(report));
    else for (const text of describe(known, report)) print(text);
    const { verdict } = report;
    if (verdict === 'refused') process.exitCode = 1;
    if (verdict === 'warnings' && strict === true) process.exitCode = 3;
  };
  await overKernel({ open, work });
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
    .option('--json', 'print one JSON object instead of tables')
    .action(run);
};
