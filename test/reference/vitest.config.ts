/** Runs the facts of test/objects on SwingSet's own liveslots: `npm run test:swingset`. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { TAGS } from '../support/tags.js';

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
    tags: TAGS,
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
