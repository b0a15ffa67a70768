/**
 * `heirloom`: the kernel on the command line. `bin/heirloom.js` runs this module.
 *
 * Exit status: 0 done; 1 the command failed, or its check did; errors go to stderr in one line,
 * wrong arguments in a few, which name the right ones. With `--json` a command that fails prints
 * its error as an object, too. A command that SIGINT or SIGTERM ends closes its kernel and ends by
 * that signal; one that leaves a thread behind ends all the same (docs/isolation.md).
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { HostError, KernelError } from '../base/kernel-errors.js';
import { endProcess } from '../host/end-process.js';
import { threadsLeft } from '../vats/departures.js';
import { addAdoptEngineCommand } from './adopt-engine-command.js';
import { addBundleCommand } from './bundle-command.js';
import { addCheckUpgradeCommand } from './check-upgrade-command.js';
import { addEngineCommand } from './engine-command.js';
import { addExportCommand } from './export-command.js';
import { commandHint, programHint } from './hints.js';
import { addImportCommand } from './import-command.js';
import { addInspectCommand } from './inspect-command.js';
import { addMigrateCommand } from './migrate-command.js';
import { addMigrateStoreCommand } from './migrate-store-command.js';
import { print, warn } from './output.js';
import { endBy, Interrupted } from './over-kernel.js';
import { addPursesCommand } from './purses-command.js';
import { addRunCommand } from './run-command.js';
import { addVerifyCommand } from './verify-command.js';

const PACKAGE = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version: string };

const program = new Command('heirloom')
  .description('A vat kernel whose objects outlive their code.')
  .version(version)
  .showSuggestionAfterError();
addPursesCommand(program);
addRunCommand(program);
addBundleCommand(program);
addInspectCommand(program);
addVerifyCommand(program);
addEngineCommand(program);
addCheckUpgradeCommand(program);
addMigrateCommand(program);
addExportCommand(program);
addImportCommand(program);
addMigrateStoreCommand(program);
addAdoptEngineCommand(program);
program.showHelpAfterError(programHint(program));
for (const command of program.commands) command.showHelpAfterError(commandHint(command));

let isJson = false;
program.hook('preAction', (_program, command) => {
  isJson = command.opts<{ readonly json?: true }>().json === true;
});

const report = (error: unknown): void => {
  const known = error instanceof HostError || error instanceof KernelError;
  const text = known
    ? `${error.code}: ${error.message}`
    : error instanceof Error
      ? error.stack
      : error;
  process.stderr.write(`heirloom: ${String(text)}\n`);
  if (isJson && known) {
    print(JSON.stringify({ error: { code: error.code, message: error.message } }));
  }
  process.exitCode = 1;
};

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Interrupted) {
    warn(error.message);
    endBy(error);
  } else {
    report(error);
  }
}
// Else the process ends by itself, when everything is written.
if (threadsLeft().length > 0) await endProcess();
