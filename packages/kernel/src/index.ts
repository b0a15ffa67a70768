/** The public face of `@heirloom/kernel`. */
export {
  auditTables,
  type AuditOptions,
  type AuditCounts,
  type AuditFinding,
  type AuditReport,
  type AuditRule,
  type VatCounts,
} from './audit/audit-tables.js';
export {
  bundleVat,
  openVatBundler,
  type BundleVatOptions,
  type VatBundler,
} from './code/bundle-vat.js';
export type { BundleFormat, VatBundle } from './code/bundle.js';
export type { ItemChoice, QueuedItemInfo } from './objects/cancel.js';
export {
  HostError,
  KernelError,
  WorkerError,
  type CrankPlace,
  type KernelErrorCode,
  type WorkerErrorCode,
} from './base/kernel-errors.js';
export type { VatReference } from './core/host-data.js';
export type { AdoptImageOptions } from './host/adoption.js';
export type {
  InstallBundleOptions,
  PreparedBundle,
  PreparedImage,
} from './host/preparations.js';
export type { CloseOptions } from './host/closing.js';
export { endProcess } from './host/end-process.js';
export { threadsLeft } from './vats/departures.js';
export type { CrankCost, DryRunReport, UpgradeFindings } from './lifecycle/dry-run.js';
export type { KindFates, RaisedVersion } from './lifecycle/dry-run-kinds.js';
export type { Acceptance, AcceptedWarning } from './lifecycle/warnings/accepted.js';
export type { UpgradeVerdict, UpgradeWarning } from './lifecycle/warnings/warning.js';
export type { MigrationSample } from './lifecycle/migration-sample.js';
export type {
  CheckAllOptions,
  CheckUpgradeOptions,
  DryRunOptions,
  UpgradeAllFinding,
  UpgradeAllOptions,
  UpgradeAllResult,
} from './host/upgrade-checks.js';
export type { AdoptEngineOptions, EngineAdoption, EngineFinding } from './host/engine-input.js';
export type { StrandedVat } from './lifecycle/engine-adoption.js';
export type { ImageSource } from './code/images.js';
export { openKernel, type Kernel } from './kernel.js';
export {
  migrateStore,
  type MigrateOptions,
  type MigrationReport,
} from './store-migration/migrate-store.js';
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
} from './host/kernel-types.js';
export {
  inspectStore,
  type BoundName,
  type InspectProgress,
  type KindInspection,
  type QueueInspection,
  type Size,
  type StoreInspection,
  type TableSize,
  type VatInspection,
} from './inspect/inspect-store.js';
export {
  compareEngines,
  reportEngine,
  type EngineOptions,
  type EngineReport,
} from './inspect/engine-report.js';
export {
  BUILT_IN_VATS,
  type BundleSource,
  type KernelConfig,
  type VatConfig,
} from './host/config.js';
export type { HostAnswer, HostCall, HostCallContext, HostObject } from './host/host-objects.js';
export type {
  Binding,
  ReferenceDetails,
  ReferencesOptions,
  ReferencesPage,
} from './host/host-references.js';
export type { RunLimits, RunStats } from './core/run-policy.js';
export type { BeginBlock } from './host/blocks.js';
export { memoryUse, type MemoryUse } from './host/memory.js';
export type { UpgradeReport } from './lifecycle/vat-start.js';
export {
  jsonLines,
  LOG_CATEGORIES,
  type LogCategory,
  type LogOptions,
  type LogRecord,
  type LogValue,
} from './log/log-records.js';
export type { FailedInstance } from './objects/failed-instance.js';
export type {
  MigrateVatsOptions,
  MigrationProgress,
  MigrationSummary,
  VatMigration,
} from './core/record-migrations.js';
export type { KernelLogEntry } from './log/vat-lines.js';
export type { KernelOptions } from './host/options.js';
export { DEFAULT_PARAMETERS, type GcMode, type KernelParameters } from './state/parameters.js';
export type { KernelStats } from './host/stats.js';
export { exportState, type ExportOptions } from './state-sync/export-state.js';
export { importState, type ImportOptions, type ImportReport } from './state-sync/import-state.js';
export type { ChunkEntry, StateManifest } from './state-sync/manifest.js';
export type { TableCounts, VatTableCounts } from './host/table-counts.js';
export { verifyStore } from './verify/verify-store.js';
export type {
  StoreVerification, VatVerification, VerifyOptions, VerifyPhase,
} from './verify/verification.js';
export type { Isolation } from './vats/channel.js';
/** The image of the installed release: is it the one that `kernel.imageId` names? */
export { readImage, type VatId } from '@heirloom/worker';
