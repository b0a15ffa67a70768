/** `heirloom verify DIR`: replay, audit. Exit status 1 when not all is well. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { verifyStore, type StoreVerification } from '../verify/verify-store.js';
import { integerFrom } from './integers.js';
import { factsOf, print, tableOf } from './output.js';
import { makeProgress, silentProgress } from './progress.js';

interface Flags {
  readonly json?: true;
  readonly vat?: string;
  readonly threads: number;
}

const ROOTS = {
  true: 'as in the block hash',
  false: 'NOT the one in the block hash',
  null: 'the block hash contains none',
} as const;

const describe = ({ height, blockHash, vats, audit, ...rest }: StoreVerification): string[] => {
  const table = tableOf(
    ['vat', 'id', 'incarnation', 'positions', 'replay', 'diverged at', 'ms'],
    vats.map(vat => [
      vat.name,
      vat.vatId,
      vat.incarnation,
      vat.positions,
      vat.code ?? 'ok',
      vat.divergedAt ?? '',
      vat.milliseconds,
    ]),
  );
  const reasons = vats.filter(vat => !vat.ok).map(vat => `${vat.name}: ${vat.reason}`);
  const findings = audit.findings.map(({ rule, text }) => `${rule}: ${text}`);
  const facts = factsOf([
    ['height', height],
    ['block hash', blockHash],
    ['tables', audit.ok ? 'ok' : `${audit.findingCount} findings`],
    ['state root', ROOTS[`${rest.rootOk}`]],
    ['all well', rest.ok ? 'yes' : 'NO'],
    ['ms', rest.milliseconds],
  ]);
  return [table, ...reasons, ...findings, facts];
};

const run = async (directory: string, { json, vat, threads }: Flags): Promise<void> => {
  const bar = json === true ? silentProgress : makeProgress(process.stderr);
  const progress = (done: number, total: number): void => bar.show('vats', done, total);
  const options = { directory, threads, progress, ...(vat === undefined ? {} : { vat }) };
  const report = await verifyStore(options).finally(() => bar.stop());
  if (json === true) print(JSON.stringify(report));
  else for (const text of describe(report)) print(text);
  if (!report.ok) process.exitCode = 1;
};

const DESCRIPTION =
  'Replays the transcript of every vat and compares each crank, and audits the tables of the ' +
  'kernel. No kernel may have the store open. Writes nothing. Exit status 1 when a vat diverges ' +
  'or a table is wrong.';

export const addVerifyCommand = (program: Command): void => {
  program
    .command('verify')
    .summary('replay every vat, audit the tables')
    .description(DESCRIPTION)
    .argument('<directory>', 'the store')
    .option('--vat <name>', 'only this vat, by name or id')
    .option('--threads <count>', 'vats at a time', integerFrom(1), availableParallelism())
    .option('--json', 'print one JSON object instead of tables')
    .action(run);
};
