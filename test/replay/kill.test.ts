/**
 * `kill -9` of the main job at random moments: started again with the same directory it ends well.
 * No message is lost, every purse holds what it must.
 *
 * The seed of the moments is printed; HEIRLOOM_SEED=n repeats them.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect, test } from 'vitest';
import { freshDirectory } from '../support/kernels.js';

const MAIN = fileURLToPath(new URL('../../packages/kernel/dist/cli/main.js', import.meta.url));
const KILLS = 20;
const KILL_AFTER_MS = { least: 300, most: 2_500 };
const ARGUMENTS = ['--purses', '2000', '--deposits', '40000', '--upgrades', '12', '--seed', '7'];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const job = (directory: string, killAfterMs?: number): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const args = [MAIN, 'purses', ...ARGUMENTS, '--directory', directory, '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', data => (stdout += String(data)));
    child.stderr.on('data', data => (stderr += String(data)));
    child.on('error', reject);
    const timer =
      killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    child.on('close', code => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });

test('main job: killed 20 times and started again -> nothing lost, all conserved', async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`kill.test: HEIRLOOM_SEED=${seed}`);
  const random = xoroshiro128plus(seed);
  let directory = await freshDirectory();
  let kills = 0;
  while (kills < KILLS) {
    const after = uniformInt(random, KILL_AFTER_MS.least, KILL_AFTER_MS.most);
    const ended = await job(directory, after);
    expect(ended.stderr, `seed ${seed}, kill ${kills}`).toBe('');
    if (ended.code === null) kills += 1;
    else {
      // The job was faster than we: its verdict counts, and a new one begins.
      expect(ended.code, `seed ${seed}`).toBe(0);
      directory = await freshDirectory();
    }
  }
  const last = await job(directory);
  expect(last.stderr).toBe('');
  expect(JSON.parse(last.stdout)).toMatchObject({ lost: 0, conserved: true, deposits: 40_000 });
  expect(last.code).toBe(0);
}, 300_000);
