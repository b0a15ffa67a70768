/**
 * The checks of docs and house style that a machine can make: sizes, types, what may reach the
 * clock, and which way imports point (bench, examples, test -> kernel -> worker, store; within a
 * package by lint/layers.mjs).
 *
 * In a flat config the last block that matches a file sets a rule whole; lists do not add up. So
 * the lists below are put together here, and the narrower block stands later.
 */
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { CIRCLE_ROOTS } from './lint/layers.mjs';
import { heirloom } from './lint/rules.mjs';

const SOURCE = ['packages/*/src/**/*.ts'];
const TESTS = ['**/*.test.ts', '**/testing/**/*.ts', 'test/**/*.ts'];
/** What test/tsconfig.json type-checks; the other files have a project of their own. */
const VAT_TYPES = 'packages/worker/types/**/*.ts';
const IN_TEST_PROJECT = ['**/*.test.ts', 'test/**/*.ts', 'vitest.config.ts', VAT_TYPES];
/** Vats in TypeScript: they know the types of vat code and nothing of Node. */
const VATS = ['test/vats/**/*.ts', VAT_TYPES];
const VATS_PROJECT = 'test/vats/typescript/tsconfig.json';
const HOST_POWERS = ['packages/*/src/**/*host-powers.ts'];
/** The clock, and everything else that two runs would not see alike. */
const AMBIENT_GLOBALS = [
  'Date',
  'performance',
  'Intl',
  'setTimeout',
  'setInterval',
  'clearTimeout',
  'clearInterval',
];
const INJECT = 'Not a function of the inputs: take it from host-powers.ts, as a parameter.';

const AMBIENT_PROPERTIES = [
  ...AMBIENT_GLOBALS.map(property => ({ object: 'globalThis', property })),
  { object: 'globalThis', property: 'setImmediate' },
  { object: 'Math', property: 'random' },
  { object: 'process', property: 'env' },
  { object: 'process', property: 'hrtime' },
  { property: 'localeCompare' },
  { property: 'toLocaleString' },
  { property: 'toLocaleLowerCase' },
  { property: 'toLocaleUpperCase' },
];

/** The types of SES declare it everywhere. */
const NO_GLOBAL_ASSERT = {
  name: 'assert',
  message: 'Only vats have a global assert: import node:assert/strict, or check.js in the image.',
};

const globalsBan = names => ['error', ...names.map(name => ({ name, message: INJECT }))];

const group = (patterns, message) => ({ group: patterns, message });

/** Modules that hand out what the globals above do. */
const AMBIENT_MODULES = [
  ...['timers', 'timers/promises', 'perf_hooks'].map(name => ({ name: `node:${name}` })),
  { name: 'node:process', importNames: ['env', 'hrtime'] },
  {
    name: 'node:crypto',
    importNames: ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID'],
  },
].map(module => ({ ...module, message: INJECT }));

/** The directions of the house style, as patterns by where the importing file stands. */
const NO_DIST = group(
  ['@heirloom/*/dist', '@heirloom/*/dist/**', '@heirloom/*/src/**'],
  'Import what the package exports, not its files.',
);
const NO_CLIMBING = {
  regex: '^(\\.\\./)+(packages/)?(store|worker|kernel|bench)/(src|dist)/',
  message: 'Import another package by its name.',
};
const NO_LMDB = group(['lmdb', 'lmdb/**'], 'Only packages/store talks to lmdb.');
const NO_KERNEL = group(
  ['@heirloom/kernel', '@heirloom/kernel/**', '@heirloom/bench', '@heirloom/test'],
  'Imports point one way: kernel -> worker -> store.',
);
const NO_WORKER = group(
  ['@heirloom/worker', '@heirloom/worker/**'],
  'The store knows no vat code and no liveslots.',
);
const NO_STORE_ROOT = {
  regex: '^@heirloom/store(/(environment|reader|store))?$',
  allowTypeImports: true,
  message: 'This loads lmdb: import a subpath that does not. zygote/warm.ts opens the store.',
};
/** What the bundler's thread loads: it has no use for a store, and starts sooner without. */
const BUNDLER_THREAD = [
  'bundler-thread',
  'archive-*',
  'compiled-modules',
  'refusals',
  'told-places',
].map(name => `packages/kernel/src/code/${name}.ts`);
const NO_STORE_IN_THREAD = {
  ...NO_STORE_ROOT,
  message: 'This loads lmdb, in the thread of the bundler, too: import a subpath that does not.',
};
const NO_BENCH = group(['@heirloom/bench', '@heirloom/test'], 'The kernel knows no bench.');
const KERNEL_ONLY = group(
  ['@heirloom/*', '!@heirloom/kernel'],
  'An example does what a host does: @heirloom/kernel is all that it has.',
);

const EVERYWHERE = [NO_DIST, NO_CLIMBING];
const WORKER = [...EVERYWHERE, NO_LMDB, NO_KERNEL];

const importBlock = (files, patterns, paths = []) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths, patterns }] },
});

/** One package: its sources, then its tests and its host-powers.ts, which may use the clock. */
const packageImports = (name, patterns, testPatterns = patterns) => {
  const inPackage = `packages/${name}/src/**/*.ts`;
  const within = globs => globs.map(glob => [inPackage, glob]);
  return [
    importBlock([inPackage], patterns, AMBIENT_MODULES),
    importBlock(within(HOST_POWERS), patterns),
    importBlock(within(TESTS), testPatterns),
  ];
};

export default defineConfig(
  globalIgnores(['**/dist/**', '**/coverage/**', '**/*.heirloom/**', '**/node_modules/**']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.js', '**/*.mjs'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: { parser: tseslint.parser },
    rules: {
      eqeqeq: 'error',
      'no-empty': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'max-len': ['error', { code: 100, ignoreUrls: true, ignoreRegExpLiterals: true }],
      'max-lines': ['error', 500],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
    },
  },
  {
    files: TESTS,
    rules: { 'max-lines': ['error', 800], 'max-lines-per-function': 'off' },
  },
  {
    // What does not compile is its subject.
    files: ['packages/kernel/src/state/brands.test.ts'],
    rules: {
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description' },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: IN_TEST_PROJECT,
    languageOptions: { parserOptions: { projectService: true } },
  },
  {
    files: IN_TEST_PROJECT,
    languageOptions: { parserOptions: { project: ['test/tsconfig.json'] } },
  },
  { files: VATS, languageOptions: { parserOptions: { project: [VATS_PROJECT] } } },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: SOURCE,
    ignores: [...TESTS, ...HOST_POWERS],
    rules: {
      'no-restricted-properties': [
        'error',
        ...AMBIENT_PROPERTIES.map(entry => ({ ...entry, message: INJECT })),
      ],
    },
  },
  {
    files: SOURCE,
    ignores: [...TESTS, ...HOST_POWERS, 'packages/worker/src/supervisor/**'],
    rules: {
      'no-restricted-globals': [
        ...globalsBan([...AMBIENT_GLOBALS, 'setImmediate', 'clearImmediate']),
        NO_GLOBAL_ASSERT,
      ],
    },
  },
  {
    // Crank boundaries are setImmediate turns (docs/protocol.md, "A crank").
    files: ['packages/worker/src/supervisor/**/*.ts'],
    ignores: [...TESTS, ...HOST_POWERS],
    rules: { 'no-restricted-globals': [...globalsBan(AMBIENT_GLOBALS), NO_GLOBAL_ASSERT] },
  },
  {
    files: CIRCLE_ROOTS.map(root => `${root}/**/*.ts`),
    plugins: { heirloom },
    rules: {
      'heirloom/layers': 'error',
      'heirloom/no-circles': 'error',
      'heirloom/ways-out': 'error',
      'heirloom/brands': 'error',
      'heirloom/no-needless-exports': 'error',
    },
  },
  ...packageImports('store', [...EVERYWHERE, NO_KERNEL, NO_WORKER]),
  ...packageImports('worker', [...WORKER, NO_STORE_ROOT], WORKER),
  importBlock(['packages/worker/src/zygote/warm.ts'], WORKER, AMBIENT_MODULES),
  ...packageImports('kernel', [...EVERYWHERE, NO_LMDB, NO_BENCH]),
  importBlock(
    BUNDLER_THREAD,
    [...EVERYWHERE, NO_LMDB, NO_BENCH, NO_STORE_IN_THREAD],
    AMBIENT_MODULES,
  ),
  importBlock(['bench/**/*.ts', 'test/**/*.ts'], [...EVERYWHERE, NO_LMDB]),
  importBlock(['examples/**/*.js', 'examples/**/*.mjs'], [...EVERYWHERE, NO_LMDB, KERNEL_ONLY]),
);
