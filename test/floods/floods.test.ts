/**
 * Messages of 10 MB under every road, as `npm run floods` sends them, fewer of them. What is
 * measured is memory, and how much of it a kernel may have does not depend on its speed.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { findingsIn, type RoadReport } from './floods.js';
import { ROADS } from './roads.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** More data than a block, a promise, or what is in the hands of a host may have. */
const MESSAGES = 24;

const inNode = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  return stdout;
};

const floodBy = async (road: string): Promise<RoadReport> => {
  const args = ['--messages', String(MESSAGES), '--road', road, '--json'];
  const printed = await inNode('--no-warnings', 'test/floods/dist/floods/main.js', ...args).catch(
    ({ stdout }: { stdout: string }) => stdout,
  );
  const [report] = JSON.parse(printed) as RoadReport[];
  return report!;
};

describe('floods of 10 MB', { tags: ['thorough'] }, () => {
  beforeAll(() => inNode('node_modules/typescript/bin/tsc', '-p', 'test/floods'));

  test.each(ROADS)('%s -> the kernel stays small, others are answered', async road => {
    const report = await floodBy(road);
    console.log(JSON.stringify(report));
    expect(report).toMatchObject({ road, messages: MESSAGES });
    expect(findingsIn(report)).toEqual([]);
  });
});

test('findings: what is too much, what was not answered -> each is told', () => {
  const report: RoadReport = {
    road: 'sends',
    ...{ messages: 2, fulfilled: 1, answered: 0, refused: 0 },
    ...{ beforeMiB: 90, peakMiB: 1_024, afterMiB: 400, seconds: 1 },
    ...{ vatsPeakMiB: 0, vatsAfterMiB: 0 },
  };
  expect(findingsIn(report)).toEqual([
    'sends: 1024 MiB',
    'sends: 400 MiB afterwards',
    'sends: nobody else was answered',
    'sends: 1 of 2 were fulfilled',
  ]);
});
