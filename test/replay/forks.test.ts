/**
 * `kill -9` of a host whose vats are forked, upgraded and ended, at random moments, while spaces
 * are being merged: in the end everything is as with a host that nobody kills.
 *
 * The seed is printed; HEIRLOOM_SEED=n repeats what the host does and when it is killed.
 */
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { verifyStore } from '@heirloom/kernel';
import { blockKey, openReader, unpackBlockRecord } from '@heirloom/store';
import { expect, test } from 'vitest';
import { moreBlocks } from '../support/hosts/more-blocks.js';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';
import { seededRandom } from '../support/suite/random.js';

const HOST = fileURLToPath(new URL('../support/drivers/forking-host.mjs', import.meta.url));
const BLOCKS = 120;
const KILLS = 12;
const LIFE_BLOCKS_MAX = 12;
const MOMENT_MS_MAX = 60;

let given: string[] = [];
const begun = preparedStore(async directory => {
  const parameters = { cleanupRowsMax: 2, sweepRowsMax: 3, gc: 'consensus' as const };
  const kernel = await kernelOver({ directory, parameters });
  const bundleId = await install(kernel, 'upgrade/hatchery.js');
  await kernel.createVat({ name: 'first', bundleId });
  await kernel.idle();
  given = [bundleId, String(kernel.height)];
  await kernel.close();
});

/** A life of the host: its last line, or nothing where `meanwhile` has ended it. */
const live = async (
  directory: string,
  seed: number,
  meanwhile?: (kill: () => void, isOver: () => boolean) => Promise<void>,
): Promise<string> => {
  const [bundleId, start] = given as [string, string];
  const args = [HOST, directory, bundleId, String(seed), start, String(BLOCKS)];
  const child = spawn(process.execPath, args, { stdio: 'pipe' });
  let [stdout, stderr, isOver] = ['', '', false];
  child.stdout.on('data', data => (stdout += String(data)));
  child.stderr.on('data', data => (stderr += String(data)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => {
      isOver = true;
      resolve(code);
    });
  });
  await meanwhile?.(
    () => void child.kill('SIGKILL'),
    () => isOver,
  );
  const code = await ended;
  expect([code === null || code === 0, stderr], `seed ${seed}`).toEqual([true, '']);
  return stdout;
};

/** The hash of the last block that the host chose, whatever came after it. */
const hashOf = async (directory: string): Promise<string> => {
  const reader = openReader({ directory, readersMax: 2048 });
  const snapshot = reader.begin();
  const record = snapshot.get('blocks', blockKey(Number(given[1]) + BLOCKS))!;
  const { hash } = unpackBlockRecord(record)!;
  snapshot.done();
  await reader.close();
  return Buffer.from(hash).toString('hex');
};

const killed = 'forks: the host is killed while spaces are merged -> as if nobody had killed it';
test(killed, { tags: ['thorough'] }, async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`forks.test: HEIRLOOM_SEED=${seed}`);
  const random = seededRandom(seed);
  const undisturbed = await begun();
  const quiet = await live(undisturbed, seed);
  expect(JSON.parse(quiet)).toMatchObject({ findings: [] });
  const directory = await begun();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const blocks = 1 + random.below(LIFE_BLOCKS_MAX);
    const moment = random.below(MOMENT_MS_MAX);
    await live(directory, seed, async (end, isOver) => {
      await moreBlocks(directory, blocks, isOver);
      await wait(moment);
      end();
    });
    expect(await verifyStore({ directory }), `seed ${seed}`).toMatchObject({ ok: true });
  }
  expect(await live(directory, seed)).toBe(quiet);
  expect(await hashOf(directory)).toBe(await hashOf(undisturbed));
});
