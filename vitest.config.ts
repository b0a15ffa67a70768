/**
 * Tests of all packages, in forked processes: SES lockdown and LMDB environments are per process.
 * Two at a time, since most tests start threads of their own and CI has two cores.
 *
 * What is in IN_PROCESSES runs twice: with every vat in a thread, and with every vat in a child
 * process (test/support/kernels.ts). It is what the worker's ends, its times and its replays have a
 * part in; `HEIRLOOM_ISOLATION=process` runs any other file so.
 */
import { defineConfig } from 'vitest/config';

const IN_PROCESSES = [
  'test/integration/{bundle-formats,bad-input,first-light}.test.ts',
  'test/kernel/exit.test.ts',
  'test/kernel/hostile/{depth,worker}.test.ts',
  'test/models/{preimages,reads,routing,settling}.test.ts',
  'test/objects/promises.test.ts',
  'test/replay/restart.test.ts',
  'test/simulation/threads.test.ts',
  'test/upgrade/{churn,drain,durable-promises,failures,replay-mode,rollback,upgrade}.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'threads',
          include: ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'test/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: IN_PROCESSES,
          env: { HEIRLOOM_ISOLATION: 'process' },
        },
      },
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // A package built is loaded by Node as it is, as a user's process loads it.
    server: { deps: { external: [/\/(packages\/[^/]+|bench)\/dist\//] } },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    slowTestThreshold: 5_000,
    reporters: ['default'],
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
  },
});
