/**
 * Tests of all packages, in forked processes, two at a time: most tests start threads of their own
 * and CI has two cores.
 *
 * | project | what it runs |
 * | --- | --- |
 * | `units` | tests beside their modules, many files in one process |
 * | `plain`, `ses` | those that import testing/plain-worker.ts or ses.ts, which change a process |
 * | `threads` | tests of vats in threads, many files in one process, as a host may embed it |
 * | `alone` | those that look at their process or put it at risk: each file has its own |
 * | `processes` | IN_PROCESSES, with every vat in a child process |
 *
 * | mode | script | what it runs |
 * | --- | --- | --- |
 * | `test` | `npm test` | all but tests tagged `thorough`; few files with vats in processes |
 * | `all` | `npm run test:all` | everything, at the thorough amounts (suite/amounts.ts) |
 * | `smoke` | `npm run smoke` | SMOKE, on Node releases that do not run the rest |
 * | `rest`, `processes` | `npm run test:rest` | what `npm test` leaves out of `all` |
 *
 * `HEIRLOOM_PART=2/3` takes every third file of the last two modes, from the second on.
 *
 * Limits of time are guards against hanging: no verdict depends on the speed of the machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { builtSources } from './test/line-coverage/built-sources.js';
import { inPart, partOf } from './test/support/suite/parts.js';
import { mentionsTags, TAGS } from './test/support/suite/tags.js';

/**
 * What the ends, times and replays of a vat's worker have a part in: it runs twice, with every vat
 * in a thread and with every vat in a child process (test/support/kernels/fresh-kernels.ts).
 * `HEIRLOOM_ISOLATION=process` runs any other file so.
 */
const IN_PROCESSES = [
  'test/integration/first-light.test.ts',
  'test/kernel/exit.test.ts',
  'test/kernel/hostile/floods.test.ts',
  'test/kernel/hostile/worker.test.ts',
  'test/replay/restart.test.ts',
  'test/simulation/threads.test.ts',
  'test/upgrade/churn.test.ts',
  'test/upgrade/drain.test.ts',
  'test/upgrade/failures.test.ts',
  'test/upgrade/replay-mode.test.ts',
  'test/upgrade/rollback.test.ts',
  'test/upgrade/upgrade.test.ts',
];
/** The part of it that `npm test` runs. */
const IN_PROCESSES_SMOKE = ['test/integration/first-light.test.ts'];

/** Objects, upgrades, restarts, moves: what another release of Node may break. */
const SMOKE = [
  'test/engine/{adopt-engine,older-nodes}.test.ts',
  'test/integration/{first-light,bundle-formats}.test.ts',
  'test/kernel/{promises,traces}.test.ts',
  'test/objects/{collections,promises,data}.test.ts',
  'test/replay/restart.test.ts',
  'test/upgrade/{upgrade,failures,migration}.test.ts',
];

const UNITS = ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts'];
/** Their processes: counted, short of memory, measured, or with warnings that they listen to. */
const ALONE = [
  'test/kernel/{hostile,isolation}/*.test.ts',
  'test/kernel/log.test.ts',
  'test/objects/leaks.test.ts',
  'test/replay/*.test.ts',
  'test/upgrade/churn.test.ts',
  'test/house-style.test.ts',
];
const ROOT = import.meta.dirname;

const DIRECTORIES = [
  'packages/store/src',
  'packages/worker/src',
  'packages/kernel/src',
  'bench/src',
  'test',
];

const SOURCES: readonly (readonly [file: string, source: string])[] = DIRECTORIES.flatMap(
  directory =>
    readdirSync(path.join(ROOT, directory), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.test.ts'))
      .sort()
      .map(name => path.posix.join(directory, name.replaceAll(path.sep, '/')))
      .map(file => [file, readFileSync(path.join(ROOT, file), 'utf8')] as const),
);

const testFilesThat = (fits: (source: string) => boolean): string[] =>
  SOURCES.filter(([, source]) => fits(source)).map(([file]) => file);

const PART = partOf(process.env['HEIRLOOM_PART']);
/** It looks at the part itself: one file is much of what is thorough. */
const DIVIDES_ITSELF = 'test/hostile/pieces.test.ts';

/** What mode `rest` need not load: files without tags, and those of other parts. */
const passedOverByRest = (): string[] => {
  const tagged = testFilesThat(mentionsTags);
  const ours = inPart(tagged.filter(file => file !== DIVIDES_ITSELF), PART);
  return testFilesThat(source => !mentionsTags(source)).concat(
    tagged.filter(file => file !== DIVIDES_ITSELF && !ours.includes(file)),
  );
};

/** What they import first makes their realm something else, once and for all. */
const PLAIN = testFilesThat(source => source.includes("/testing/plain-worker.js';"));
const SES = testFilesThat(source => source.includes("/testing/ses.js';"));

/** Minutes: no test waits so long unless something hangs, also on a slow and busy machine. */
const HANGING_MS = 600_000;

const MODES = ['test', 'all', 'rest', 'processes', 'smoke'] as const;
type Mode = (typeof MODES)[number];

const NEVER_TESTS = ['**/node_modules/**', '**/dist/**'];
const SETUP = './test/support/suite/costs-setup.ts';
/** Where `npm run coverage` has the counts of V8 written to. */
const isCounted = process.env['HEIRLOOM_COVERAGE'] !== undefined;
const COUNTING = {
  execArgv: ['--import', path.join(ROOT, 'test/line-coverage/preload.mjs')],
  setup: ['./test/line-coverage/write-setup.ts'],
};
const KERNELS_SETUP = './test/support/suite/kernels-setup.ts';

interface Project {
  readonly include: string[];
  readonly exclude?: readonly string[];
  /** One process for many files, in which the modules that they import are evaluated once. */
  readonly shares?: boolean;
  readonly opensNoKernels?: boolean;
}

/** Of each project, unless the mode chooses fewer. */
const PROJECTS: Readonly<Record<'units' | 'plain' | 'ses' | 'threads' | 'alone', Project>> = {
  units: { include: UNITS, exclude: [...PLAIN, ...SES], shares: true, opensNoKernels: true },
  plain: { include: PLAIN, shares: true, opensNoKernels: true },
  ses: { include: SES, shares: true, opensNoKernels: true },
  threads: { include: ['test/**/*.test.ts'], exclude: ALONE, shares: true },
  alone: { include: ALONE },
};

const projectsOf = (mode: Mode) => {
  const thorough = mode === 'test' || mode === 'smoke' ? {} : { HEIRLOOM_THOROUGH: '1' };
  const passedOver = mode === 'rest' ? [...NEVER_TESTS, ...passedOverByRest()] : NEVER_TESTS;
  const project = (name: string, of: Project, env: Readonly<Record<string, string>> = {}) => ({
    extends: true as const,
    // A project reads this file again: in this mode, or it would take the filter of `npm test`.
    mode,
    test: {
      name,
      include: of.include,
      exclude: [...passedOver, ...(of.exclude ?? [])],
      isolate: of.shares !== true,
      setupFiles: [
        ...(isCounted ? COUNTING.setup : []),
        SETUP,
        ...(of.opensNoKernels === true ? [] : [KERNELS_SETUP]),
      ],
      env: { ...thorough, ...env },
    },
  });
  const inProcesses = mode === 'test' ? IN_PROCESSES_SMOKE : inPart(IN_PROCESSES, PART);
  const processes = project(
    'processes',
    { include: inProcesses },
    { HEIRLOOM_ISOLATION: 'process' },
  );
  if (mode === 'processes') return [processes];
  if (mode === 'smoke') return [project('smoke', { include: SMOKE })];
  const withThreads = Object.entries(PROJECTS).map(([name, of]) => project(name, of));
  return mode === 'rest' ? withThreads : [...withThreads, processes];
};

const FILTERS: Readonly<Record<Mode, string[]>> = {
  test: ['!thorough'],
  all: [],
  rest: ['thorough || sized'],
  processes: [],
  smoke: ['!thorough'],
};

export default defineConfig(({ mode: asked }) => {
  const mode = MODES.find(known => known === asked);
  if (mode === undefined) throw Error(`no mode "${asked}"; the modes: ${MODES.join(', ')}`);
  if (PART.of > 1 && mode !== 'rest' && mode !== 'processes') {
    throw Error(`HEIRLOOM_PART divides the modes rest and processes, not "${mode}"`);
  }
  const tagsFilter = FILTERS[mode];
  return {
    plugins: isCounted ? [builtSources] : [],
    test: {
      ...(isCounted ? { execArgv: COUNTING.execArgv } : {}),
      projects: projectsOf(mode),
      tags: TAGS,
      ...(tagsFilter.length === 0 ? {} : { tagsFilter }),
      // A package built is loaded by Node as it is, as a user's process loads it.
      server: { deps: { external: [/\/(packages\/[^/]+|bench)\/dist\//] } },
      env: { NODE_ENV: 'test' },
      globalSetup: ['./test/support/bundles/bundle-server.ts'],
      pool: 'forks',
      maxWorkers: 2,
      testTimeout: HANGING_MS,
      hookTimeout: HANGING_MS,
      slowTestThreshold: 5_000,
      reporters: ['default', './test/support/suite/summary.ts'],
      dangerouslyIgnoreUnhandledErrors: false,
      passWithNoTests: false,
    },
  };
});
