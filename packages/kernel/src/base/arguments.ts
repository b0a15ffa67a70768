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

/** No code of the host's runs for it. */
const told = (given: unknown): string => {
  if (given === undefined) return 'nothing';
  if (typeof given === 'function') return 'a function';
  if (typeof given === 'object' && given !== null) return 'an object';
  return typeof given === 'string' ? JSON.stringify(given) : String(given);
};

/** Nothing, or a text alone, is no record of options. Errors: KernelError BAD_OPTION. */
export const checkRecord = (what: string, given: unknown): void => {
  if (typeof given === 'object' && given !== null) return;
  throw new KernelError('BAD_OPTION', `${what} takes a record of options, not ${told(given)}`);
};

export const checkFields = (what: string, given: object, known: readonly string[]): void => {
  checkRecord(what, given);
  for (const field of Object.keys(given)) {
    if (known.includes(field)) continue;
    const right = known.join(', ');
    throw new KernelError('BAD_OPTION', `${what}: unknown option ${field}; options: ${right}`);
  }
};

/** `name`: of the option. Errors: KernelError BAD_OPTION. */
export const checkPath = (what: string, name: string, given: unknown): void => {
  if (typeof given === 'string' && given !== '') return;
  const why = `${what}: ${name} must be the path of a directory, not ${told(given)}`;
  throw new KernelError('BAD_OPTION', why);
};

/** An option that may be left out. Errors: KernelError BAD_OPTION. */
export const checkFunction = (what: string, name: string, given: unknown): void => {
  if (given === undefined || typeof given === 'function') return;
  const why = `${what}: ${name} must be a function, not ${told(given)}`;
  throw new KernelError('BAD_OPTION', why);
};

/** An object that `what` works with: a store, a stream. Errors: KernelError BAD_ARGUMENT. */
export const checkMethods = (what: string, given: unknown, methods: readonly string[]): void => {
  const isObject = (typeof given === 'object' && given !== null) || typeof given === 'function';
  const lacking = methods.find(name => !isObject || typeof Reflect.get(given, name) !== 'function');
  if (lacking === undefined) return;
  const why = `${what} takes an object with a method ${lacking}, not ${told(given)}`;
  throw new KernelError('BAD_ARGUMENT', why);
};

/** A count that may be left out, or Infinity. Errors: KernelError BAD_OPTION. */
export const checkCount = (name: string, value: unknown, least: number): void => {
  if (value === undefined || value === Infinity) return;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return;
  const why = `${name} must be an integer of at least ${least}: ${told(value)}`;
  throw new KernelError('BAD_OPTION', why);
};
