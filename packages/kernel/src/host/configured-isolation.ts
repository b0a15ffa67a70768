/** Where vats of a configuration run on this host (docs/isolation.md). In no hash. */
import type { Isolation } from '../vats/channel.js';
import { isReadyMade, type KernelConfig, type LoadedConfig } from './config.js';
import { checkIsolation } from './isolation-option.js';

/** Where vats usually run. Errors: KernelError BAD_CONFIG. */
export const configuredIsolation = (config: KernelConfig | undefined): Isolation | undefined => {
  checkIsolation(config?.isolation, 'config: isolation', 'BAD_CONFIG');
  return config?.isolation;
};

/**
 * Ready-made bundles are what somebody else may have made: unless the configuration says where
 * vats run, theirs run in child processes, and so do vats that are made later; those of modules
 * that are bundled here stay in threads (docs/isolation.md).
 */
export const separateBundles = (loaded: LoadedConfig): LoadedConfig => {
  const { config } = loaded;
  const sources = [...Object.values(config.vats ?? {}), ...Object.values(config.bundles ?? {})];
  if (config.isolation !== undefined || !sources.some(isReadyMade)) return loaded;
  const separate = { ...config, isolation: 'process' } as const;
  return { ...loaded, config: separate, isolationOfSources: 'thread' };
};
