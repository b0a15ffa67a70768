/** Checks of what hosts pass in, shared by the calls of the kernel. */
import { KernelError } from './kernel-errors.js';

export const NAME_LENGTH_MAX = 199;
export const NAME_PATTERN = /^[A-Za-z0-9._-]+$/;

/** `what` names the kind of thing in the error. */
export const checkName = (name: unknown, what = 'vat'): string => {
  if (typeof name === 'string' && name.length <= NAME_LENGTH_MAX && NAME_PATTERN.test(name)) {
    return name;
  }
  const rule = `letters, digits, '.', '_' and '-', at most ${NAME_LENGTH_MAX}`;
  throw new KernelError('BAD_ARGUMENT', `bad ${what} name ${JSON.stringify(name)}: use ${rule}`);
};

/** Nothing, or a text alone, is no record of options. Errors: KernelError BAD_OPTION. */
export const checkRecord = (what: string, given: unknown): void => {
  if (typeof given === 'object' && given !== null) return;
  const told = given === undefined ? 'nothing' : JSON.stringify(given);
  throw new KernelError('BAD_OPTION', `${what} takes a record of options, not ${told}`);
};

export const checkFields = (what: string, given: object, known: readonly string[]): void => {
  checkRecord(what, given);
  for (const field of Object.keys(given)) {
    if (known.includes(field)) continue;
    const right = known.join(', ');
    throw new KernelError('BAD_OPTION', `${what}: unknown option ${field}; options: ${right}`);
  }
};
