/** What a host asks of a migration, with its options checked. */
import { checkFields } from '../base/arguments.js';
import type { BlockDriver } from '../core/block-driver.js';
import type { KernelCore } from '../core/kernel-core.js';
import type { MigrateVatsOptions, MigrationSummary } from '../core/record-migrations.js';
import { toRunning, vatGiven } from './vat-info.js';

/** See `Kernel.migrate`. Without a vat, those are migrated that run where the input is taken. */
export const migrate = async (
  core: KernelCore,
  blocks: BlockDriver,
  options: MigrateVatsOptions,
): Promise<MigrationSummary> => {
  checkFields('migrate', options, ['vatId', 'progress']);
  const { vatId, progress = () => undefined } = options;
  const vat = vatId === undefined ? undefined : vatGiven(vatId);
  const { input, summary } = core.migrations.ask(vat, progress);
  const [, done] = await Promise.all([blocks.input(toRunning(core, vat, input)), summary]);
  return done;
};
