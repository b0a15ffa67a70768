/**
 * Consensus parameters: fixed when a store is created, the same on every replica, part of `meta`.
 *
 * What is not here (threads, spare workers, logs) changes no outcome.
 */
import { packFrame, unpackFrame } from '@heirloom/store';
import { KernelError } from './errors.js';

export interface KernelParameters {
  /** Items of the run queue in one wave, at most. */
  readonly waveLimit: number;
  /** Bytes of packed deliveries after which a wave is full. */
  readonly waveBytesMax: number;
  /** Rows of ended incarnations and vats that one wave removes, at most. */
  readonly cleanupRowsMax: number;
}

export const DEFAULT_PARAMETERS: KernelParameters = {
  waveLimit: 1024,
  waveBytesMax: 8 * 2 ** 20,
  cleanupRowsMax: 1024,
};

const NAMES = ['waveLimit', 'waveBytesMax', 'cleanupRowsMax'] as const;

/** Errors: KernelError BAD_OPTION names the parameter and what it may be. */
export const checkParameters = (given: Partial<KernelParameters>): KernelParameters => {
  for (const name of Object.keys(given)) {
    if (!(NAMES as readonly string[]).includes(name)) {
      const known = NAMES.join(', ');
      throw new KernelError('BAD_OPTION', `unknown parameter ${name}; parameters: ${known}`);
    }
  }
  const parameters = { ...DEFAULT_PARAMETERS, ...given };
  for (const name of NAMES) {
    const value: unknown = parameters[name];
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      throw new KernelError('BAD_OPTION', `${name} must be a positive integer: ${String(value)}`);
    }
  }
  return parameters;
};

export const packParameters = (parameters: KernelParameters): Uint8Array =>
  packFrame(NAMES.map(name => parameters[name]));

export const unpackParameters = (bytes: Uint8Array): KernelParameters => {
  const [waveLimit, waveBytesMax, cleanupRowsMax] = unpackFrame(bytes) as readonly number[];
  return { waveLimit: waveLimit!, waveBytesMax: waveBytesMax!, cleanupRowsMax: cleanupRowsMax! };
};
