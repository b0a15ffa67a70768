/**
 * Makes a store of an exported state, checking everything on the way.
 *
 * Chunks are checked against the manifest, the manifest against its state root, the root against
 * what the caller trusts; then the rows against what the manifest says of them, and the kernel's
 * tables against each other. The store is made under another name and renamed when all is well.
 */
import { createHash } from 'node:crypto';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  chunkHash,
  decodeChunk,
  HostError,
  metaKey,
  required,
  rootOfChunks,
  SCHEMA_VERSION,
  sealedHash,
  StoreImport,
  unpackFrame,
  type BlockRecord,
  type Height,
  type TableName,
} from '@heirloom/store';
import { readImage } from '@heirloom/worker';
import { auditTables } from '../audit/audit-tables.js';
import { checkFields, checkFunction, checkPath } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import { hostEngine, type Engine } from '../code/host-engine.js';
import { sourceMapKey } from '../code/source-maps.js';
import { engineOf } from '../core/engine-fit.js';
import { readMeta, storedEngine } from '../state/store-meta.js';
import { makeDirectory } from './directories.js';
import {
  bytesOf,
  hexOf,
  invalid,
  isHash,
  manifestEngine,
  MANIFEST_FILE,
  parseManifest,
  type ChunkEntry,
  type StateManifest,
} from './manifest.js';

export interface ImportOptions {
  /** What `exportState` wrote. */
  readonly from: string;
  /** Where the store is to be: a directory that is empty or does not exist yet. */
  readonly directory: string;
  /** The state root that the caller trusts, hex. */
  readonly root?: string;
  /** The hash of the block that the caller trusts, hex. Alone it takes a sealed block. */
  readonly hash?: string;
  readonly progress?: (rows: number, total: number) => void;
}

export interface ImportReport {
  readonly height: Height;
  readonly blockHash: string;
  readonly stateRoot: string;
  readonly rows: number;
  readonly bytes: number;
  readonly chunks: number;
  /** The state is that of the root or the sealed block which the caller trusts. */
  readonly stateVerified: boolean;
  /** The block hash, from which the next blocks' hashes follow, is the one the caller trusts. */
  readonly hashVerified: boolean;
  /**
   * False: a kernel of this engine will refuse the store. Null: an image that nobody vouches for
   * would have to look, so nobody has.
   */
  readonly engineFits: boolean | null;
}

const untrusted = (what: string): HostError => new HostError('SNAPSHOT_UNTRUSTED', what);

const checkOptions = (options: ImportOptions): void => {
  checkFields('importState', options, ['from', 'directory', 'root', 'hash', 'progress']);
  checkPath('importState', 'from', options.from);
  checkPath('importState', 'directory', options.directory);
  checkFunction('importState', 'progress', options.progress);
  const { root, hash } = options;
  for (const [name, value] of Object.entries({ root, hash })) {
    if (value === undefined || isHash(value)) continue;
    throw new KernelError('BAD_OPTION', `${name} must be 64 hexadecimal digits in lower case`);
  }
};

const readManifest = async (from: string): Promise<StateManifest> => {
  let text: string;
  try {
    text = await readFile(join(from, MANIFEST_FILE), 'utf8');
  } catch (error) {
    throw invalid(`${from} holds no exported state: ${String(error)}`);
  }
  return parseManifest(text);
};

/** Every chunk is there, and nothing else. */
const checkFiles = async (
  from: string,
  { chunks, sourceMaps = [] }: StateManifest,
): Promise<void> => {
  const names = new Set(await readdir(from));
  names.delete(MANIFEST_FILE);
  for (const { file } of [...chunks, ...sourceMaps]) {
    if (!names.delete(file)) throw invalid(`${file} is missing`);
  }
  const [extra] = [...names].sort();
  if (extra !== undefined) throw invalid(`${extra} is not in the manifest`);
};

/** The manifest against itself and against what the caller trusts. */
const checkRoot = (manifest: StateManifest, { root, hash }: ImportOptions): BlockRecord => {
  const { height, stateRoot, blockHash, plainHash, chunks } = manifest;
  const computed = rootOfChunks(chunks.map(({ sha256 }) => bytesOf(sha256)));
  if (hexOf(computed) !== stateRoot) {
    throw invalid(`${MANIFEST_FILE}: its chunks have root ${hexOf(computed)}, not ${stateRoot}`);
  }
  const plain = plainHash === null ? undefined : bytesOf(plainHash);
  if (plain !== undefined && hexOf(sealedHash(plain, computed)) !== blockHash) {
    throw invalid(`${MANIFEST_FILE}: the hash of block ${height} does not contain the state root`);
  }
  if (root !== undefined && root !== stateRoot) {
    throw untrusted(`the state root is ${stateRoot}, not the trusted ${root}`);
  }
  if (hash !== undefined && hash !== blockHash) {
    throw untrusted(`the hash of block ${height} is ${blockHash}, not the trusted ${hash}`);
  }
  if (hash !== undefined && root === undefined && plain === undefined) {
    throw untrusted(
      `the hash of block ${height} does not contain the state root (stateRootInterval), so it ` +
        'says nothing of the rows. Give the root as well, or take an export of a sealed block.',
    );
  }
  const trusted = { hash: bytesOf(blockHash) };
  return plain === undefined ? trusted : { ...trusted, seal: { plain, root: computed } };
};

/** Reads at most one byte more than there should be: a file cannot fill the memory. */
const readPart = async (
  from: string,
  { file, bytes, sha256 }: Pick<ChunkEntry, 'file' | 'bytes' | 'sha256'>,
  hashOf: (content: Uint8Array) => Uint8Array,
): Promise<Uint8Array> => {
  const handle = await open(join(from, file), 'r');
  try {
    const buffer = Buffer.allocUnsafe(bytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    if (length < bytes) throw invalid(`${file} is cut off: ${length} of ${bytes} bytes`);
    if (length > bytes) throw invalid(`${file} is longer than its ${bytes} bytes`);
    const content = buffer.subarray(0, bytes);
    if (hexOf(hashOf(content)) !== sha256) {
      throw invalid(`${file} is not what the manifest says: its sha256 differs`);
    }
    return content;
  } finally {
    await handle.close();
  }
};

const loadChunks = async (
  store: StoreImport,
  manifest: StateManifest,
  { from, progress = () => undefined }: ImportOptions,
): Promise<void> => {
  const last = new Map<string, string>();
  let done = 0;
  for (const chunk of manifest.chunks) {
    const { file, table, rows: count } = chunk;
    const bytes = await readPart(from, chunk, chunkHash);
    const rows = decode(file, table, bytes, last.get(table) ?? '');
    if (rows.length !== count) throw invalid(`${file} has ${rows.length} rows, not ${count}`);
    await store.put(table, rows);
    last.set(table, required(rows.at(-1), 'the last row of a chunk').key);
    done += count;
    progress(done, manifest.rows);
  }
};

const loadSourceMaps = async (
  store: StoreImport,
  { sourceMaps = [] }: StateManifest,
  { from }: ImportOptions,
): Promise<void> => {
  const hashOf = (content: Uint8Array): Uint8Array =>
    createHash('sha256').update(content).digest();
  for (const entry of sourceMaps) {
    const value = await readPart(from, entry, hashOf);
    await store.putLocal([{ key: sourceMapKey(entry.bundleId), value }]);
  }
};

const decode = (...[file, table, bytes, after]: [string, TableName, Uint8Array, string]) => {
  try {
    return decodeChunk(table, bytes, after);
  } catch (error) {
    if (error instanceof RangeError) throw invalid(`${file}, ${error.message}`);
    throw error;
  }
};

/** The rows against what the manifest says of them, and against each other. */
const checkState = (store: StoreImport, manifest: StateManifest): void => {
  const packed = store.get('meta', metaKey('height'));
  const height = packed && unpackFrame(packed)[0];
  const { schema, engine, image, parameters } = readMeta(store);
  const told = [manifest.height, manifest.schema, manifest.engine, manifest.image];
  const found = [height, schema, manifestEngine(engine), image];
  told.forEach((value, i) => {
    const [says, is] = [JSON.stringify(value), JSON.stringify(found[i])];
    if (says !== is) throw invalid(`${MANIFEST_FILE} says ${says}, the state ${is}`);
  });
  if (schema !== SCHEMA_VERSION) {
    const help = 'import it with the release that exported it, and migrate the store';
    throw invalid(`the state has schema ${schema}; this release reads ${SCHEMA_VERSION}: ${help}`);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (manifest.parameters[name] === value) continue;
    throw invalid(`${MANIFEST_FILE} says another ${name} than the state, ${value}`);
  }
  const { ok, findings, findingCount } = auditTables(store);
  if (ok) return;
  const [{ rule, text } = { rule: '', text: '' }] = findings;
  throw invalid(`the tables of the state disagree, ${findingCount} times; first: ${rule}: ${text}`);
};

/** Looks by the image of this release, and by another one only if the caller trusts the state. */
const engineFits = async (
  store: StoreImport,
  { root, hash }: ImportOptions,
): Promise<boolean | null> => {
  const needed = storedEngine(store);
  const installed = readImage();
  const isTrusted = root !== undefined || hash !== undefined;
  if ('imageId' in needed && needed.imageId !== installed.id && !isTrusted) return null;
  const observe: Engine['observe'] = image =>
    hostEngine.observe(image.id === installed.id ? installed : image);
  return (await engineOf(store, { ...hostEngine, observe })).fits;
};

/**
 * Imports an exported state.
 *
 * Errors: HostError SNAPSHOT_INVALID (names the chunk), SNAPSHOT_UNTRUSTED (not what the caller
 * trusts), NOT_EMPTY, STORE_IO; KernelError BAD_OPTION. No store is made then.
 */
export const importState = async (options: ImportOptions): Promise<ImportReport> => {
  checkOptions(options);
  const { from, directory } = options;
  const manifest = await readManifest(from);
  await checkFiles(from, manifest);
  const record = checkRoot(manifest, options);
  const fits = await makeDirectory(directory, async temporary => {
    const store = new StoreImport(temporary);
    let fits: boolean | null;
    try {
      await loadChunks(store, manifest, options);
      await loadSourceMaps(store, manifest, options);
      checkState(store, manifest);
      fits = await engineFits(store, options);
    } catch (error) {
      await store.abandon();
      throw error;
    }
    await store.finish(manifest.height, record);
    return fits;
  });
  const { height, blockHash, stateRoot, rows, bytes, chunks } = manifest;
  const { root, hash } = options;
  return {
    height,
    blockHash,
    stateRoot,
    rows,
    bytes,
    chunks: chunks.length,
    stateVerified: root !== undefined || hash !== undefined,
    hashVerified: hash !== undefined,
    engineFits: fits,
  };
};
