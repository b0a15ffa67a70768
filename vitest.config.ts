/**
 * Tests of all packages, in forked processes: SES lockdown and LMDB environments are per process.
 * Two at a time, since most tests start threads of their own and CI has two cores.
 *
 * | mode | script | what it runs |
 * | --- | --- | --- |
 * | `test` | `npm test` | all but tests tagged `thorough`; few files with vats in processes |
 * | `all` | `npm run test:all` | everything, at the thorough amounts (support/amounts.ts) |
 * | `rest`, `processes` | `npm run test:rest` | what `npm test` leaves out of `all` |
 *
 * Limits of time are guards against hanging: no verdict depends on the speed of the machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { mentionsTags, TAGS } from './test/support/tags.js';

/**
 * What the ends, times and replays of a vat's worker have a part in: it runs twice, with every vat
 * in a thread and with every vat in a child process (test/support/kernels.ts).
 * `HEIRLOOM_ISOLATION=process` runs any other file so.
 */
const IN_PROCESSES = [
  'test/integration/{bundle-formats,bad-input,first-light}.test.ts',
  'test/kernel/exit.test.ts',
  'test/kernel/hostile/{depth,worker}.test.ts',
  'test/objects/promises.test.ts',
  'test/replay/restart.test.ts',
  'test/simulation/threads.test.ts',
  'test/upgrade/{churn,drain,durable-promises,failures,replay-mode,rollback,upgrade}.test.ts',
];
/** The part of it that `npm test` runs. */
const IN_PROCESSES_SMOKE = ['test/integration/first-light.test.ts'];

const THREADS = ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'test/**/*.test.ts'];
const ROOT = import.meta.dirname;

/** The files with tagged tests: mode `rest` need not load the others. */
const taggedFiles = (): string[] =>
  ['packages/store/src', 'packages/worker/src', 'packages/kernel/src', 'bench/src', 'test'].flatMap(
    directory =>
      readdirSync(path.join(ROOT, directory), { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.test.ts'))
        .map(name => path.posix.join(directory, name.replaceAll(path.sep, '/')))
        .filter(file => mentionsTags(readFileSync(path.join(ROOT, file), 'utf8'))),
  );

/** Minutes: no test waits so long unless something hangs, also on a slow and busy machine. */
const HANGING_MS = 600_000;

const MODES = ['test', 'all', 'rest', 'processes'] as const;
type Mode = (typeof MODES)[number];

const projectsOf = (mode: Mode) => {
  const inProcesses = mode === 'test' ? IN_PROCESSES_SMOKE : IN_PROCESSES;
  const project = (name: string, include: string[], env: Readonly<Record<string, string>>) => ({
    extends: true as const,
    // A project reads this file again: in this mode, or it would take the filter of `npm test`.
    mode,
    test: { name, include, env },
  });
  const thorough = mode === 'test' ? {} : { HEIRLOOM_THOROUGH: '1' };
  const threads = project('threads', mode === 'rest' ? taggedFiles() : THREADS, thorough);
  const processes = project('processes', inProcesses, {
    ...thorough,
    HEIRLOOM_ISOLATION: 'process',
  });
  if (mode === 'rest') return [threads];
  return mode === 'processes' ? [processes] : [threads, processes];
};

const FILTERS: Readonly<Record<Mode, string[]>> = {
  test: ['!thorough'],
  all: [],
  rest: ['thorough || sized'],
  processes: [],
};

export default defineConfig(({ mode: asked }) => {
  const mode = MODES.find(known => known === asked);
  if (mode === undefined) throw Error(`no mode "${asked}"; the modes: ${MODES.join(', ')}`);
  const tagsFilter = FILTERS[mode];
  return {
    test: {
      projects: projectsOf(mode),
      tags: TAGS,
      ...(tagsFilter.length === 0 ? {} : { tagsFilter }),
      exclude: ['**/node_modules/**', '**/dist/**'],
      // A package built is loaded by Node as it is, as a user's process loads it.
      server: { deps: { external: [/\/(packages\/[^/]+|bench)\/dist\//] } },
      env: { NODE_ENV: 'test' },
      globalSetup: ['./test/support/bundle-server.ts'],
      pool: 'forks',
      maxWorkers: 2,
      testTimeout: HANGING_MS,
      hookTimeout: HANGING_MS,
      slowTestThreshold: 5_000,
      setupFiles: ['./test/support/costs-setup.ts'],
      reporters: ['default', './test/support/summary.ts'],
      dangerouslyIgnoreUnhandledErrors: false,
      passWithNoTests: false,
    },
  };
});
