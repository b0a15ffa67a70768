/**
 * `kill -9` of a host that holds, binds, finds and releases references, and state sync of its
 * store, at random moments: it finds what it held, the last block hash is that of a host that
 * nobody kills, and in the end nothing is left.
 *
 * The seed is printed; HEIRLOOM_SEED=n repeats what the host does and when it is killed.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { exportState, importState } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { moreBlocks } from '../support/hosts/more-blocks.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';
import { amount } from '../support/suite/amounts.js';
import { seededRandom, type Random } from '../support/suite/random.js';

const HOST = fileURLToPath(new URL('../support/hosts/holding-host.mjs', import.meta.url));
const { things, blocks, kills } = amount({
  quick: { things: 60, blocks: 40, kills: 4 },
  thorough: { things: 10_000, blocks: 80, kills: 15 },
});
const LIFE_BLOCKS_MAX = 6;
const MOMENT_MS_MAX = 60;

let start = 0;
const begun = preparedStore(async directory => {
  const parameters = { gc: 'consensus' as const };
  const kernel = await kernelOver({ directory, parameters, hostObjects: { sink: null } });
  const bundleId = await install(kernel, 'services/vault.js');
  const { root } = await kernel.createVat({ name: 'vault', bundleId });
  kernel.release(root);
  await kernel.idle();
  start = kernel.height;
  await kernel.close();
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A life of the host; `meanwhile` ends it. */
const live = async (
  directory: string,
  seed: number,
  meanwhile?: (kill: () => void, isOver: () => boolean) => Promise<void>,
): Promise<Ended> => {
  const given = [seed, start, blocks, things].map(String);
  const child = spawn(process.execPath, [HOST, directory, ...given], { stdio: 'pipe' });
  let [stdout, stderr, isOver] = ['', '', false];
  child.stdout.on('data', data => (stdout += String(data)));
  child.stderr.on('data', data => (stderr += String(data)));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => {
      isOver = true;
      resolve({ code, stdout, stderr });
    });
  });
  await meanwhile?.(
    () => void child.kill('SIGKILL'),
    () => isOver,
  );
  return ended;
};

/** The state that another host would take over: exported while this one runs, or after its end. */
const synced = async (directory: string): Promise<string> => {
  const place = await freshDirectory();
  const [to, copy] = [join(place, 'export'), join(place, 'store')];
  const { stateRoot: root } = await exportState({ directory, to });
  await importState({ from: to, directory: copy, root });
  return copy;
};

/** Kills the host again and again, now and then in favour of a copy; gives the last store. */
const killAgainAndAgain = async (seed: number, random: Random): Promise<string> => {
  let directory = await begun();
  for (let kill = 0; kill < kills; kill += 1) {
    const life = 1 + random.below(LIFE_BLOCKS_MAX);
    const moment = random.below(MOMENT_MS_MAX);
    const sync = (['none', 'before', 'after'] as const)[random.below(3)]!;
    let copy: string | undefined;
    const { code, stderr } = await live(directory, seed, async (end, isOver) => {
      await moreBlocks(directory, life, isOver);
      if (sync === 'before') copy = await synced(directory);
      await wait(moment);
      end();
    });
    expect([code === null || code === 0, stderr], `seed ${seed}, kill ${kill}`).toEqual([true, '']);
    if (sync === 'after') copy = await synced(directory);
    directory = copy ?? directory;
  }
  return directory;
};

const killed = 'references: the host is killed, its store synced -> found again; nothing is left';
test(killed, { tags: ['sized'] }, async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`references.test: HEIRLOOM_SEED=${seed}`);
  const quiet = await live(await begun(), seed);
  expect([quiet.code, quiet.stderr], `seed ${seed}`).toEqual([0, '']);
  const expected = JSON.parse(quiet.stdout) as object;
  const clean = { height: start + blocks, pins: 0, boundNames: 0, findings: [] };
  expect(expected).toMatchObject(clean);
  const directory = await killAgainAndAgain(seed, seededRandom(seed));
  const last = await live(directory, seed);
  expect([last.code, last.stderr], `seed ${seed}`).toEqual([0, '']);
  expect(JSON.parse(last.stdout)).toEqual(expected);
});
