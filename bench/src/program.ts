/**
 * The command line of the benches: which one, how large, and in which form it tells its answer.
 *
 * stdout has the report and nothing else; stderr says before a bench begins how long it takes.
 */
import { Command } from 'commander';
import type { Bench } from './bench.js';
import { progressOn, type ProgressStream } from './progress.js';
import { formatReport, type Report } from './report.js';
import { addSizes, durationText, isSizeTyped, resolveSizes } from './sizes.js';

interface ProgramIo {
  readonly stdout: ProgressStream;
  readonly stderr: ProgressStream;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** The answer of a bench is not what it must be. */
  fail(): void;
}

interface CommonOptions {
  readonly json?: true;
  readonly full?: true;
}

const CORES = 'on two idle cores';

/** Said before a bench starts. */
const startOf = ({ name, sizes, seconds }: Bench, command: Command, isFull: boolean): string => {
  const [quick, full] = [durationText(seconds.quick), durationText(seconds.full)];
  const size = isFull
    ? `full size: ${full} ${CORES}`
    : `quick size: ${quick} ${CORES}; --full takes ${full}`;
  const typed = isSizeTyped(command, sizes) ? ', but for the sizes given here' : '';
  return `${name}, ${size}${typed}\n`;
};

/** The report with the sizes that it is of. */
const withSizes = (report: Report, { sizes }: Bench, command: Command, full: boolean): Report => {
  const options = command.opts<Record<string, unknown>>();
  const measured = Object.fromEntries(Object.keys(sizes).map(name => [name, options[name]]));
  const note = full ? {} : { note: 'Quick size; what the documented figures are of: --full.' };
  return { ...report, ...note, record: { ...report.record, full, sizes: measured } };
};

const runBench = async (bench: Bench, command: Command, io: ProgramIo): Promise<void> => {
  resolveSizes(command, bench.sizes);
  const { json, full } = command.opts<CommonOptions>();
  io.stderr.write(startOf(bench, command, full === true));
  const progress = progressOn(io.stderr, () => io.now());
  const report = await bench.run(command.opts(), { progress });
  const form = { json: json === true, colour: io.stdout.isTTY === true };
  io.stdout.write(formatReport(withSizes(report, bench, command, full === true), form));
  if (report.ok === false) io.fail();
};

/** Errors are followed by the help text: it names the options, or the benches, that there are. */
const prepare = (command: Command, { stdout, stderr }: ProgramIo): Command =>
  command.showHelpAfterError().configureOutput({
    writeOut: text => void stdout.write(text),
    writeErr: text => void stderr.write(text),
  });

const commandOf = (bench: Bench, io: ProgramIo): Command => {
  const command = new Command(bench.name).summary(bench.summary).description(bench.summary);
  bench.options?.(command);
  const full = `the size that the documented figures are of: ${durationText(bench.seconds.full)}`;
  addSizes(command, bench.sizes, full);
  return prepare(command, io)
    .option('--json', 'print one JSON object as the last line of stdout')
    .action(() => runBench(bench, command, io));
};

export const makeProgram = (benches: readonly Bench[], io: ProgramIo): Command => {
  const program = prepare(new Command('bench'), io)
    .usage('NAME [options]')
    .description('Measures Heirloom; each bench answers one question, in about a minute.')
    .helpCommand(false)
    .argument('[name]')
    .action((name: string | undefined) => {
      const problem = name === undefined ? 'which bench?' : `there is no bench "${name}".`;
      program.error(`bench: ${problem}`);
    });
  for (const bench of benches) program.addCommand(commandOf(bench, io));
  return program;
};
