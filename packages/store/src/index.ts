/** The store: tables, keys, frames, block hash, the single writer and its readers. */
export * from './types.js';
export * from './errors.js';
export * from './keys.js';
export {
  FRAME_DEPTH_MAX, packFrame, unpackFrame, type FrameValue,
} from './frame.js';
export { blockHash, HASH_BYTES, NO_HASH, orderRows, ROW_BYTES_MAX } from './block-hash.js';
export {
  SCHEMA_VERSION, Store, type Block, type Head, type StoreOptions,
} from './store.js';
export { openReader, type ReaderOptions, type ScanReader } from './reader.js';
export { inspectDirectory, type DirectoryState } from './directory.js';
export * from './codec/index.js';
