/**
 * `npm run bench -- NAME [options]`: runs one bench and prints what it found.
 *
 * Exit codes: 0 done, 1 the bench failed, its answer is not what it must be (`Report.ok`), or the
 * arguments are wrong.
 */
import { Command } from 'commander';
import type { Bench } from './bench.js';
import { benches } from './benches.js';
import { showProgress } from './progress.js';
import { formatReport } from './report.js';

const NAMES = benches.map(bench => bench.name).join(', ');

async function runBench(bench: Bench, options: { json?: true }): Promise<void> {
  const report = await bench.run(options, { progress: showProgress });
  const form = { json: options.json === true, colour: process.stdout.isTTY };
  process.stdout.write(formatReport(report, form));
  if (report.ok === false) process.exitCode = 1;
}

function commandOf(bench: Bench): Command {
  const command = new Command(bench.name).summary(bench.summary).description(bench.summary);
  bench.options(command);
  return command
    .option('--json', 'print one JSON object as the last line of stdout')
    .action((options: { json?: true }) => runBench(bench, options));
}

const program = new Command('bench')
  .usage('NAME [options]')
  .description('Measures Heirloom; each bench answers one question.')
  .helpCommand(false)
  .argument('[name]')
  .action((name: string | undefined) => {
    const problem = name === undefined ? 'which bench?' : `there is no bench "${name}".`;
    program.error(`bench: ${problem} The benches: ${NAMES}`);
  });
for (const bench of benches) program.addCommand(commandOf(bench));
await program.parseAsync();
