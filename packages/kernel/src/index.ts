/** The public face of `@heirloom/kernel`. */
export {
  bundleVat,
  type BundleFormat,
  type BundleVatOptions,
  type VatBundle,
} from './bundles/bundle.js';
export { HostError, KernelError, type KernelErrorCode } from './errors.js';
export type { VatReference } from './host-data.js';
export { openKernel, type Kernel } from './kernel.js';
export type {
  CreatedVat,
  CreateVatOptions,
  KernelStats,
  SentMessage,
  UpgradeVatOptions,
  VatInfo,
} from './kernel-types.js';
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
export type { UpgradeReport } from './lifecycle.js';
export type { KernelLogEntry, KernelOptions } from './options.js';
export { DEFAULT_PARAMETERS, type GcMode, type KernelParameters } from './parameters.js';
export type { VatId } from '@heirloom/worker';
