/** `heirloom migrate DIR [VAT]`: every stored state in its kind's present version. */
import { inspectDirectory } from '@heirloom/store';
import type { VatId } from '@heirloom/worker';
import type { Command } from 'commander';
import { HostError } from '../base/kernel-errors.js';
import type { MigrationSummary } from '../core/record-migrations.js';
import { openKernel, type Kernel } from '../kernel.js';
import { print, tableOf } from './output.js';
import { overKernel } from './over-kernel.js';
import { makeProgress, silentProgress } from './progress.js';

interface Flags {
  readonly json?: true;
}

/** With the names of the vats: they may have ended when it is printed. */
const withNames = (
  { vats }: MigrationSummary,
  names: ReadonlyMap<VatId, string>,
): readonly (MigrationSummary['vats'][number] & { readonly name: string })[] =>
  vats.map(vat => ({ name: names.get(vat.vatId) ?? vat.vatId, ...vat }));

type NamedVats = ReturnType<typeof withNames>;

const describe = (vats: NamedVats): string[] => {
  const totals = tableOf(
    ['vat', 'id', 'migrated', 'failed', 'ended meanwhile'],
    vats.map(vat => [vat.name, vat.vatId, vat.migrated, vat.failed, vat.hasEnded]),
  );
  const failures = vats.flatMap(({ name, failures: list }) =>
    list.map(({ kind, instance, version, reason }) => [name, kind, instance, version, reason]),
  );
  if (failures.length === 0) return [totals];
  return [totals, tableOf(['vat', 'kind', 'instance', 'version', 'why it stays'], failures)];
};

const migrate = async (
  kernel: Kernel,
  name: string | undefined,
  show: (done: number, total: number) => void,
): Promise<NamedVats> => {
  const chosen = name === undefined ? undefined : kernel.vat(name);
  const vats = chosen === undefined ? kernel.vats() : [chosen];
  const names = new Map(vats.map(vat => [vat.vatId, vat.name]));
  const counts = new Map<VatId, readonly [done: number, total: number]>();
  const progress = (vatId: VatId, done: number, total: number): void => {
    counts.set(vatId, [done, total]);
    const sums = [...counts.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    show(sums[0], sums[1]);
  };
  const one = chosen === undefined ? {} : { vatId: chosen.vatId };
  return withNames(await kernel.migrate({ ...one, progress }), names);
};

const run = async (directory: string, name: string | undefined, flags: Flags): Promise<void> => {
  const { json } = flags;
  if (inspectDirectory(directory) !== 'store') {
    throw new HostError('NOT_A_STORE', `${directory} holds no store.`);
  }
  const bar = json === true ? silentProgress : makeProgress(process.stderr);
  const open = (signal: AbortSignal): Promise<Kernel> => openKernel({ directory, signal });
  const work = async (kernel: Kernel): Promise<void> => {
    const show = (done: number, total: number): void => bar.show('instances', done, total);
    const vats = await migrate(kernel, name, show).finally(() => bar.stop());
    if (json === true) print(JSON.stringify({ vats }));
    else for (const text of describe(vats)) print(text);
    if (vats.some(({ failed, hasEnded }) => failed > 0 || hasEnded)) process.exitCode = 1;
  };
  await overKernel({ open, work });
};

const DESCRIPTION =
  'Brings every stored state of a vat, or of every vat, to the present version of its kind, in ' +
  'steps of sweepRowsMax rows. What migrate cannot do stays as it is and is listed. Messages ' +
  'that the last kernel left are delivered meanwhile. Interrupted, it is to be called again: ' +
  'what is done stays done. No kernel may have the store open; for one that runs there is ' +
  'kernel.migrate. Exit status 1 when a state could not be migrated.';

export const addMigrateCommand = (program: Command): void => {
  program
    .command('migrate')
    .summary('bring stored states to the present versions of their kinds')
    .description(DESCRIPTION)
    .argument('<directory>', 'the store')
    .argument('[vat]', 'one vat, by name or id')
    .option('--json', 'print one JSON object instead of tables')
    .action(run);
};
