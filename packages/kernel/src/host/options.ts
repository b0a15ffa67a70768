/** What `openKernel` takes, checked. */
import { checkCount } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import type { CoreOptions } from '../core/core-options.js';
import { checkLogOptions } from '../log/kernel-log.js';
import type { KernelConfig } from './config.js';
import type { HostObject } from './host-objects.js';
import { checkIsolation } from './isolation-option.js';

/** Those of the core, and what only the host's side of the kernel reads. */
export interface PlacelessOptions extends CoreOptions {
  /**
   * `auto` (default): `call`, `createVat`, `upgradeVat`, ... run the kernel and commit blocks by
   * themselves. `host`: they only queue; the host calls `run` and `commit`.
   */
  readonly blocks?: 'auto' | 'host';
  /**
   * What a fresh store begins with, or the path of a file that says so; ignored by a store that has
   * taken inputs before.
   */
  readonly config?: string | KernelConfig;
  /**
   * Implementations of host objects, by name; null: the host answers by `answerHostCall`. Names
   * that the store lacks are registered, unless it has taken inputs and `blocks` is `host`.
   */
  readonly hostObjects?: Readonly<Record<string, HostObject | null>>;
}

/** What `openKernel` takes. */
export interface KernelOptions extends PlacelessOptions {
  /** Where the store is, or is to be made. */
  readonly directory: string;
}

const NAMES = [
  ...['directory', 'blocks', 'parameters', 'threads', 'spareThreads', 'collectsEveryCrank', 'log'],
  ...['config', 'hostObjects', 'isolation', 'heapMiBMax', 'deliveryTimeoutMs'],
  ...['maxVatsOnline', 'structuredLog', 'adoptEngine', 'signal'],
];
/** With less, not even an empty vat starts. */
const HEAP_MIB_LEAST = 16;

const checkFlag = (name: string, value: boolean | undefined): void => {
  if (value === undefined || typeof value === 'boolean') return;
  throw new KernelError('BAD_OPTION', `${name} must be a boolean: ${String(value)}`);
};

const checkSignal = (signal: AbortSignal): void => {
  if (signal instanceof AbortSignal) return;
  throw new KernelError('BAD_OPTION', `signal must be an AbortSignal: ${String(signal)}`);
};

/** Errors: KernelError BAD_OPTION names what is wrong and what would be right. */
export const checkOptions = (options: PlacelessOptions): void => {
  for (const name of Object.keys(options)) {
    if (NAMES.includes(name)) continue;
    throw new KernelError('BAD_OPTION', `unknown option ${name}; options: ${NAMES.join(', ')}`);
  }
  const { blocks } = options;
  if (blocks !== undefined && blocks !== 'auto' && blocks !== 'host') {
    throw new KernelError('BAD_OPTION', `blocks must be 'auto' or 'host': ${String(blocks)}`);
  }
  checkFlag('collectsEveryCrank', options.collectsEveryCrank);
  checkFlag('adoptEngine', options.adoptEngine);
  checkCount('threads', options.threads, 1);
  checkCount('spareThreads', options.spareThreads, 0);
  checkCount('maxVatsOnline', options.maxVatsOnline, 1);
  checkIsolation(options.isolation);
  if (options.structuredLog !== undefined) checkLogOptions(options.structuredLog);
  checkCount('heapMiBMax', options.heapMiBMax, HEAP_MIB_LEAST);
  checkCount('deliveryTimeoutMs', options.deliveryTimeoutMs, 1);
  if (options.signal !== undefined) checkSignal(options.signal);
};

/** Errors: KernelError BAD_OPTION. */
export const checkDirectory = (directory: unknown): string => {
  if (typeof directory === 'string' && directory !== '') return directory;
  throw new KernelError('BAD_OPTION', 'directory must be the path of a store');
};
