/**
 * The host that `npm run kills` kills: several kernels at once, each of which makes the blocks of
 * one ledger over and over from where its store is. It says what it was told, a line each:
 *
 *   INDEX open HEIGHT HASH                the kernel is open
 *   INDEX block HEIGHT HASH ANSWERS       a block is durable, and its calls have answered (JSON)
 *   INDEX moved DIRECTORY                 it goes on in the store that its state was synced to
 *   INDEX end BALANCES FINDINGS           with `end`: what every vat holds, what an audit finds
 *
 * Arguments: seed, height that the ledger begins at, `run` or `end`, directories.
 */
import { exportState, importState, type Kernel } from '@heirloom/kernel';
import { Ledger } from './ledger.js';
import { compareHeld, openLedger, runBlock } from './ledger-kernel.js';
import { exportOf, placeAfter } from './sync-places.js';

const [seedText = '', startText = '', mode = '', ...directories] = process.argv.slice(2);
const [seed, start] = [Number(seedText), Number(startText)];
/** Blocks between two syncs; block N of kernel K is one if N + 3 K is a multiple of it. */
const SYNC_EVERY = 24;

const say = (index: number, ...words: readonly unknown[]): void =>
  void process.stdout.write(`${[index, ...words].join(' ')}\n`);

const openAt = async (index: number, directory: string): Promise<[Kernel, Ledger]> => {
  const kernel = await openLedger(directory);
  const ledger = new Ledger(seed);
  while (start + ledger.blocks < kernel.height) ledger.next();
  compareHeld(kernel, ledger);
  say(index, 'open', kernel.height, kernel.blockHash);
  return [kernel, ledger];
};

/** The state goes into a store of its own, and the kernel with it. */
const move = async (index: number, kernel: Kernel, from: string): Promise<string> => {
  const directory = placeAfter(from, kernel.height);
  const to = exportOf(directory);
  const { stateRoot: root } = await exportState({ directory: from, to });
  await kernel.close();
  await importState({ from: to, directory, root });
  say(index, 'moved', directory);
  return directory;
};

/** A kernel that was killed amid a sync begins it again: a life may be shorter than one. */
const isSyncDue = (index: number, blocks: number): boolean =>
  (blocks + 3 * index) % SYNC_EVERY === 0;

const live = async (index: number, given: string): Promise<void> => {
  let directory = given;
  let [kernel, ledger] = await openAt(index, directory);
  for (;;) {
    const isThere = directory === placeAfter(directory, kernel.height);
    if (isSyncDue(index, ledger.blocks) && !isThere) {
      directory = await move(index, kernel, directory);
      [kernel, ledger] = await openAt(index, directory);
    }
    const answers = await runBlock(kernel, ledger.next());
    say(index, 'block', kernel.height, kernel.blockHash, JSON.stringify(answers));
    compareHeld(kernel, ledger);
  }
};

const end = async (index: number, directory: string): Promise<void> => {
  const [kernel] = await openAt(index, directory);
  const { findings } = kernel.audit({ rows: true });
  const asked = kernel.vats().map(async ({ name, root }) => {
    return [name, await kernel.send(root, 'balances').result] as const;
  });
  await kernel.run();
  await kernel.commit();
  const balances = Object.fromEntries(await Promise.all(asked));
  say(index, 'end', JSON.stringify(balances), JSON.stringify(findings));
  await kernel.close();
};

await Promise.all(
  directories.map((directory, index) => (mode === 'end' ? end : live)(index, directory)),
);
