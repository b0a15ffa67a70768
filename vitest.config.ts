/**
 * Tests of all packages, in forked processes: SES lockdown and LMDB environments are per process.
 * Two at a time, since most tests start threads of their own and CI has two cores.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // A package built is loaded by Node as it is, as a user's process loads it.
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
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
