/** `heirloom purses`: the main job on the command line. Exit status 1 when anything is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import CliTable from 'cli-table3';
import type { Command } from 'commander';
import { integerFrom } from './integers.js';
import { makeProgress, silentProgress } from './progress.js';
import { runPurses, type PursesReport } from './purses-job.js';

interface Flags {
  readonly purses: number;
  readonly deposits: number;
  readonly upgrades: number;
  readonly seed: number;
  readonly directory?: string;
  readonly json?: true;
}

/** A store that has got other options before, or fewer deposits than upgrades, has others. */
const upgradesOf = ({ incarnation, upgradesAsked }: PursesReport): string =>
  `${incarnation}${incarnation === upgradesAsked ? '' : `, of ${upgradesAsked} asked for`}`;

const describe = (report: PursesReport): string => {
  const { upgradeMs } = report;
  const rows: readonly (readonly [string, string | number])[] = [
    ['purses', report.purses],
    ['deposits sent', report.deposits],
    ['  fulfilled', report.fulfilled],
    ['  rejected by an upgrade', report.rejectedByUpgrade],
    ['  lost', report.lost],
    ['every purse holds what it must', report.conserved ? 'yes' : 'NO'],
    ['deposits per second', report.depositsPerSecond],
    ['upgrades of the bank', upgradesOf(report)],
    ['  without code, ms (p50, p99)', `${upgradeMs.p50}, ${upgradeMs.p99}`],
    ['anonymous memory, MiB', report.rssMiB],
    ['mapped files, MiB', report.mappedMiB],
    ['block hash', report.blockHash],
  ];
  const table = new CliTable({ style: { head: [], border: [] } });
  for (const [name, value] of rows) table.push([name, String(value)]);
  return table.toString();
};

const print = (report: PursesReport, json: boolean): void => {
  process.stdout.write(`${json ? JSON.stringify(report) : describe(report)}\n`);
  if (report.lost !== 0 || !report.conserved) process.exitCode = 1;
};

const run = async (flags: Flags): Promise<void> => {
  const { directory, json, ...options } = flags;
  const made = directory ?? (await mkdtemp(join(tmpdir(), 'heirloom-purses-')));
  const progress = json === true ? silentProgress : makeProgress(process.stderr);
  try {
    const report = await runPurses({ ...options, directory: made }, progress);
    print(report, json === true);
  } finally {
    if (directory === undefined) await rm(made, { recursive: true, force: true });
  }
};

const DESCRIPTION =
  'Mints purses in a bank vat, drives deposits from a driver vat, upgrades the bank while ' +
  'deposits are in flight, and audits every purse. Started again with a directory where it was ' +
  'killed, it goes on where the last block left it.';

export const addPursesCommand = (program: Command): void => {
  program
    .command('purses')
    .summary('mint purses, deposit, upgrade the bank in flight, audit')
    .description(DESCRIPTION)
    .option('--purses <count>', 'purses to mint', integerFrom(1), 10_000)
    .option('--deposits <count>', 'deposits to send', integerFrom(1), 100_000)
    .option('--upgrades <count>', 'upgrades of the bank on the way', integerFrom(0), 10)
    .option('--seed <number>', 'one seed is one run', integerFrom(0), 1)
    .option('--directory <path>', 'keep the store here (default: a temporary directory)')
    .option('--json', 'print one JSON object instead of a table')
    .action(run);
};
