/** `npm run soak`: a kernel that works for long, and what it takes. */
import CliTable from 'cli-table3';
import { Option } from 'commander';
import { commandOf, number, runCommand, type CommonFlags } from './command.js';
import { MALLOCS, mallocHere, runHeld, settingsText, type Malloc } from './malloc.js';
import { runSoak, type SoakLook, type SoakReport } from './soak.js';

interface Flags extends CommonFlags {
  readonly minutes: number;
  readonly pace: number;
  readonly malloc: Malloc;
}

const DESCRIPTION =
  'One kernel for as long as you say: deposits, forks, ends, upgrades, floods. Prints what it ' +
  'takes of memory, disk, rows and descriptors over time. Exit status 1 if a call failed, or if ' +
  'anonymous memory is more than 5 % higher in the last quarter than in the second; a run of ' +
  'less than 20 minutes says so, and is no failure. glibc reads the settings of its malloc when ' +
  `a process starts, so the kernel runs in one with\n${settingsText}\nunless you say default.`;
const MINUTES_THAT_COUNT = 20;

const HEADINGS = [
  ...['s', 'rounds', 'height', 'vats', 'RssAnon', 'malloc', 'heap', 'file', 'rows'],
  ...['fds', 'threads'],
];

const cellsOf = (look: SoakLook): string[] =>
  [
    ...[look.seconds, look.rounds, look.height, look.vats, look.rssAnonMiB, look.mallocMiB],
    look.heapMiB,
    ...[look.fileMiB, look.rows, look.descriptors, look.threads],
  ].map(String);

const signed = (growth: number): string =>
  `${growth < 0 ? '' : '+'}${(growth * 100).toFixed(1)} %`;

const tell = (report: SoakReport & { readonly malloc: Malloc }): string => {
  const table = new CliTable({ head: HEADINGS, style: { head: [], border: [], compact: true } });
  for (const look of report.looks) table.push(cellsOf(look));
  const { rounds, forks, ends, upgrades, floods, growth, growthBeside, isFlat } = report;
  return (
    `${table.toString()}\nmalloc: ${report.malloc === 'held' ? settingsText : 'as it is'}\n` +
    `Memory and file in MiB. ${rounds} rounds: ${forks} forks, ` +
    `${ends} ends, ${upgrades} upgrades, ${floods} floods.\n` +
    `RssAnon, last quarter against second: ${signed(growth)} (${isFlat ? 'flat' : 'GROWS'}); ` +
    `without the heaps of malloc, which keep what is freed: ${signed(growthBeside)}`
  );
};

const program = commandOf('soak', DESCRIPTION)
  .option('--minutes <n>', 'how long', number(0.1, false), 40)
  .option('--pace <ms>', 'from one round to the next, at least', number(0, true), 2_000)
  .addOption(
    new Option('--malloc <kind>', 'the settings of malloc: those above, or as your shell has them')
      .choices(MALLOCS)
      .default('held'),
  );
program.action(async (flags: Flags) => {
  const { minutes, pace } = flags;
  if (flags.malloc === 'held' && mallocHere() !== 'held') {
    process.exitCode = await runHeld();
    return;
  }
  const report = await runCommand({
    ...{ name: 'soak', unit: 'seconds', total: minutes * 60, flags },
    work: async given => {
      const soaked = await runSoak({ ...given, minutes, pace });
      return { ...soaked, malloc: mallocHere() };
    },
    tell,
  });
  if (report !== undefined && !report.isFlat && minutes >= MINUTES_THAT_COUNT) process.exitCode = 1;
});
await program.parseAsync();
