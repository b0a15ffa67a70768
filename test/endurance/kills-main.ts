/** `npm run kills`: SIGKILL of hosts at random moments, against a model. */
import { commandOf, number, runCommand, type CommonFlags } from './command.js';
import { runKills } from './kills.js';

interface Flags extends CommonFlags {
  readonly count: number;
  readonly kernels: number;
}

const DESCRIPTION =
  'Kills kernels at random moments, again and again: amid blocks of deposits, forks, upgrades, ' +
  'ends, references that are told, kept and dropped, amid state sync, and while they open. A ' +
  'model counts what was acknowledged: nothing of it may be missing, every answer and every ' +
  'block hash must be the one that it has to be. Exit status 1 if one is not.';

const program = commandOf('kills', DESCRIPTION)
  .option('--count <n>', 'kernels to be killed', number(1, true), 200)
  .option('--kernels <n>', 'kernels of a process, which one SIGKILL ends', number(1, true), 16);
program.action(async (flags: Flags) => {
  const { count, kernels } = flags;
  await runCommand({
    ...{ name: 'kills', unit: 'kills', total: count, flags },
    work: given => runKills({ ...given, count, kernels }),
    tell: ({ kills, processes, ahead, syncs, amidSync, blocks, seconds }) =>
      `${kills} kernels killed by ${processes} SIGKILLs, ${seconds} s: nothing was lost.\n` +
      `${blocks} blocks; ${ahead} times a block was durable and nobody had been told; ` +
      `${syncs} state syncs, ${amidSync} kills amid one.`,
  });
});
await program.parseAsync();
