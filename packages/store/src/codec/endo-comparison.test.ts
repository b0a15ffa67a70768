/** Agreement with @endo/pass-style and @endo/marshal, under lockdown, in a process of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';

const RUNS = amount({ quick: 100, thorough: 800 });
const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heirloom-codec-'));
  await build({
    entryPoints: [pathOf('index.ts')],
    outfile: join(directory, 'codec.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

interface Report {
  readonly checks: number;
  readonly acceptedCount: number;
  readonly failures: readonly string[];
}

describe('codec: endo', () => {
  const title = 'random values under lockdown -> same verdicts and values as endo';
  test(title, { tags: ['sized'] }, async () => {
    const [sampled] = fc.sample(fc.integer(), 1);
    const seed = Number(process.env['HEIRLOOM_SEED'] ?? sampled);
    const { stdout } = await promisify(execFile)(process.execPath, [
      pathOf('testing/endo-peer.mjs'),
      join(directory, 'codec.mjs'),
      String(seed),
      String(RUNS),
    ]);
    const report = JSON.parse(stdout) as Report;
    expect(report.failures, `HEIRLOOM_SEED=${seed}`).toEqual([]);
    expect(report.checks).toBe(3 * RUNS);
    expect(report.acceptedCount).toBeGreaterThan(RUNS / 20);
  });
});
