/**
 * The manifest of an exported state: which chunks make it up, and what they make up.
 *
 * What is in it is the exporter's word, until the importer has checked it: the chunks against their
 * hashes, the hashes against the state root, the root against what the importer trusts.
 */
import {
  HASH_BYTES,
  HostError,
  isHeight,
  isNatural,
  STATE_CHUNK_BYTES_MAX,
  STATE_TABLES,
  type Height,
  type TableName,
} from '@heirloom/store';
import {
  isBundleId,
  isImageId,
  isObservations,
  type BundleId,
  type Observations,
} from '@heirloom/worker';
import type { StoreEngine } from '../state/store-meta.js';

export const MANIFEST_FILE = 'manifest.json';
export const MANIFEST_FORMAT = 'heirloom-state';
export const MANIFEST_VERSION = 1;

export interface ChunkEntry {
  readonly file: string;
  readonly table: TableName;
  readonly rows: number;
  readonly bytes: number;
  /** Of the file, hex. */
  readonly sha256: string;
}

/** The source map of a bundle: no part of the state, and not of its root. */
export interface SourceMapEntry {
  readonly file: string;
  readonly bundleId: BundleId;
  readonly bytes: number;
  /** Of the file, hex. */
  readonly sha256: string;
}

export interface StateManifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly version: typeof MANIFEST_VERSION;
  readonly height: Height;
  readonly blockHash: string;
  readonly stateRoot: string;
  /** Of a sealed block: its hash without the state root. Null: the block is not sealed. */
  readonly plainHash: string | null;
  readonly schema: number;
  /** The name of an engine; or what it shows to vat code, and the image that has looked. */
  readonly engine: string | { readonly image: string; readonly observations: Observations };
  readonly image: string;
  /** Consensus parameters by name. */
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly rows: number;
  readonly bytes: number;
  /** In the order of the tree. */
  readonly chunks: readonly ChunkEntry[];
  /** For traces; an export of an older release has none. */
  readonly sourceMaps?: readonly SourceMapEntry[];
}

/** The engine of a store, as manifests say it. */
export const manifestEngine = (engine: StoreEngine): StateManifest['engine'] =>
  'name' in engine
    ? engine.name
    : { image: engine.imageId, observations: engine.observations };

/** Files are told apart by number; the table is for people. */
export const chunkFile = (index: number, table: string): string =>
  `${String(index).padStart(6, '0')}-${table}.chunk`;

export const sourceMapFile = (bundleId: string): string => `${bundleId}.map`;

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

const HASH = new RegExp(`^[0-9a-f]{${2 * HASH_BYTES}}$`);
export const isHash = (value: unknown): value is string =>
  typeof value === 'string' && HASH.test(value);

/** What is wrong with an export. The message names the chunk. */
export const invalid = (what: string): HostError => new HostError('SNAPSHOT_INVALID', what);

const isText = (value: unknown): value is string => typeof value === 'string';
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isShown = ({ image, observations }: Readonly<Record<string, unknown>>): boolean =>
  isImageId(image) && isObservations(observations);

/** As `installBundle` takes it. */
const SOURCE_MAP_BYTES_MAX = 12_000_000;

const CHECKS: Readonly<Record<keyof StateManifest, (value: unknown) => boolean>> = {
  format: value => value === MANIFEST_FORMAT,
  version: value => value === MANIFEST_VERSION,
  height: isHeight,
  blockHash: isHash,
  stateRoot: isHash,
  plainHash: value => value === null || isHash(value),
  schema: isNatural,
  engine: value => isText(value) || (isRecord(value) && isShown(value)),
  image: isText,
  parameters: value =>
    isRecord(value) && Object.values(value).every(v => isText(v) || isNatural(v)),
  rows: isNatural,
  bytes: isNatural,
  chunks: value => Array.isArray(value) && value.length > 0,
  sourceMaps: value => value === undefined || Array.isArray(value),
};

const checkChunk = (chunk: unknown, index: number): void => {
  const name = `chunk ${index} of the manifest`;
  if (!isRecord(chunk)) throw invalid(`${name} is no object`);
  const { file, table, rows, bytes, sha256 } = chunk;
  if (!isText(table) || !STATE_TABLES.some(one => one === table)) {
    throw invalid(`${name}: ${String(table)} is no table of the state`);
  }
  if (file !== chunkFile(index, table)) throw invalid(`${name} must be ${chunkFile(index, table)}`);
  if (!isNatural(rows) || rows === 0 || !isNatural(bytes) || bytes > STATE_CHUNK_BYTES_MAX) {
    throw invalid(`${file}: the manifest says ${String(rows)} rows, ${String(bytes)} bytes`);
  }
  if (!isHash(sha256)) throw invalid(`${file}: the manifest has no sha256 of it`);
};

const checkSourceMap = (entry: unknown, index: number): void => {
  const name = `source map ${index} of the manifest`;
  if (!isRecord(entry)) throw invalid(`${name} is no object`);
  const { file, bundleId, bytes, sha256 } = entry;
  if (!isBundleId(bundleId)) throw invalid(`${name} is of no bundle`);
  if (file !== sourceMapFile(bundleId)) throw invalid(`${name} must be ${sourceMapFile(bundleId)}`);
  if (!isNatural(bytes) || bytes > SOURCE_MAP_BYTES_MAX) {
    throw invalid(`${file}: the manifest says ${String(bytes)} bytes`);
  }
  if (!isHash(sha256)) throw invalid(`${file}: the manifest has no sha256 of it`);
};

/** Errors: HostError SNAPSHOT_INVALID names the field or the chunk. */
function assertManifest(
  given: Readonly<Record<string, unknown>>,
): asserts given is typeof given & StateManifest {
  for (const [name, check] of Object.entries(CHECKS)) {
    if (check(given[name])) continue;
    throw invalid(`${MANIFEST_FILE}: bad ${name}: ${JSON.stringify(given[name])}`);
  }
  const { chunks, sourceMaps } = given;
  if (Array.isArray(chunks)) chunks.forEach(checkChunk);
  if (Array.isArray(sourceMaps)) sourceMaps.forEach(checkSourceMap);
}

/**
 * Reads a manifest.
 *
 * Errors: HostError SNAPSHOT_INVALID names what is wrong.
 */
export const parseManifest = (text: string): StateManifest => {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw invalid(`${MANIFEST_FILE} is no JSON: ${String(error)}`);
  }
  if (!isRecord(given)) throw invalid(`${MANIFEST_FILE} is no object`);
  assertManifest(given);
  const manifest = given;
  const sum = (field: 'rows' | 'bytes'): number =>
    manifest.chunks.reduce((total, chunk) => total + chunk[field], 0);
  if (sum('rows') !== manifest.rows || sum('bytes') !== manifest.bytes) {
    throw invalid(`${MANIFEST_FILE}: rows and bytes are not the sums over the chunks`);
  }
  return manifest;
};
