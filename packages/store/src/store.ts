/**
 * The kernel's store: the single writer of one place, and a read view of the newest block.
 *
 * Invariants:
 * - Heights rise by one; `meta` height, the block's rows and its hash are one write of the
 *   environment.
 * - `commit` resolves only when the block is durable. Until then reads show the block before.
 * - After a commit that did not succeed nothing is read or written any more: every call throws the
 *   same HostError (rules.md#s1). Reopening shows the last block that was durable.
 * - All tables exist and are open before `open` returns, so before the first thread (rules.md#s3).
 *
 * Block 0 is the creation of the store and holds `meta` schema and height.
 */
import assert from 'node:assert/strict';
import { hashing, NO_HASH, orderingRows } from './block-hash.js';
import { directoryPlace } from './directory.js';
import { DamageError, describeError, HostError } from './host-error.js';
import { packFrame } from './frames/frame.js';
import { blockKey, metaKey } from './keys.js';
import { readMetaInteger } from './meta.js';
import { assertSchema, SCHEMA_VERSION, type SchemaChoice } from './schema-version.js';
import {
  hashingState,
  packBlockRecord,
  sealedHash,
  unpackBlockRecord,
  WrittenOver,
  type BlockRecord,
  type Seal,
} from './state-root.js';
import type { Environment, PlaceLock, StorePlace } from './store-place.js';
import {
  FIRST_HEIGHT,
  heightAfter,
  heightFrom,
  UNHASHED_TABLES,
  type BinaryKey,
  type Height,
  type ReadView,
  type RowChange,
  type RowScan,
  type TableName,
} from './types.js';
import { atOnce, type DriveSteps, type Steps } from './steps/stepwise.js';

export interface StoreOptions extends StoreChoices {
  readonly directory: string;
}

export interface StoreChoices extends SchemaChoice {
  /** Read transactions at a time over all threads and processes: threads + 64 (rules.md#s3). */
  readonly readersMax: number;
}

export interface Head {
  readonly height: Height;
  readonly hash: Uint8Array;
  /** Of a sealed block: what its hash is made of. */
  readonly seal?: Seal;
}

export interface Block {
  /** One more than the head's. */
  readonly height: Height;
  /** Rows of hashed tables, in any order, each once. `meta` schema and height are the store's. */
  readonly changes: readonly RowChange[];
  /** Rows of `local`, each once. */
  readonly unhashed: readonly RowChange[];
  /** The block's hash is to contain the state root: the whole state is read. Default: no. */
  readonly sealed?: boolean;
  /** Does the steps of what may take long, with turns for others. Default: all at a stretch. */
  readonly drive?: DriveSteps;
  /** The store has this schema from the block on. Default: the one that it has. */
  readonly schema?: number;
}

export class Store implements ReadView {
  readonly #place: StorePlace;
  readonly #environment: Environment;
  readonly #lock: PlaceLock;
  #head: Head;
  /** Set once the store is dead: what every call throws. */
  #failure: HostError | undefined;
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(place: StorePlace, environment: Environment, lock: PlaceLock, head: Head) {
    this.#place = place;
    this.#environment = environment;
    this.#lock = lock;
    this.#head = head;
  }

  /** As `openAt`, in a directory. */
  static open({ directory, ...choices }: StoreOptions): Promise<Store> {
    return Store.openAt(directoryPlace(directory), choices);
  }

  /**
   * Creates or reopens a store.
   *
   * Errors: HostError NOT_A_STORE, STORE_LOCKED, STORE_SCHEMA, STORE_CORRUPT, STORE_IO,
   * COMMIT_FAILED (creation). What stood in the place before is unchanged.
   */
  static async openAt(place: StorePlace, choices: StoreChoices): Promise<Store> {
    const lock = place.lock();
    try {
      const isStore = place.prepare();
      const environment = place.openEnvironment(choices.readersMax);
      try {
        const head = isStore
          ? openTables(environment, place.name, choices)
          : await create(environment, place);
        return new Store(place, environment, lock, head);
      } catch (error) {
        await environment.close();
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** The newest durable block. The hash is not to be changed. */
  get head(): Head {
    this.#assertUsable();
    return this.#head;
  }

  get(table: TableName, key: BinaryKey): Uint8Array | undefined {
    this.#assertUsable();
    return this.#environment.get(table, key);
  }

  keysAfter(table: TableName, after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    this.#assertUsable();
    return this.#environment.keysAfter(table, { after, end, limit });
  }

  /**
   * Writes a block and returns its hash. The values must not change until the promise settles.
   *
   * Errors: AssertionError before anything is written (wrong height, a row twice, a wrong table, a
   * commit under way); HostError COMMIT_FAILED, STORE_GONE, STORE_CORRUPT, and the store is dead.
   * Source: rules.md#s1, rules.md#t6.
   */
  async commit(block: Block): Promise<Uint8Array> {
    this.#assertUsable();
    assert.equal(this.#writing, undefined, 'commit: one is under way');
    assert.equal(block.height, heightAfter(this.#head.height), 'commit: height');
    assertTables(block);
    this.assertInPlace();
    const writing = this.#write(block);
    this.#writing = writing.then(ignore, ignore);
    try {
      const record = await writing;
      this.#head = { height: block.height, ...record };
      return record.hash;
    } finally {
      this.#writing = undefined;
    }
  }

  async #write(block: Block): Promise<BlockRecord> {
    const { height, sealed, drive = driveAtOnce } = block;
    const { rows, hash: plain } = await drive(rowsOfBlock(this.#head.hash, block));
    try {
      const record = sealed === true
        ? await drive(sealing(plain, rows, this.#environment))
        : { hash: plain };
      await this.#environment.write([...rows, blockRow(height, record)], block.drive);
      return record;
    } catch (error) {
      this.#failure = commitError(this.#place.name, height, error);
      throw this.#failure;
    }
  }

  /** The schema of the newest durable block: not `SCHEMA_VERSION` only with `olderSchemas`. */
  get schema(): number {
    this.#assertUsable();
    return readMetaInteger(this.#environment, 'schema') ?? assert.fail('a store has a schema');
  }

  /**
   * Looks whether the store's directory still has its name.
   *
   * Errors: HostError STORE_GONE, and the store is dead: workers that start would not find it, and
   * another kernel might take its name.
   */
  assertInPlace(): void {
    this.#assertUsable();
    try {
      this.#lock.assertHeld();
    } catch (error) {
      if (error instanceof HostError) this.#failure = error;
      throw error;
    }
  }

  /** Frees the places of reader processes that died; returns their count (rules.md#s4). */
  readerCheck(): number {
    this.#assertUsable();
    return this.#environment.readerCheck();
  }

  /** How much room the store takes: see `StorePlace`. */
  sizeBytes(): number {
    this.#assertUsable();
    return this.#place.sizeBytes();
  }

  /**
   * Waits for a commit under way. All reader threads must have exited, or `readersGone` resolves
   * when they will have: then the store can be opened again at once, and only the environment waits
   * for them, so that a reader's end is never the last, which takes the opening lock
   * (files/lock.ts).
   * Idempotent.
   */
  async close(readersGone?: Promise<void>): Promise<void> {
    this.#closing ??= this.#close(readersGone);
    return this.#closing;
  }

  async #close(readersGone?: Promise<void>): Promise<void> {
    await this.#writing;
    this.#failure ??= new HostError('STORE_CLOSED', `${this.#place.name} was closed.`);
    if (readersGone !== undefined) {
      this.#lock.release();
      // Nobody is there to be told how that ended.
      void readersGone.then(() => this.#environment.close()).then(ignore, ignore);
      return;
    }
    try {
      await this.#environment.close();
    } finally {
      this.#lock.release();
    }
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function ignore(): void {}

const driveAtOnce: DriveSteps = async (steps) => atOnce(steps);

/** Looks at the schema before any other table, so that a store of another is left as it is. */
function openTables(environment: Environment, where: string, choice: SchemaChoice): Head {
  const schema = environment.openTable('meta', { create: false })
    ? readMetaInteger(environment, 'schema')
    : undefined;
  assertSchema(where, schema, choice);
  const missing = environment.openTables({ create: false });
  if (missing.length > 0) {
    throw new HostError('STORE_CORRUPT', `${where} lacks ${missing.join(', ')}. Restore a backup.`);
  }
  const height = readMetaInteger(environment, 'height');
  if (height === undefined) {
    throw new DamageError({ where, table: 'meta', key: metaKey('height'), why: 'it is missing' });
  }
  const key = blockKey(height);
  const bytes = environment.get('blocks', key);
  const record = bytes && unpackBlockRecord(bytes);
  if (record === undefined) {
    const why = bytes === undefined ? 'the last block is missing' : 'it is no hash of a block';
    throw new DamageError({ where, table: 'blocks', key, why });
  }
  return { height: heightFrom(height), ...record };
}

/** Creates all tables and block 0. */
async function create(environment: Environment, place: StorePlace): Promise<Head> {
  environment.openTables({ create: true });
  const block = { height: FIRST_HEIGHT, changes: [], unhashed: [], schema: SCHEMA_VERSION };
  const { rows, hash } = atOnce(rowsOfBlock(NO_HASH, block));
  try {
    await environment.write([...rows, blockRow(FIRST_HEIGHT, { hash })]);
    place.endCreation();
  } catch (error) {
    throw commitError(place.name, FIRST_HEIGHT, error);
  }
  return { height: FIRST_HEIGHT, hash };
}

function assertTables({ changes, unhashed }: Block): void {
  for (const { table, key } of changes) {
    assert(!UNHASHED_TABLES.includes(table), `commit: ${table} takes no part in the hash`);
    const ours = table === 'meta' && (key === metaKey('schema') || key === metaKey('height'));
    assert(!ours, 'commit: meta schema and height are written by the store');
  }
  for (const { table } of unhashed) assert.equal(table, 'local', 'commit: unhashed table');
}

interface OrderedBlock {
  readonly rows: readonly RowChange[];
  readonly hash: Uint8Array;
}

/** The rows of a block but its own in `blocks`, in order, and its plain hash. */
function* rowsOfBlock(previous: Uint8Array, block: Block): Steps<OrderedBlock> {
  const { height, changes, unhashed, schema } = block;
  const own = [metaRow('height', height)];
  if (schema !== undefined) own.push(metaRow('schema', schema));
  const rows = yield* orderingRows([...changes, ...own]);
  const hash = yield* hashing(previous, rows);
  return { rows: rows.concat(yield* orderingRows(unhashed)), hash };
}

function metaRow(name: 'height' | 'schema', value: number): RowChange {
  return { table: 'meta', key: metaKey(name), value: packFrame([value]) };
}

function blockRow(height: Height, record: BlockRecord): RowChange {
  return { table: 'blocks', key: blockKey(height), value: packBlockRecord(record) };
}

/** What the block's row in `blocks` says, if its hash is to contain the state that it leaves. */
function* sealing(
  plain: Uint8Array, rows: readonly RowChange[], environment: Environment,
): Steps<BlockRecord> {
  const before: RowScan = {
    rowsAfter: (table, after, end, bytes) => environment.rowsAfter(table, { after, end, bytes }),
  };
  const root = yield* hashingState(new WrittenOver(before, rows));
  return { hash: sealedHash(plain, root), seal: { plain, root } };
}

/** Of a sealed block every row is read: one that is damaged is why, and not the disk. */
function commitError(where: string, height: Height, error: unknown): HostError {
  if (error instanceof DamageError) return error;
  return new HostError(
    'COMMIT_FAILED',
    `${where}: block ${height} was not committed: ${describeError(error)}. Make room or mend ` +
      `the disk, then open the store again.`,
    { cause: error },
  );
}
