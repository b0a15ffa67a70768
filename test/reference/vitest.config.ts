/** Runs the facts of test/objects on SwingSet's own liveslots: `npm run test:swingset`. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { TAGS } from '../support/suite/tags.js';

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const FACTS = [
  ...['kinds', 'state', 'durability', 'collections', 'identity', 'watchers', 'patterns', 'far'],
  'data',
];

/** Minutes: no test waits so long unless something hangs. */
const HANGING_MS = 600_000;

export default defineConfig({
  root: pathOf('../..'),
  plugins: [
    {
      name: 'swingset',
      enforce: 'pre',
      resolveId: id =>
        id.endsWith('/support/drivers/workbench.js') ? pathOf('swingset-workbench.ts') : undefined,
    },
  ],
  test: {
    include: FACTS.map(name => `test/objects/${name}.test.ts`),
    testNamePattern: /swingset: /,
    tags: TAGS,
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: HANGING_MS,
    hookTimeout: HANGING_MS,
    passWithNoTests: false,
  },
});
