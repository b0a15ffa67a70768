/** What the kernel takes from the worker: the zygote, its image, and the types of the protocol. */
import { fileURLToPath } from 'node:url';

export { auditRows, type RowAudit, type RowSource } from './audit/audit-rows.js';
export {
  describeKind,
  stateVersion,
  type KindDescription,
} from './liveslots/kinds/describe-kind.js';
export * from './liveslots/collections/describe-row.js';
export * from './protocol/ascii-text.js';
export * from './protocol/bundle-caps.js';
export * from './protocol/code-ids.js';
export * from './protocol/faults.js';
export {
  ANY_ARGUMENT,
  DESCRIPTION_MARK,
  SITES_MARK,
  readDescription,
  type GuardFact,
  type KindFact,
  type Site,
  type VatDescription,
} from './protocol/description.js';
export { FrameCursor } from './protocol/frame-cursor.js';
export { packingTuple } from './protocol/frame-steps.js';
export { unpackTuple } from './protocol/frame-reader.js';
export * from './protocol/frame-stream.js';
export * from './protocol/interfaces.js';
export * from './protocol/limits.js';
export * from './protocol/lines.js';
export type * from './protocol/from-worker.js';
export * from './protocol/observations.js';
export * from './protocol/opcodes.js';
export * from './protocol/passed-errors.js';
export type * from './protocol/passables.js';
export * from './protocol/process-boot.js';
export * from './protocol/refs.js';
export * from './protocol/revocation.js';
export type * from './protocol/to-worker.js';
export * from './protocol/transcript.js';
export { readCrank, readDelivery } from './protocol/tuples.js';
export * from './protocol/vat-numbers.js';
export {
  isHeldBack,
  limitedWeight,
  PART_WEIGHT_MAX,
  PARTS_MARK,
  tooHeavy,
} from './protocol/parts.js';
export { CRANK_HEAD, endsPart, packedWeight } from './protocol/outcomes.js';
export { produceCodeCache, produceWarmCodeCache } from './zygote/code-cache.js';
export {
  engineNames,
  observeEngine,
  readBuiltObservations,
  type ObservingOptions,
} from './zygote/engine-observer.js';
export type { ZygoteData, ZygoteTask } from './zygote/entry.js';
export { readEntryScript, type EntryScript } from './zygote/entry-script.js';
export { sharedBytes } from './zygote/shared-bytes.js';
export { repairedImage } from './zygote/image-repair.js';
export { readImage, type Image } from './zygote/read-image.js';

export { VAT_STACK_MIB } from './zygote/vat-stack.js';

/** What Piscina takes as `filename`: zygote/thread-loader.ts as one file. */
export const ZYGOTE_ENTRY = fileURLToPath(new URL('./thread.cjs', import.meta.url));

/** What a child process runs: zygote/process-guard.ts as one file. */
export const PROCESS_ENTRY = fileURLToPath(new URL('./process-guard.cjs', import.meta.url));
