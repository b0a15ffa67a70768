/** `heirloom migrate-store DIR`: a store of an older schema becomes one of this release. */
import type { Command } from 'commander';
import { migrateStore } from '../store-migration/migrate-store.js';
import type { MigrateOptions, MigrationReport } from '../store-migration/migrate-store.js';
import { factsOf, print } from './output.js';

interface Flags {
  readonly backup?: string;
  readonly json?: true;
}

const describe = (report: MigrationReport): string =>
  factsOf([
    ['migrated', report.migrated ? `schema ${report.from} to ${report.to}` : 'no: nothing to do'],
    ...report.steps.map(what => ['', what] as const),
    ['rows written', report.rows],
    ['backup', report.backup ?? 'none'],
    ['height', report.height],
    ['block hash', report.blockHash],
  ]);

const run = async (directory: string, { json, backup }: Flags): Promise<void> => {
  const options: MigrateOptions = backup === undefined ? { directory } : { directory, backup };
  const report = await migrateStore(options);
  print(json === true ? JSON.stringify(report) : describe(report));
};

const DESCRIPTION =
  'Migrates a store of an older schema, as one block. A copy is made and compared first; it is a ' +
  'whole store that the older release opens. A migration that was cut short leaves the store as ' +
  'it was: start it again. A store of this schema is left alone. No kernel may have it open.';

export const addMigrateStoreCommand = (program: Command): void => {
  program
    .command('migrate-store')
    .summary('make a store of an older schema one of this release')
    .description(DESCRIPTION)
    .argument('<directory>', 'the store')
    .option('--backup <path>', 'where the copy goes (default: DIRECTORY.schema-N)')
    .option('--json', 'print one JSON object instead of a table')
    .action(run);
};
