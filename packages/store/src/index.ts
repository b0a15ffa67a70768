/** The store: tables, keys, frames, block hash, the single writer and its readers. */
export * from './steps/stepwise.js';
export * from './types.js';
export * from './host-error.js';
export { DATA_FILE } from './files/lmdb-files.js';
export * from './keys.js';
export {
  FRAME_DEPTH_MAX, packFrame, unpackFrame, type FrameValue,
} from './frames/frame.js';
export { blockHash, HASH_BYTES, NO_HASH, orderRows, ROW_BYTES_MAX } from './block-hash.js';
export { sorting } from './steps/sorting.js';
export { SCHEMA_VERSION, type SchemaChoice } from './schema-version.js';
export {
  Store, type Block, type Head, type StoreChoices, type StoreOptions,
} from './store.js';
export type {
  Environment, EnvironmentSnapshot, PlaceLock, StorePlace,
} from './store-place.js';
export { MemoryPlace } from './memory-place.js';
export { lmdbAddonFile } from './addon-file.js';
export { openReader, readerOver, type ReaderOptions, type ScanReader } from './reader.js';
export {
  copyDataFile, directoryPlace, inspectDirectory, type DirectoryState,
} from './directory.js';
export {
  decodeChunk, STATE_CHUNK_BYTES, STATE_CHUNK_BYTES_MAX, STATE_TABLES, stateChunks,
  type StateChunk,
} from './state-chunks.js';
export {
  chunkHash, rootOfChunks, sealedHash, stateRoot, unpackBlockRecord, type BlockRecord, type Seal,
} from './state-root.js';
export {
  checkStore, type StoreCheck, type StoreDamage, type TableCheck,
} from './whole/store-check.js';
export { textOf, utf8 } from './codec/utf8.js';
export { StoreImport } from './whole/store-import.js';
export * from './codec/index.js';
