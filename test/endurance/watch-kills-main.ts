/** `npm run kills:watches`: SIGKILL amid upgrades of a vat whose watches settle. */
import { commandOf, number, runCommand, type CommonFlags } from './command.js';
import { runWatchKills } from './watch-kills.js';

interface Flags extends CommonFlags {
  readonly count: number;
  readonly kernels: number;
  readonly lives: number;
}

const DESCRIPTION =
  'Kills kernels at random moments of upgrades while promises settle that their vat watches. ' +
  'Releases alternate between code that cannot tell some watchers, code that does not start, and ' +
  'code that can. A model counts what was acknowledged: no settlement may be lost, none told ' +
  'twice. A seed is a store of its own. Exit status 1 if something did not hold.';

const program = commandOf('kills:watches', DESCRIPTION)
  .option('--count <n>', 'seeds', number(1, true), 100)
  .option('--kernels <n>', 'stores of a process, which one SIGKILL ends', number(1, true), 10)
  .option('--lives <n>', 'how often each store is killed', number(1, true), 1);
program.action(async (flags: Flags) => {
  const { count, kernels, lives } = flags;
  await runCommand({
    ...{ name: 'kills:watches', unit: 'seeds', total: count, flags },
    work: given => runWatchKills({ ...given, count, kernels, lives }),
    tell: ({ seed, seeds, kills, ahead, blocks, upgrades, watches, waited, seconds }) =>
      `Seeds ${seed} to ${seed + seeds - 1}, ${kills} kernels killed, ${seconds} s: every watch ` +
      `was told, and once.\n${blocks} blocks with ${upgrades} upgrades; ${waited} of ${watches} ` +
      `watches waited for code that can tell them; ${ahead} times a block was durable and ` +
      'nobody had been told.',
  });
});
await program.parseAsync();
