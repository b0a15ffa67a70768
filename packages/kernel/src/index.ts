/** The public face of `@heirloom/kernel`. */
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
  type KernelErrorCode,
  type WorkerErrorCode,
} from './errors.js';
export type { VatReference } from './host-data.js';
export {
  openKernel,
  type CreatedVat,
  type CreateVatOptions,
  type Kernel,
  type KernelStats,
  type RunLimits,
  type RunStats,
  type SentMessage,
  type Suspect,
  type TerminateVatOptions,
  type UpgradeVatOptions,
  type VatInfo,
} from './kernel.js';
export { memoryUse, type MemoryUse } from './cli/memory.js';
export type { UpgradeReport } from './lifecycle.js';
export type { KernelLogEntry, KernelOptions } from './options.js';
export { DEFAULT_PARAMETERS, type KernelParameters } from './parameters.js';
export type { Isolation } from './vats/zygotes.js';
export type { VatId } from '@heirloom/worker';
