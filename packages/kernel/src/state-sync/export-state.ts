/**
 * Writes the state of the newest block as chunks and a manifest, beside a kernel that goes on.
 *
 * One read transaction from the first row to the last: blocks that are committed meanwhile do not
 * show. While it lasts LMDB keeps the pages that it sees, so the data file grows.
 */
import { createHash } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  blockKey,
  chunkHash,
  HostError,
  openReader,
  rootOfChunks,
  stateChunks,
  STATE_TABLES,
  unpackBlockRecord,
  type BlockRecord,
  type ScanSnapshot,
} from '@heirloom/store';
import { checkFields, checkFunction, checkPath } from '../base/arguments.js';
import { storedSourceMaps } from '../code/source-maps.js';
import { READERS_MAX } from '../core/kernel-core.js';
import { readMeta } from '../state/store-meta.js';
import { makeDirectory } from './directories.js';
import {
  chunkFile,
  hexOf,
  manifestEngine,
  MANIFEST_FILE,
  MANIFEST_FORMAT,
  MANIFEST_VERSION,
  sourceMapFile,
  type ChunkEntry,
  type SourceMapEntry,
  type StateManifest,
} from './manifest.js';

export interface ExportOptions {
  /** The store. */
  readonly directory: string;
  /** A directory that is empty or does not exist yet. */
  readonly to: string;
  /** Rows written; `total` may be off by what blocks added meanwhile. */
  readonly progress?: (rows: number, total: number) => void;
}

const writeDurably = async (file: string, bytes: Uint8Array): Promise<void> => {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
};

const readRecord = (snapshot: ScanSnapshot): BlockRecord => {
  const bytes = snapshot.get('blocks', blockKey(snapshot.height));
  const record = bytes && unpackBlockRecord(bytes);
  if (record !== undefined) return record;
  throw new HostError('STORE_CORRUPT', `the store lacks the hash of block ${snapshot.height}`);
};

const writeChunks = async (
  snapshot: ScanSnapshot,
  directory: string,
  progress: NonNullable<ExportOptions['progress']>,
): Promise<{ readonly chunks: ChunkEntry[]; readonly root: Uint8Array }> => {
  const total = STATE_TABLES.reduce((sum, table) => sum + snapshot.rowCountAbout(table), 0);
  const chunks: ChunkEntry[] = [];
  const hashes: Uint8Array[] = [];
  let done = 0;
  for (const { table, rows, bytes } of stateChunks(snapshot)) {
    const file = chunkFile(chunks.length, table);
    const hash = chunkHash(bytes);
    await writeDurably(join(directory, file), bytes);
    chunks.push({ file, table, rows, bytes: bytes.length, sha256: hexOf(hash) });
    hashes.push(hash);
    done += rows;
    progress(done, Math.max(done, total));
  }
  return { chunks, root: rootOfChunks(hashes) };
};

/** What traces need: a part of its own beside the state. */
const writeSourceMaps = async (
  snapshot: ScanSnapshot,
  directory: string,
): Promise<SourceMapEntry[]> => {
  const entries: SourceMapEntry[] = [];
  for (const [bundleId, map] of storedSourceMaps(snapshot)) {
    const file = sourceMapFile(bundleId);
    await writeDurably(join(directory, file), map);
    const sha256 = createHash('sha256').update(map).digest('hex');
    entries.push({ file, bundleId, bytes: map.length, sha256 });
  }
  return entries;
};

const write = async (
  snapshot: ScanSnapshot,
  directory: string,
  progress: NonNullable<ExportOptions['progress']>,
): Promise<StateManifest> => {
  const { hash, seal } = readRecord(snapshot);
  const { schema, engine, image, parameters } = readMeta(snapshot);
  const { chunks, root } = await writeChunks(snapshot, directory, progress);
  if (seal !== undefined && hexOf(seal.root) !== hexOf(root)) {
    const why = `the state is not that of block ${snapshot.height}: its hash contains another root`;
    throw new HostError('STORE_CORRUPT', why);
  }
  const manifest: StateManifest = {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    height: snapshot.height,
    blockHash: hexOf(hash),
    stateRoot: hexOf(root),
    plainHash: seal === undefined ? null : hexOf(seal.plain),
    schema,
    engine: manifestEngine(engine),
    image,
    parameters: { ...parameters },
    rows: chunks.reduce((sum, { rows }) => sum + rows, 0),
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
    chunks,
    sourceMaps: await writeSourceMaps(snapshot, directory),
  };
  await writeFile(join(directory, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, {
    flush: true,
  });
  return manifest;
};

const checked = (options: ExportOptions): ExportOptions => {
  checkFields('exportState', options, ['directory', 'to', 'progress']);
  checkPath('exportState', 'directory', options.directory);
  checkPath('exportState', 'to', options.to);
  checkFunction('exportState', 'progress', options.progress);
  return options;
};

/**
 * Exports the state of the newest block. The block is fixed when the call returns its promise: a
 * host that has just committed a block and calls this gets that block.
 *
 * Errors: KernelError BAD_OPTION; HostError NOT_A_STORE, NOT_EMPTY, STORE_CORRUPT. What was written
 * by then is removed.
 */
export const exportState = async (options: ExportOptions): Promise<StateManifest> => {
  const { directory, to, progress = () => undefined } = checked(options);
  const reader = openReader({ directory, readersMax: READERS_MAX });
  try {
    const snapshot = reader.begin();
    try {
      return await makeDirectory(to, temporary => write(snapshot, temporary, progress));
    } finally {
      snapshot.done();
    }
  } finally {
    await reader.close();
  }
};
