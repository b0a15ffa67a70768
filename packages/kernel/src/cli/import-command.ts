/** `heirloom import OUT DIR`: a store of an exported state, checked against what is trusted. */
import type { Command } from 'commander';
import { importState, type ImportReport } from '../state-sync/import-state.js';
import { factsOf, print, showBytes } from './output.js';
import { makeProgress, silentProgress } from './progress.js';

interface Flags {
  readonly root?: string;
  readonly hash?: string;
  readonly json?: true;
}

const trusted = (is: boolean): string => (is ? 'yes' : 'NO: as the exporter says');

const describe = (report: ImportReport): string =>
  factsOf([
    ['height', report.height],
    ['block hash', report.blockHash],
    ['  verified', trusted(report.hashVerified)],
    ['state root', report.stateRoot],
    ['  verified', trusted(report.stateVerified)],
    ['chunks', report.chunks],
    ['rows', report.rows],
    ['size', showBytes(report.bytes)],
    ['this engine may open it', report.engineFits ?? 'not known: its image is not trusted'],
  ]);

const WARNING =
  'heirloom: UNVERIFIED: nothing that you trust was given (--hash, --root): the chunks fit ' +
  'together, and that is all that is known of them.\n';

const run = async (from: string, directory: string, flags: Flags): Promise<void> => {
  const { json, ...trust } = flags;
  const bar = json === true ? silentProgress : makeProgress(process.stderr);
  const progress = (done: number, total: number): void => bar.show('rows', done, total);
  const options = { from, directory, progress, ...trust };
  const report = await importState(options).finally(() => bar.stop());
  if (!report.stateVerified) process.stderr.write(WARNING);
  print(json === true ? JSON.stringify(report) : describe(report));
};

const DESCRIPTION =
  'Makes a store of what `heirloom export` wrote. Every chunk is checked against the manifest, ' +
  'the manifest against its state root, the root against what you trust. The store appears when ' +
  'all is checked; after an error there is none. The next blocks hash as on the exporter.';

export const addImportCommand = (program: Command): void => {
  program
    .command('import')
    .summary('make a store of an exported state')
    .description(DESCRIPTION)
    .argument('<out>', 'what `heirloom export` wrote')
    .argument('<directory>', 'the store: a directory that is empty or does not exist yet')
    .option('--hash <hex>', 'the block hash that you trust; alone it takes a sealed block')
    .option('--root <hex>', 'the state root that you trust')
    .option('--json', 'print one JSON object instead of a table')
    .action(run);
};
