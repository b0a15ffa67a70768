/**
 * The facts of test/objects hold of SwingSet's own liveslots, but for those in `differences.ts`,
 * which do not.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { DIFFERENCES } from './differences.js';

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const VITEST = pathOf('../../node_modules/vitest/vitest.mjs');
const FACTS_MIN = 240;
const OUTPUT_BYTES_MAX = 2 ** 26;

interface Result {
  readonly status: string;
  readonly title: string;
}

const facts = 'facts: on the liveslots of SwingSet -> the same, or listed as different';
test(facts, { tags: ['thorough'] }, async () => {
  const args = [VITEST, 'run', '--config', pathOf('vitest.config.ts'), '--reporter=json'];
  const options = { maxBuffer: OUTPUT_BYTES_MAX };
  // With a fact that fails the exit status is 1: its report is what counts.
  const { stdout } = await promisify(execFile)(process.execPath, args, options).catch(
    (error: unknown) => error as { readonly stdout: string },
  );
  const { testResults } = JSON.parse(stdout) as {
    readonly testResults: readonly { readonly assertionResults: readonly Result[] }[];
  };
  const facts = testResults.flatMap(({ assertionResults }) => assertionResults);
  const titles = (status: string): string[] =>
    facts.filter(fact => fact.status === status).map(({ title }) => title);
  expect(titles('failed')).toEqual([]);
  expect(titles('passed').length).toBeGreaterThanOrEqual(FACTS_MIN);
  for (const title of Object.keys(DIFFERENCES)) {
    expect(titles('passed')).toContain(`swingset: ${title}`);
  }
});
