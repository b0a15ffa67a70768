/** `npm run power-cuts`: what a disk may hold when the power goes, opened. */
import { commandOf, number, runCommand, type CommonFlags } from './command.js';
import { runPowerCuts } from './power-cuts.js';

interface Flags extends CommonFlags {
  readonly count: number;
}

const DESCRIPTION =
  'Opens stores as a power cut amid a block may leave them: any of the writes since the last ' +
  'durable point, torn files of what nobody syncs, creations that were cut. What was durable ' +
  'must be found: block hash, state root; now and then a kernel goes on from there. Exit status ' +
  '1 if not.';

const program = commandOf('power-cuts', DESCRIPTION).option(
  '--count <n>',
  'cuts to be tried',
  number(1, true),
  400,
);
program.action(async (flags: Flags) => {
  const { count } = flags;
  await runCommand({
    ...{ name: 'power-cuts', unit: 'cuts', total: count, flags },
    work: given => runPowerCuts({ ...given, count }),
    tell: ({ cuts, amidData, amidHead, amidCreation, byKernels, sectors, seconds }) =>
      `${cuts} cuts, ${seconds} s: what was durable was found.\n` +
      `${amidData} amid the data of a block (${sectors} sectors of it had been written), ` +
      `${amidHead} amid its head, ${amidCreation} amid a creation; ${byKernels} kernels went on.`,
  });
});
await program.parseAsync();
