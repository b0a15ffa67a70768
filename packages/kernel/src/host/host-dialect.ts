/** How a host is told that its options are wrong: see services/option-reader.ts. */
import { KernelError } from '../base/kernel-errors.js';
import type { Dialect, TypedOption } from '../services/option-reader.js';
import { FORK_EXPORTS_MAX } from '../state/queue-items.js';

const RULES: Readonly<Record<Exclude<TypedOption, 'upgradeMessage' | 'mode'>, string>> = {
  dryRun: 'dryRun must be true or false',
  emergency: 'emergency must be true or false',
  reapInterval: "reapInterval must be a positive integer or 'never'",
  exports: `exports must be an array of at most ${FORK_EXPORTS_MAX} references`,
};

/** `what` is the call, or the part of a configuration. */
export const hostDialect = (
  what: string,
  code: 'BAD_OPTION' | 'BAD_CONFIG' = 'BAD_OPTION',
): Dialect => {
  const broken = (rule: string): never => {
    throw new KernelError(code, `${what}: ${rule}`);
  };
  const wrong = (name: TypedOption, given: unknown): never => {
    if (name === 'upgradeMessage') {
      throw new KernelError('BAD_ARGUMENT', 'upgradeMessage must be a string');
    }
    return broken(name === 'mode' ? `mode ${String(given)}; there are swap, replay` : RULES[name]);
  };
  return { broken, wrong };
};

/** Does the end of the vat end the kernel? Vats show a key instead. */
export const readCritical = (critical: unknown = false, { broken }: Dialect): boolean =>
  typeof critical === 'boolean' ? critical : broken('critical must be true or false');
