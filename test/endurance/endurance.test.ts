/**
 * Kills and power cuts, as the commands do them, with a fresh seed each time: it is printed, and
 * `npm run kills -- --seed N` repeats the model. What the commands say of themselves is tested
 * where documents name them (test/integration/commands.test.ts).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const KILLS = 200;
const WATCH_SEEDS = 16;
const CUTS = 400;

const inNode = async (...args: string[]): Promise<string> => {
  const options = { cwd: ROOT, maxBuffer: 2 ** 26 };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return stdout;
};

const runOf = async (
  name: string,
  count: number,
  ...more: readonly string[]
): Promise<Record<string, number>> => {
  const file = `test/endurance/dist/endurance/${name}-main.js`;
  const args = ['--no-warnings', file, '--count', String(count), '--json', ...more];
  // What was wrong is printed before the status is 1.
  const printed = await inNode(...args).catch(({ stdout }: { stdout: string }) => stdout);
  console.log(`${name}: ${printed}`);
  return JSON.parse(printed) as Record<string, number>;
};

beforeAll(() => inNode('node_modules/typescript/bin/tsc', '-p', 'test/endurance'));

const killed = `endurance: ${KILLS} kernels killed at random moments -> what was said is there`;
test(killed, { tags: ['thorough'] }, async () => {
  const report = await runOf('kills', KILLS);
  expect(report).not.toHaveProperty('wrong');
  expect(report['kills']).toBeGreaterThanOrEqual(KILLS);
  expect(report['blocks']).toBeGreaterThan(0);
});

const watched = `endurance: ${WATCH_SEEDS} seeds, kills amid upgrades -> each watch is told once`;
test(watched, { tags: ['thorough'] }, async () => {
  const report = await runOf('watch-kills', WATCH_SEEDS, '--lives', '2', '--kernels', '8');
  expect(report).not.toHaveProperty('wrong');
  expect(report).toMatchObject({ seeds: WATCH_SEEDS, kills: 2 * WATCH_SEEDS });
  for (const what of ['upgrades', 'watches', 'waited']) {
    expect(report[what], what).toBeGreaterThan(0);
  }
});

const cut = `endurance: ${CUTS} power cuts amid a block or a creation -> what was durable is found`;
test(cut, { tags: ['thorough'] }, async () => {
  const report = await runOf('power-cuts', CUTS);
  expect(report).not.toHaveProperty('wrong');
  expect(report).toMatchObject({ cuts: CUTS });
  for (const kind of ['amidData', 'amidHead', 'amidCreation', 'byKernels']) {
    expect(report[kind], kind).toBeGreaterThan(0);
  }
});
