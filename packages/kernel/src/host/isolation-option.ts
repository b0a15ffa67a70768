/** The check of where vats are to run. */
import { KernelError, type KernelErrorCode } from '../base/kernel-errors.js';
import { ISOLATIONS, type Isolation } from '../vats/channel.js';

/** Errors: KernelError BAD_OPTION, or of another code. */
export const checkIsolation = (
  isolation: Isolation | undefined,
  what = 'isolation',
  code: KernelErrorCode = 'BAD_OPTION',
): void => {
  if (isolation === undefined || ISOLATIONS.includes(isolation)) return;
  const known = ISOLATIONS.join("' or '");
  throw new KernelError(code, `${what} must be '${known}': ${String(isolation)}`);
};
