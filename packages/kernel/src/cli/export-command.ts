/** `heirloom export DIR --to OUT`: the state of the newest block, for another replica. */
import type { Command } from 'commander';
import { exportState } from '../state-sync/export-state.js';
import type { StateManifest } from '../state-sync/manifest.js';
import { factsOf, print, showBytes } from './output.js';
import { makeProgress, silentProgress } from './progress.js';

interface Flags {
  readonly to: string;
  readonly json?: true;
}

const describe = ({ height, blockHash, stateRoot, ...rest }: StateManifest): string =>
  factsOf([
    ['height', height],
    ['block hash', blockHash],
    ['state root', stateRoot],
    ['the hash contains the root', rest.plainHash !== null],
    ['chunks', rest.chunks.length],
    ['rows', rest.rows],
    ['size', showBytes(rest.bytes)],
  ]);

const run = async (directory: string, { to, json }: Flags): Promise<void> => {
  const bar = json === true ? silentProgress : makeProgress(process.stderr);
  const progress = (done: number, total: number): void => bar.show('rows', done, total);
  const manifest = await exportState({ directory, to, progress }).finally(() => bar.stop());
  const { chunks, ...summary } = manifest;
  if (json === true) print(JSON.stringify({ ...summary, chunks: chunks.length }));
  else print(describe(manifest));
};

const DESCRIPTION =
  'Writes the state of the newest block as chunks and a manifest, whether a kernel has the store ' +
  'open or not. The directory appears when it is complete. Prints the state root and the block ' +
  'hash: give one that you trust to `heirloom import`.';

export const addExportCommand = (program: Command): void => {
  program
    .command('export')
    .summary('write the state of the newest block, for another replica')
    .description(DESCRIPTION)
    .argument('<directory>', 'the store')
    .requiredOption('--to <out>', 'a directory that is empty or does not exist yet')
    .option('--json', 'print one JSON object instead of a table')
    .action(run);
};
