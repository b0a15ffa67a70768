/** `heirloom adopt-engine DIR`: a store goes on under this Node. Exit status 1 if it does not. */
import { inspectDirectory } from '@heirloom/store';
import type { Command } from 'commander';
import { HostError } from '../base/kernel-errors.js';
import type { EngineAdoption, EngineFinding } from '../host/engine-input.js';
import { openKernel, type Kernel } from '../kernel.js';
import { factsOf, print, tableOf } from './output.js';
import { overKernel } from './over-kernel.js';
import { makeProgress, silentProgress, type Progress } from './progress.js';

interface Flags {
  readonly dryRun?: true;
  readonly strand?: true;
  readonly json?: true;
}

interface Report {
  /** False: a dry run, or a vat would not start. */
  readonly adopted: boolean;
  /** What each vat makes of a start here; empty if none is needed. */
  readonly vats: readonly EngineFinding[];
  readonly adoption: EngineAdoption | null;
  readonly height: number;
  readonly blockHash: string;
}

const describe = ({ adopted, vats, adoption, height, blockHash }: Report): string[] => {
  const table = tableOf(
    ['vat', 'id', 'starts', 'exports abandoned', 'promises rejected', 'ms'],
    vats.map(({ name, vatId, ok, exportsAbandoned, promisesRejected, cost }) => [
      name,
      vatId,
      ok ? 'yes' : 'NO',
      exportsAbandoned,
      promisesRejected,
      cost.milliseconds.toFixed(1),
    ]),
  );
  const reasons = vats.flatMap(({ name, errors }) => errors.map(error => `${name}: ${error}`));
  const traces = vats.flatMap(({ trace }) => (trace === undefined ? [] : [trace]));
  const facts = factsOf([
    ['adopted', adopted ? 'yes' : 'no'],
    ['vats started anew', adoption?.restarted ?? 0],
    ['vats stranded', adoption?.strandedCount ?? 0],
    ['height', height],
    ['block hash', blockHash],
  ]);
  return [...(vats.length > 0 ? [table] : []), ...reasons, ...traces, facts];
};

/** One block, in which every vat has its turn and nothing else is done that could wait. */
const adopt = async (kernel: Kernel, progress: Progress): Promise<EngineAdoption> => {
  const adopting = kernel.adoptEngine();
  const total = kernel.vats().length;
  for (;;) {
    const left = kernel.vats().filter(({ stranded }) => stranded?.reason === null).length;
    progress.show('vats', total - left, total);
    if (left === 0) break;
    await kernel.run({ waves: 1 });
  }
  await kernel.commit();
  return adopting;
};

const run = async (directory: string, { dryRun, strand, json }: Flags): Promise<void> => {
  if (inspectDirectory(directory) !== 'store') {
    throw new HostError('NOT_A_STORE', `${directory} holds no store.`);
  }
  const progress = json === true ? silentProgress : makeProgress(process.stderr);
  const options = { directory, blocks: 'host', adoptEngine: true, spareThreads: 0 } as const;
  const open = (signal: AbortSignal): Promise<Kernel> => openKernel({ ...options, signal });
  const work = async (kernel: Kernel): Promise<void> => {
    const vats = kernel.engineFits ? [] : await kernel.adoptEngine({ dryRun: true });
    const fails = vats.some(({ ok }) => !ok);
    const goesOn = dryRun !== true && (strand === true || !fails);
    const adoption = goesOn ? await adopt(kernel, progress) : null;
    progress.stop();
    const { height, blockHash } = kernel;
    const report = { adopted: goesOn, vats, adoption, height, blockHash };
    if (json === true) print(JSON.stringify(report));
    else for (const text of describe(report)) print(text);
    if (fails) process.exitCode = 1;
    if (fails && !goesOn && dryRun !== true && json !== true) {
      print('Nothing was changed. Mend what fails, or leave such vats stranded: --strand.');
    }
  };
  await overKernel({ open, work }).finally(() => progress.stop());
};

const DESCRIPTION =
  'Has a store that was written under another Node go on under this one: every vat is started ' +
  'anew, with the code that it has, as one block. The starts are tried first; if one fails, ' +
  'nothing is changed. Under a Node that shows vats the same no vat is started. Make a copy of ' +
  'the store before. No kernel may have it open. Exit status 1 when a vat does not start.';

export const addAdoptEngineCommand = (program: Command): void => {
  program
    .command('adopt-engine')
    .summary('have a store of another Node go on under this one')
    .description(DESCRIPTION)
    .argument('<directory>', 'the store')
    .option('--dry-run', 'try every start, write nothing')
    .option('--strand', 'go on though a vat does not start: it waits for code that does')
    .option('--json', 'print one JSON object instead of tables')
    .action(run);
};
