/** Consensus parameters that a host gives for a fresh store, checked. */
import { KernelError } from '../base/kernel-errors.js';
import {
  COUNTS,
  DEFAULT_PARAMETERS,
  GC_MODES,
  MOSTS,
  type KernelParameters,
} from '../state/parameters.js';

/** Counts that may be 0. */
const OPTIONAL: readonly string[] = ['stateRootInterval', 'cycleInterval', 'crankWeightMax'];
const NAMES: readonly string[] = ['gc', ...COUNTS];

/** Errors: KernelError BAD_OPTION names the parameter and what it may be. */
export const checkParameters = (given: Partial<KernelParameters>): KernelParameters => {
  for (const name of Object.keys(given)) {
    if (NAMES.includes(name)) continue;
    const known = NAMES.join(', ');
    throw new KernelError('BAD_OPTION', `unknown parameter ${name}; parameters: ${known}`);
  }
  const parameters = { ...DEFAULT_PARAMETERS, ...given };
  if (!GC_MODES.includes(parameters.gc)) {
    const modes = GC_MODES.join(', ');
    throw new KernelError('BAD_OPTION', `gc must be one of ${modes}: ${String(parameters.gc)}`);
  }
  for (const name of COUNTS) {
    const value: unknown = parameters[name];
    const isOptional = OPTIONAL.includes(name);
    if (!Number.isSafeInteger(value) || Number(value) < (isOptional ? 0 : 1)) {
      const right = isOptional ? 'a positive integer or 0' : 'a positive integer';
      throw new KernelError('BAD_OPTION', `${name} must be ${right}: ${String(value)}`);
    }
  }
  for (const name of COUNTS) {
    const [value, most = Infinity] = [parameters[name], MOSTS[name]];
    if (value <= most) continue;
    throw new KernelError('BAD_OPTION', `${name} must be at most ${most}: ${value}`);
  }
  return parameters;
};
