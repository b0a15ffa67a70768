/** `heirloom inspect DIR`: what is in a store, on a closed or a running one. */
import type { Command } from 'commander';
import { KernelError } from '../base/kernel-errors.js';
import {
  inspectStore,
  type StoreInspection,
  type VatInspection,
} from '../inspect/inspect-store.js';
import { factsOf, print, shorten, showBytes, tableOf } from './output.js';
import { makeProgress, silentProgress } from './progress.js';

interface Flags {
  readonly json?: true;
  readonly vat?: string;
}

const TABLES_SHOWN = 20;
const NAMES_SHOWN = 20;

/** `treasury: ko22`, one a line; how many more there are. */
const showNames = ({ boundNames }: StoreInspection): string => {
  const shown = boundNames.slice(0, NAMES_SHOWN).map(({ name, kref }) => `${name}: ${kref}`);
  const more = boundNames.length - shown.length;
  const lines = [String(boundNames.length), ...shown];
  return (more > 0 ? [...lines, `and ${more} more`] : lines).join('\n');
};

const showEngine = ({ engine, knownEngines }: StoreInspection): string => {
  if ('name' in engine) return engine.name;
  const { imageId, observations } = engine;
  const shows = `shows ${observations.length} observations to image ${shorten(imageId)}`;
  return [shows, ...knownEngines].join('\n');
};

const showStore = (store: StoreInspection): string => {
  const { promises, queues, parameters } = store;
  const settled = `${promises.fulfilled} fulfilled, ${promises.rejected} rejected`;
  const { messages, notifies, lifecycle } = queues;
  const longest = queues.longest.map(queue => `${queue.promise}: ${queue.messages}`);
  return factsOf([
    ['height', store.height],
    ['block hash', store.blockHash],
    ['state root in it', store.sealedRoot ?? 'none'],
    ['schema', store.schema],
    ['engine', showEngine(store)],
    ['image', store.image],
    ['parameters', Object.entries(parameters).map(([name, v]) => `${name} ${v}`).join('\n')],
    ['last input', store.lastInput],
    ['data file', showBytes(store.fileBytes)],
    ['objects', store.objects],
    ['promises', `${promises.unresolved} unresolved, ${settled}`],
    ['references of the host', store.pins],
    ['names bound by the host', showNames(store)],
    ['run queue', `${messages} messages, ${notifies} notifies, ${lifecycle} lifecycle`],
    ['waiting on promises', [String(queues.waiting), ...longest].join('\n')],
    ['garbage to tell of', queues.toCollect],
  ]);
};

const VAT_HEAD = [
  'vat',
  'id',
  'state',
  'incarnation',
  'bundle',
  'deliveries',
  'transcript',
  'exports',
  'imports',
  'promises',
  'rows',
  'bytes',
];

const showVats = (vats: readonly VatInspection[]): string =>
  tableOf(
    VAT_HEAD,
    vats.map(vat => [
      vat.name,
      vat.vatId,
      vat.state,
      vat.incarnation,
      shorten(vat.bundleId),
      vat.deliveries,
      vat.transcript.rows,
      vat.clist.exports,
      vat.clist.imports,
      vat.clist.promises,
      vat.rows.rows,
      showBytes(vat.rows.bytes),
    ]),
  );

/** `3 of 0, 97 of 2`; nothing where there never was another version. */
const showStates = ({ version, states }: VatInspection['kinds'][number]): string =>
  version === 0 || version === null
    ? ''
    : states.map(state => `${state.instances} of ${state.version}`).join(', ');

const showKinds = (vats: readonly VatInspection[]): string =>
  tableOf(
    ['vat', 'kind', 'tag', 'durable', 'facets', 'states by version', 'rows', 'bytes'],
    vats.flatMap(({ name, kinds }) =>
      kinds.map(kind => [
        name,
        kind.kind,
        kind.tag ?? '',
        kind.durable,
        kind.facets?.join(', ') ?? '',
        showStates(kind),
        kind.rows,
        showBytes(kind.bytes),
      ]),
    ),
  );

const showRowTables = ({ rowTables }: VatInspection): string =>
  tableOf(
    ['table', 'rows of the vat', 'rows', 'bytes'],
    rowTables.map(({ table, part, rows, bytes }) => [table, part, rows, showBytes(bytes)]),
  );

const showTables = ({ tables }: StoreInspection): string =>
  tableOf(
    ['table', 'part', 'rows', 'bytes'],
    tables
      .slice(0, TABLES_SHOWN)
      .map(({ table, part, rows, bytes }) => [table, part, rows, showBytes(bytes)]),
  );

const findVat = ({ vats }: StoreInspection, nameOrId: string): VatInspection => {
  // Several vats that have ended may have had the name; the one that runs has it now.
  const named = vats.filter(({ name, vatId }) => name === nameOrId || vatId === nameOrId);
  const found = named.find(({ state }) => state !== 'terminated') ?? named.at(-1);
  if (found !== undefined) return found;
  const known = vats.map(({ name }) => name).join(', ') || 'none';
  throw new KernelError('UNKNOWN_VAT', `no vat ${JSON.stringify(nameOrId)}; there are: ${known}`);
};

const describe = (store: StoreInspection, name: string | undefined): string[] => {
  if (name === undefined) {
    return [showStore(store), showVats(store.vats), showKinds(store.vats), showTables(store)];
  }
  const vat = findVat(store, name);
  return [showVats([vat]), showKinds([vat]), showRowTables(vat)];
};

const run = async (directory: string, { json, vat }: Flags): Promise<void> => {
  const progress = json === true ? silentProgress : makeProgress(process.stderr);
  const store = await inspectStore(directory, rows => progress.show('rows read', rows, rows));
  progress.stop();
  if (json === true) print(JSON.stringify(vat === undefined ? store : findVat(store, vat)));
  else for (const text of describe(store, vat)) print(text);
};

const DESCRIPTION =
  'Reads the newest block of a store, whether a kernel has it open or not, and changes nothing: ' +
  'vats, durable kinds with their row counts, queues, c-lists, the biggest tables.';

export const addInspectCommand = (program: Command): void => {
  program
    .command('inspect')
    .summary('what is in a store: vats, kinds, queues, tables')
    .description(DESCRIPTION)
    .argument('<directory>', 'the store')
    .option('--vat <name>', 'one vat, by name or id, in detail')
    .option('--json', 'print one JSON object instead of tables')
    .action(run);
};
