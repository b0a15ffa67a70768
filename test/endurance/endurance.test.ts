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
const CUTS = 400;

const inNode = async (...args: string[]): Promise<string> => {
  const options = { cwd: ROOT, maxBuffer: 2 ** 26 };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return stdout;
};

const runOf = async (name: string, count: number): Promise<Record<string, number>> => {
  const file = `test/endurance/dist/endurance/${name}-main.js`;
  const args = ['--no-warnings', file, '--count', String(count), '--json'];
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

const cut = `endurance: ${CUTS} power cuts amid a block or a creation -> what was durable is found`;
test(cut, { tags: ['thorough'] }, async () => {
  const report = await runOf('power-cuts', CUTS);
  expect(report).not.toHaveProperty('wrong');
  expect(report).toMatchObject({ cuts: CUTS });
  for (const kind of ['amidData', 'amidHead', 'amidCreation', 'byKernels']) {
    expect(report[kind], kind).toBeGreaterThan(0);
  }
});
