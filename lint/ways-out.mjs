/**
 * Where the sources of the kernel and the store reach the outside: files, threads, processes,
 * clocks, timers, LMDB. The one table; docs/internals/ways-out.md says it in prose.
 *
 * A module of Node that is not named here as one that only computes counts as outside, so a new one
 * is refused until somebody has thought about it. Types are free: nothing of them exists at run
 * time.
 */

import { ALL } from './imports.mjs';

/** Sources that the table is about. */
export const ROOTS = ['packages/kernel/src', 'packages/store/src'];

/** Modules of Node that only compute. Randomness of node:crypto is refused by another rule. */
const COMPUTING = [
  ...['node:assert', 'node:assert/strict', 'node:buffer', 'node:crypto', 'node:path'],
  ...['node:url', 'node:util', 'node:vm', 'node:zlib'],
];

/** Packages of others that reach the outside. */
const OUTSIDE_PACKAGES = ['lmdb', 'piscina', '@endo/bundle-source', 'esbuild'];

/** Functions that reach it, where they are imported from: a kernel has a `Clock` instead. */
const OUTSIDE_NAMES = [
  {
    module: /\/kernel-host-powers\.js$/,
    names: ['nowMs', 'nextTurn', 'repeat', 'hostClock', 'warnHost', 'debugRoot', 'watchPauses'],
  },
  { module: /\/bundler\.js$/, names: ['runArchiveJob', 'runBundleJob'] },
  { module: /\/weaver\.js$/, names: ['runScriptJob'] },
  { module: /\/host-engine\.js$/, names: ['hostEngine', 'observeBy'] },
  {
    module: /^@heirloom\/worker$/,
    names: ['readImage', 'produceWarmCodeCache', 'observeEngine', 'readBuiltObservations'],
  },
  {
    module: /^@heirloom\/store$/,
    names: [
      ...['checkStore', 'copyDataFile', 'directoryPlace', 'inspectDirectory'],
      ...['openReader', 'StoreImport'],
    ],
  },
];

/** Files, and folders with a stroke at the end: what each of them is a way to. */
export const PLACES = {
  // Of an open kernel: an interface stands before each, and host-ways.ts fills it in.
  'packages/kernel/src/host/host-ways.ts': 'puts together the ways out of an open kernel',
  'packages/kernel/src/base/kernel-host-powers.ts': 'clocks, timers, the engine, warnings',
  'packages/kernel/src/code/code-caches.ts': 'a thread that makes code caches',
  'packages/kernel/src/code/host-engine.ts': 'a thread that looks at the engine',
  'packages/kernel/src/state/note-file.ts': 'the note of what runs',
  'packages/kernel/src/vats/thread-channel.ts': 'workers in threads',
  'packages/kernel/src/vats/process-channel.ts': 'workers in child processes',
  'packages/kernel/src/host/memory.ts': 'the memory of this process',
  'packages/kernel/src/host/end-process.ts': 'the end of this process',
  'packages/store/src/environment.ts': 'LMDB',
  'packages/store/src/directory.ts': 'the files of a store',
  'packages/store/src/files/': 'locks of the file system; the data file, before LMDB maps it',
  'packages/store/src/addon-file.ts': "the file of lmdb's addon, for workers",
  'packages/kernel/src/code/host-bundling.ts': 'bundles and configurations from files',
  'packages/kernel/src/code/bundler.ts': "the bundler's thread",
  'packages/kernel/src/code/bundler-thread.ts': 'the bundler',
  'packages/kernel/src/code/weaver.ts': "the weaver's thread",
  'packages/kernel/src/code/source-places.ts': 'the reader of source maps that Node has',
  // Beside a kernel: functions of their own over directories.
  'packages/kernel/src/code/bundle-vat.ts': 'bundleVat: the entry that is to be bundled',
  'packages/kernel/src/code/module-bundler.ts': "esbuild, which reads a vat's modules",
  'packages/kernel/src/code/author-module.ts': "esbuild again, over an author's modules",
  'packages/kernel/src/code/bundle-failures.ts': 'modules that Node has',
  'packages/kernel/src/code/marked-files.ts': 'how files begin',
  'packages/kernel/src/inspect/': 'stores that are read without a kernel',
  'packages/kernel/src/state-sync/': 'exports and imports',
  'packages/kernel/src/store-migration/': 'stores of earlier schemas',
  'packages/kernel/src/verify/': 'stores that are replayed',
  'packages/kernel/src/cli/': 'the command line',
  'packages/kernel/src/index.ts': 'what the package exports',
  'packages/store/src/whole/': 'a directory that becomes a store; a store that is read whole',
};

/** May the file reach the outside? Tests and files that the table is not about may. */
export const isPlace = file =>
  !ROOTS.some(root => file.startsWith(`${root}/`)) ||
  file.endsWith('.test.ts') ||
  file.includes('/testing/') ||
  Object.keys(PLACES).some(it => (it.endsWith('/') ? file.startsWith(it) : file === it));

const isOutsideModule = specifier => {
  if (specifier.startsWith('node:')) return !COMPUTING.includes(specifier);
  return OUTSIDE_PACKAGES.some(name => specifier === name || specifier.startsWith(`${name}/`));
};

/** What of an import is outside: the module, a name of it (ALL: it is taken whole), or nothing. */
export const outsideOf = (specifier, names) => {
  if (isOutsideModule(specifier)) return specifier;
  const entry = OUTSIDE_NAMES.find(({ module }) => module.test(specifier));
  return entry && names.find(name => name === ALL || entry.names.includes(name));
};
