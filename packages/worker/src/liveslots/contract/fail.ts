/**
 * SES's assertion makers, typed.
 *
 * A value in a `Fail` template is redacted in the message ("(a string)") and shown on the console
 * only; `q` shows it quoted, `b` bare. The global is read when this module is evaluated: the image
 * evaluates ses first.
 */
import { VatFault } from '../../protocol/faults.js';
import { isInstance } from '../../values.js';

interface SesAssert {
  readonly Fail: (template: TemplateStringsArray, ...args: unknown[]) => never;
  readonly quote: (value: unknown) => unknown;
  readonly bare: (text: string) => unknown;
}

const sesAssert: SesAssert = globalThis.assert;
const { details, note } = globalThis.assert;

export const Fail: SesAssert['Fail'] = sesAssert.Fail;
export const q: SesAssert['quote'] = sesAssert.quote;
export const b: SesAssert['bare'] = sesAssert.bare;

const askNow = (ask: () => string): string => ask();

/**
 * What was thrown, in words. Asking for them may run code of the vat, which may throw, too:
 * `within` runs it. Throws only what ends the crank.
 */
export const wordsOf = (error: unknown, within = askNow): string => {
  try {
    return within(() =>
      error instanceof Error ? `${error.name}: ${error.message}` : String(q(error)),
    );
  } catch (worse) {
    if (VatFault.isOn(worse)) throw worse;
    return 'it threw what has no words';
  }
};

/** An error of ours comes of one of vat code's: told in its trace, and seen by no vat. */
export const noteOrigin = <E>(error: E, origin: unknown): E => {
  if (isInstance(error, Error)) note(error, details`of ${origin}`);
  return error;
};

/** What is told of an error in its trace, as it stands here, and seen by no vat. */
export const noteText = (error: Error, text: string): void => {
  note(error, details([text]));
};

/** The same, about a value that is shown before the text. */
export const noteAbout = <E extends Error>(error: E, value: unknown, text: string): E => {
  note(error, details(['', `: ${text}`], value));
  return error;
};

interface FailedSend {
  readonly error: Error;
  readonly property: unknown;
  readonly args: readonly unknown[];
  readonly vref: string;
}

/** What could not be sent, and why: told in the trace of `telling`, and seen by no vat. */
export const noteSend = (telling: Error, { error, property, args, vref }: FailedSend): Error => {
  note(telling, details`sending ${property} to ${vref} with ${args}: ${error}`);
  return telling;
};

/** One error that tells all of them; undefined for none. */
export function allOf(errors: readonly [...Error[], Error]): Error;
export function allOf(errors: readonly Error[]): Error | undefined;
export function allOf(errors: readonly Error[]): Error | undefined {
  return errors.length < 2
    ? errors[0]
    : AggregateError(errors, errors.map(({ message }) => message).join('; '));
}
