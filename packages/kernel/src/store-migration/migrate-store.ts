/**
 * Migrates a store of an older schema to this release's, as one block.
 *
 * Invariants: a verified copy is made before anything is changed; the block is one transaction, so
 * a crash leaves the old store or the new one; same store, same release: same block hash. The block
 * also makes the release's image the one for new incarnations (decisions/065): vats stay on theirs.
 */
import path from 'node:path';
import {
  heightAfter,
  HostError,
  inspectDirectory,
  metaKey,
  SCHEMA_VERSION,
  Store,
  type Height,
  type RowChange,
} from '@heirloom/store';
import { imageIdFrom, readImage } from '@heirloom/worker';
import { auditTables } from '../audit/audit-tables.js';
import { checkFields, checkPath } from '../base/arguments.js';
import { nowMs } from '../base/kernel-host-powers.js';
import { hostBundling } from '../code/host-bundling.js';
import { imageRows } from '../code/images.js';
import { InstalledBundles } from '../code/installed.js';
import { READERS_MAX } from '../core/kernel-core.js';
import { deriveBundles } from '../host/adoption.js';
import { isSealed } from '../state/parameters.js';
import { storedParameters } from '../state/store-meta.js';
import { backUp } from './backup.js';
import { MigrationRows } from './migration-rows.js';
import { stepsFrom, type MigrationStep } from './steps.js';

export interface MigrateOptions {
  readonly directory: string;
  /** Where the copy goes: a directory that is empty or absent. Default: beside the store. */
  readonly backup?: string;
}

export interface MigrationReport {
  /** False: the store has this release's schema already; nothing was changed. */
  readonly migrated: boolean;
  readonly from: number;
  readonly to: number;
  /** What the steps were. */
  readonly steps: readonly string[];
  /** Rows of the migration's block. */
  readonly rows: number;
  /** A whole store, as it was: null when nothing was changed. */
  readonly backup: string | null;
  readonly height: Height;
  readonly blockHash: string;
  readonly milliseconds: number;
}

const needSteps = (schema: number): readonly MigrationStep[] => {
  const steps = stepsFrom(schema);
  if (steps !== undefined) return steps;
  throw new HostError('STORE_SCHEMA', `this release cannot migrate schema ${schema}.`);
};

/** The release's image for new incarnations, with the script of every bundle for it. */
const adoptReleaseImage = async (rows: MigrationRows): Promise<void> => {
  const image = readImage();
  const bundles = new InstalledBundles(rows, { currentId: imageIdFrom(image.id) });
  for (const bundle of await deriveBundles(bundles, hostBundling)) bundles.add(bundle);
  const changes: RowChange[] = imageRows(image);
  bundles.changes(changes);
  for (const { table, key, value } of changes) rows.set(table, key, value);
};

/** Errors: HostError STORE_CORRUPT: the tables disagree with each other. */
const checkTables = (rows: MigrationRows): void => {
  const { ok, findings, findingCount } = auditTables(rows);
  const [first] = findings;
  if (ok || first === undefined) return;
  const why = `${findingCount} times; first: ${first.rule}: ${first.text}`;
  throw new HostError('STORE_CORRUPT', `once migrated, its tables would disagree, ${why}`);
};

const migrate = async (store: Store, steps: readonly MigrationStep[]): Promise<number> => {
  const rows = new MigrationRows(store);
  const height = heightAfter(store.head.height);
  let sealed = false;
  // A store that no kernel has opened yet has nothing but its schema.
  if (store.get('meta', metaKey('parameters')) !== undefined) {
    for (const step of steps) step.apply(rows);
    await adoptReleaseImage(rows);
    checkTables(rows);
    sealed = isSealed(height, storedParameters(rows));
  }
  const changes = rows.changes();
  await store.commit({ height, changes, unhashed: [], sealed, schema: SCHEMA_VERSION });
  return changes.length;
};

const openAnySchema = async (directory: string): Promise<Store> => {
  if (inspectDirectory(directory) !== 'store') {
    throw new HostError('NOT_A_STORE', `${directory} holds no store.`);
  }
  return Store.open({ directory, readersMax: READERS_MAX, olderSchemas: true });
};

/**
 * Errors: HostError NOT_A_STORE, STORE_LOCKED, STORE_SCHEMA (newer, or too old), STORE_CORRUPT,
 * NOT_EMPTY (the backup), STORE_IO, COMMIT_FAILED; KernelError BAD_OPTION, BAD_BUNDLE. The store is
 * as it was then.
 */
export const migrateStore = async (options: MigrateOptions): Promise<MigrationReport> => {
  checkFields('migrateStore', options, ['directory', 'backup']);
  checkPath('migrateStore', 'directory', options.directory);
  if (options.backup !== undefined) checkPath('migrateStore', 'backup', options.backup);
  const began = nowMs();
  const directory = path.resolve(options.directory);
  const store = await openAnySchema(directory);
  try {
    const from = store.schema;
    const steps = needSteps(from);
    const migrated = steps.length > 0;
    let backup: string | null = null;
    let rows = 0;
    if (migrated) {
      backup = path.resolve(options.backup ?? `${directory}.schema-${from}`);
      await backUp({ store, directory, to: backup });
      rows = await migrate(store, steps);
    }
    return {
      migrated,
      from,
      to: SCHEMA_VERSION,
      steps: steps.map(({ what }) => what),
      rows,
      backup,
      height: store.head.height,
      blockHash: Buffer.from(store.head.hash).toString('hex'),
      milliseconds: Math.round(nowMs() - began),
    };
  } finally {
    await store.close();
  }
};
