/**
 * The host that `npm run kills:watches` kills: several kernels at once, each of which makes the
 * blocks of a model with a seed of its own from where its store is. A line each:
 *
 *   INDEX open HEIGHT HASH          the kernel is open
 *   INDEX block HEIGHT HASH HEARD   a block is durable; what the watches have been told (JSON)
 *   INDEX end HEARD FINDINGS        with `end`: the same after the last block, what an audit finds
 *
 * With `end`, a release that can tell everything starts first, every promise settles, and the same
 * release starts once more. Arguments: first seed, height that the model begins at, `run` or
 * `end`, directories.
 */
import type { Kernel } from '@heirloom/kernel';
import { Watches } from './watches.js';
import { heardIn, openWatches, runWatches } from './watches-kernel.js';

const [seedText = '', startText = '', mode = '', ...directories] = process.argv.slice(2);
const [firstSeed, start] = [Number(seedText), Number(startText)];

const say = (index: number, ...words: readonly unknown[]): void =>
  void process.stdout.write(`${[index, ...words].join(' ')}\n`);

const openAt = async (index: number, directory: string): Promise<[Kernel, Watches]> => {
  const kernel = await openWatches(directory);
  const watches = new Watches(firstSeed + index);
  while (start + watches.blocks < kernel.height) watches.next();
  say(index, 'open', kernel.height, kernel.blockHash);
  return [kernel, watches];
};

const live = async (index: number, directory: string): Promise<void> => {
  const [kernel, watches] = await openAt(index, directory);
  for (;;) {
    const heard = await runWatches(kernel, watches.next());
    say(index, 'block', kernel.height, kernel.blockHash, JSON.stringify(heard));
  }
};

const end = async (index: number, directory: string): Promise<void> => {
  const [kernel, watches] = await openAt(index, directory);
  const heard = await runWatches(kernel, watches.end());
  say(index, 'block', kernel.height, kernel.blockHash, JSON.stringify(heard));
  const [[upgrade]] = watches.end() as [[never]];
  await runWatches(kernel, [[upgrade]]);
  const { findings } = kernel.audit({ rows: true });
  say(index, 'end', JSON.stringify(await heardIn(kernel)), JSON.stringify(findings));
  await kernel.close();
};

await Promise.all(
  directories.map((directory, index) => (mode === 'end' ? end : live)(index, directory)),
);
