/**
 * The layers of each package, from the ground up: the one table that lint (rules.mjs), `npm run
 * layers` (main.mjs) and the drawings of ARCHITECTURE.md are made from.
 *
 * A *room* is a folder, or a file, directly below a tree's root. A room imports from rooms of lower
 * floors only. An arrow back up is an exception with a reason, and imports types alone. Tests and
 * folders called `testing` stand outside of the layers. See docs/internals/layers.md.
 */

/** What every tree keeps to; `roomsMax` is a tree's own. */
export const FLOORS_MAX = 9;
export const BACK_ARROWS_MAX = 5;

const KERNEL = {
  root: 'packages/kernel/src',
  roomsMax: 21,
  floors: [
    {
      base: 'errors, arguments, the powers of the host',
      state: 'tables, keys, rows, counters; the journal that undoes a crank',
    },
    {
      objects: 'counts, c-lists, promises and their queues, garbage',
      code: 'bundles, vat scripts, images',
      log: 'structured log and its records',
    },
    {
      merge: 'a crank, its syscalls checked and applied',
      services: 'vatAdmin, meters, timer, calls of host objects',
      vats: 'workers, threads and processes, paging, watchdog',
      audit: 'counts everything anew and compares',
    },
    { lifecycle: 'create, upgrade, fork, terminate, refresh, dry runs, rebuild' },
    { wave: 'plan, dispatch, merge in the order of the queue' },
    { core: 'the kernel without its host: blocks, inbox, results' },
    {
      host: 'what a host says, as inputs; options, statistics, metrics',
      'state-sync': 'export and import of the state',
      verify: 'replays a store and compares',
    },
    {
      'kernel.ts': 'the kernel as a host sees it',
      inspect: 'what a store holds, read without a kernel',
      'store-migration': 'stores of earlier schemas',
    },
    {
      'index.ts': 'what the package exports',
      'kernel-over.ts': 'kernels over other ways out than those of a host',
      cli: 'one file a command',
    },
  ],
  backArrows: [],
};

const LIVESLOTS = {
  root: 'packages/worker/src/liveslots',
  roomsMax: 12,
  floors: [
    { contract: 'what the rooms share: the context of a vat, errors, handlers of deliveries' },
    { rows: 'keys, frames and counters of the rows of a vat' },
    { objects: 'what garbage collection counts: entities, their headers, the ledger' },
    { kinds: 'kinds, their instances and state, migration of states' },
    { collections: 'stores, baggage, weak maps and sets' },
    {
      promises: 'promises, durable and watched ones, the codec of values',
      garbage: 'reap, sweep, cycles, migration in steps',
    },
    {
      references: 'the table between values and vrefs',
      upgrade: 'names of exports, kinds not yet claimed, forks',
    },
    { vat: 'all of it put together: VatData, dispatch, start' },
  ],
  backArrows: [
    {
      from: 'objects',
      to: 'kinds',
      why: 'the record of a vat lists its kinds and the instances that a crank has touched',
    },
  ],
};

const WORKER = {
  root: 'packages/worker/src',
  roomsMax: 21,
  floors: [
    {
      protocol: 'what crosses between kernel and worker: to-worker.ts, from-worker.ts',
      weave: 'how scripts of vats are instrumented',
      'check.ts': 'assertions of the hot path',
      'values.ts': 'objects and other values of vat code, told apart',
      'vat-services.ts': 'types for authors of vats: kernel objects',
    },
    {
      contracts: 'what liveslots, supervisor and zygote give each other, as types',
      'vat.ts': 'types for authors of vats',
    },
    { 'eventual-send': 'handled promises: how a send finds its target' },
    { liveslots: 'what vat code sees; its rooms are below' },
    {
      supervisor: 'deliveries into cranks; the rows that a crank sees; replay',
      audit: "a vat's rows counted anew",
    },
    { zygote: 'the image: SES, lockdown, compartment; entries of thread and process' },
    { 'index.ts': 'what the kernel takes from the package' },
  ],
  backArrows: [],
};

const STORE = {
  root: 'packages/store/src',
  roomsMax: 21,
  floors: [
    { steps: 'work that gives way: steps, sorting in steps' },
    {
      'host-error.ts': 'HostError: this host failed',
      'types.ts': 'tables, keys and changes of rows',
      codec: 'canonical values; text as bytes, and back',
      'addon-file.ts': "the file of lmdb's native addon",
    },
    {
      frames: 'msgpack frames',
      'store-place.ts': 'what a store takes from the outside',
      'keys.ts': 'spells every key',
      files: 'locks of the file system; the data file before LMDB maps it; checksums of rows',
      'schema-version.ts': 'which schema a store has',
    },
    {
      'environment.ts': 'talks to LMDB',
      'memory-place.ts': 'a place and its tables in memory',
      'block-hash.ts': 'the hash of a block',
    },
    {
      'directory.ts': 'a directory as the place of a store',
      'meta.ts': 'rows of table meta',
      'state-chunks.ts': 'the state in chunks',
    },
    { 'state-root.ts': 'the hash of the whole state', 'reader.ts': 'snapshots for workers' },
    { 'store.ts': 'blocks, committed', whole: 'a store from a state; a store that is checked' },
    { 'index.ts': 'what the package exports' },
  ],
  backArrows: [],
};

export const TREES = [KERNEL, WORKER, LIVESLOTS, STORE];

/** Packages among whose sources no name of a file occurs twice, but for index.ts. */
export const NAME_ROOTS = ['packages/kernel/src', 'packages/worker/src', 'packages/store/src'];

/** Where no run-time import may go in a circle: sources and tests alike. */
export const CIRCLE_ROOTS = [
  'packages/kernel/src',
  'packages/worker/src',
  'packages/store/src',
  'bench/src',
  'test',
];
