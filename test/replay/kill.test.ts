/**
 * `kill -9` of the main job at random moments: started again with the same directory it ends well.
 * No message is lost, every purse holds what it must.
 *
 * A life of the job is as long as a random number of blocks and a moment of the next one, on a slow
 * machine as on a fast one. The seed is printed; HEIRLOOM_SEED=n repeats it.
 */
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { bundleOf } from '../support/bundles/fixtures.js';
import { moreBlocks } from '../support/hosts/more-blocks.js';
import { kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';

const pathOf = (file: string): string =>
  fileURLToPath(new URL(`../../packages/kernel/${file}`, import.meta.url));
const MAIN = pathOf('dist/cli/main.js');
const KILLS = amount({ quick: 3, thorough: 10 });
const BLOCKS = { least: 1, most: 6 };
const MOMENT_MS = { least: 0, most: 60 };
const JOB = amount({
  quick: { purses: 200, deposits: 4_000, upgrades: 4 },
  thorough: { purses: 1_000, deposits: 20_000, upgrades: 8 },
});
const ARGUMENTS = [
  ...['--purses', String(JOB.purses), '--deposits', String(JOB.deposits)],
  ...['--upgrades', String(JOB.upgrades), '--seed', '7'],
];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** When a life ends. */
interface Death {
  readonly blocks: number;
  readonly moment: number;
}

/** A store with the job's vats, which the job would bundle and make first: seconds of each run. */
const begun = preparedStore(async directory => {
  const kernel = await kernelOver({ directory });
  for (const name of ['bank', 'driver']) {
    const bundle = await bundleOf(pathOf(`vats/purse-${name}.js`));
    const bundleId = await kernel.installBundle(bundle);
    const vatParameters = name === 'bank' ? { version: 0 } : undefined;
    await kernel.createVat({ name, bundleId, vatParameters });
  }
  await kernel.close();
});

const job = async (directory: string, death?: Death): Promise<Ended> => {
  const args = [MAIN, 'purses', ...ARGUMENTS, '--directory', directory, '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', data => (stdout += String(data)));
  child.stderr.on('data', data => (stderr += String(data)));
  let isOver = false;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => {
      isOver = true;
      resolve({ code, stdout, stderr });
    });
  });
  if (death !== undefined) {
    await moreBlocks(directory, death.blocks, () => isOver);
    await wait(death.moment);
    child.kill('SIGKILL');
  }
  return ended;
};

const killed = 'main job: killed again and again, and started again -> nothing lost, all conserved';
test(killed, { tags: ['sized'] }, async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`kill.test: HEIRLOOM_SEED=${seed}`);
  const random = xoroshiro128plus(seed);
  let directory = await begun();
  let kills = 0;
  while (kills < KILLS) {
    const blocks = uniformInt(random, BLOCKS.least, BLOCKS.most);
    const moment = uniformInt(random, MOMENT_MS.least, MOMENT_MS.most);
    const ended = await job(directory, { blocks, moment });
    expect(ended.stderr, `seed ${seed}, kill ${kills}`).toBe('');
    if (ended.code === null) kills += 1;
    else {
      // The job came to its end before: its verdict counts, and a new one begins.
      expect(ended.code, `seed ${seed}`).toBe(0);
      directory = await begun();
    }
  }
  const last = await job(directory);
  expect(last.stderr).toBe('');
  const { deposits } = JOB;
  expect(JSON.parse(last.stdout)).toMatchObject({ lost: 0, conserved: true, deposits });
  expect(last.code).toBe(0);
});
