/** The public face of `@heirloom/kernel`. */
export {
  auditTables,
  type AuditOptions,
  type AuditCounts,
  type AuditFinding,
  type AuditReport,
  type AuditRule,
  type VatCounts,
} from './audit.js';
export {
  bundleVat,
  type BundleFormat,
  type BundleVatOptions,
  type VatBundle,
} from './bundles/bundle.js';
export type { ItemChoice, QueuedItemInfo } from './cancel.js';
export {
  HostError,
  KernelError,
  WorkerError,
  type CrankPlace,
  type KernelErrorCode,
  type WorkerErrorCode,
} from './errors.js';
export type { VatReference } from './host-data.js';
export type { AdoptImageOptions } from './adoption.js';
export type { CrankCost, DryRunReport, UpgradeFindings } from './dry-run.js';
export type { KindFates, RaisedVersion } from './dry-run-kinds.js';
export type { MigrationSample } from './migration-sample.js';
export type {
  CheckUpgradeOptions,
  DryRunOptions,
  UpgradeAllOptions,
  UpgradeAllResult,
} from './upgrade-checks.js';
export type { ImageSource } from './images.js';
export { openKernel, type Kernel } from './kernel.js';
export {
  migrateStore,
  type MigrateOptions,
  type MigrationReport,
} from './migration/migrate-store.js';
export type {
  CreatedVat,
  CreateVatOptions,
  ForkedVat,
  ForkVatOptions,
  SentMessage,
  Suspect,
  TerminateVatOptions,
  UpgradeResult,
  RollbackVatOptions,
  UpgradeVatOptions,
  VatInfo,
} from './kernel-types.js';
export {
  inspectStore,
  type InspectProgress,
  type KindInspection,
  type QueueInspection,
  type Size,
  type StoreInspection,
  type TableSize,
  type VatInspection,
} from './inspect.js';
export {
  BUILT_IN_VATS,
  type BundleSource,
  type KernelConfig,
  type VatConfig,
} from './config.js';
export type { HostAnswer, HostCall, HostCallContext, HostObject } from './host-objects.js';
export type { RunLimits, RunStats } from './run-policy.js';
export type { BeginBlock } from './services/blocks.js';
export { memoryUse, type MemoryUse } from './cli/memory.js';
export type { UpgradeReport } from './vat-start.js';
export {
  jsonLines,
  LOG_CATEGORIES,
  type LogCategory,
  type LogOptions,
  type LogRecord,
  type LogValue,
} from './log/records.js';
export type {
  FailedInstance,
  MigrateVatsOptions,
  MigrationProgress,
  MigrationSummary,
  VatMigration,
} from './migrations.js';
export type { KernelLogEntry, KernelOptions } from './options.js';
export { DEFAULT_PARAMETERS, type GcMode, type KernelParameters } from './parameters.js';
export type { KernelStats } from './stats.js';
export { exportState, type ExportOptions } from './state-sync/export-state.js';
export { importState, type ImportOptions, type ImportReport } from './state-sync/import-state.js';
export type { ChunkEntry, StateManifest } from './state-sync/manifest.js';
export type { TableCounts, VatTableCounts } from './table-counts.js';
export {
  verifyStore,
  type StoreVerification,
  type VatVerification,
  type VerifyOptions,
} from './verify.js';
export type { Isolation } from './vats/zygotes.js';
/** The image of the installed release: is it the one that `kernel.imageId` names? */
export { readImage, type VatId } from '@heirloom/worker';
