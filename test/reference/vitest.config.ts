/** Runs the facts of test/objects on SwingSet's own liveslots: `npm run test:swingset`. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const FACTS = [
  ...['kinds', 'state', 'durability', 'collections', 'identity', 'watchers', 'patterns', 'far'],
  'data',
];

export default defineConfig({
  root: pathOf('../..'),
  plugins: [
    {
      name: 'swingset',
      enforce: 'pre',
      resolveId: id =>
        id.endsWith('/support/workbench.js') ? pathOf('swingset-workbench.ts') : undefined,
    },
  ],
  test: {
    include: FACTS.map(name => `test/objects/${name}.test.ts`),
    testNamePattern: /swingset: /,
    // The tags of files mean nothing here: every fact is checked once.
    strictTags: false,
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
