/**
 * `heirloom verify`: pages, rows, replay, audit, in a process of its own. Exit status 1 when not
 * all is well.
 */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { StoreVerification, VerifyPhase } from '../verify/verification.js';
import { verifyStore } from '../verify/verify-store.js';
import { integerFrom } from './integers.js';
import { factsOf, print, showBytes, tableOf } from './output.js';
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

/** Of each kind, as many lines of text as somebody reads; `--json` has all that were kept. */
const LINES_MAX = 40;
const KEY_CHARS_SHOWN = 64;

const shortKey = (key: string): string =>
  key.length > KEY_CHARS_SHOWN ? `${key.slice(0, KEY_CHARS_SHOWN)}...` : key;

const damageLines = ({ damage }: StoreVerification): string[] =>
  damage.slice(0, LINES_MAX).map(({ table, key, why }) => {
    const where = table === null ? '' : `table ${table}`;
    const row = key === null ? '' : `, key ${shortKey(key)}`;
    return `damaged: ${where}${row}${where === '' ? '' : ': '}${why}`;
  });

const describe = (report: StoreVerification): string[] => {
  const { height, blockHash, pages, tables, damage, vats, audit } = report;
  const damagedIn = (table: string): number => damage.filter(it => it.table === table).length;
  const rows = tableOf(
    ['table', 'rows', 'size', 'without checksum', 'damaged'],
    tables.map(({ table, rows: count, bytes, withoutSum }) => [
      table,
      count,
      showBytes(bytes),
      withoutSum,
      damagedIn(table),
    ]),
  );
  const replays = tableOf(
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
  const findings = audit.findings.slice(0, LINES_MAX).map(({ rule, text }) => `${rule}: ${text}`);
  const unseen = height === null ? 'not looked at' : undefined;
  const facts = factsOf([
    ['height', height ?? 'not known'],
    ['block hash', blockHash ?? 'not known'],
    ['pages', pages],
    ['damaged', damage.length],
    ['tables', unseen ?? (audit.ok ? 'ok' : `${audit.findingCount} findings`)],
    ['state root', unseen ?? ROOTS[`${report.rootOk}`]],
    ['all well', report.ok ? 'yes' : 'NO'],
    ['ms', report.milliseconds],
  ]);
  const seen = tables.length === 0 ? [] : [rows];
  const replayed = vats.length === 0 ? [] : [replays];
  const told = [...damageLines(report), ...report.warnings.map(text => `warning: ${text}`)];
  return [...seen, ...told, ...replayed, ...reasons, ...findings, facts];
};

const run = async (directory: string, { json, vat, threads }: Flags): Promise<void> => {
  const bar = json === true ? silentProgress : makeProgress(process.stderr);
  const progress = (done: number, total: number, phase: VerifyPhase): void =>
    bar.show(phase, done, total);
  const chosen = vat === undefined ? {} : { vat };
  const options = { directory, threads, progress, inProcess: true, ...chosen };
  const report = await verifyStore(options).finally(() => bar.stop());
  if (json === true) print(JSON.stringify(report));
  else for (const text of describe(report)) print(text);
  if (!report.ok) process.exitCode = 1;
};

const DESCRIPTION =
  'Looks at every page and row of a store, replays the transcript of every vat and compares each ' +
  'crank, and audits the tables of the kernel. No kernel may have the store open. Writes ' +
  'nothing. Exit status 1 when a vat diverges, or a table is wrong or damaged.';

export const addVerifyCommand = (program: Command): void => {
  program
    .command('verify')
    .summary('look at every row, replay every vat, audit the tables')
    .description(DESCRIPTION)
    .argument('<directory>', 'the store')
    .option('--vat <name>', 'only this vat, by name or id')
    .option('--threads <count>', 'vats at a time', integerFrom(1), availableParallelism())
    .option('--json', 'print one JSON object instead of tables')
    .action(run);
};
