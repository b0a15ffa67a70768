/** Why one text of vat code is refused, in the words of vats, and where in it. */
import type { Place } from '@heirloom/worker/plain-places';
import { describePlace, splitPlace } from './told-places.js';

const BEHIND_AWAIT = /\bawait\s+$/;
const IMPORT_META = /'import\.meta'/;

/** acorn's errors have it, ours have not: with them the source does parse. */
const isParseError = (error: unknown): error is { readonly pos: number } =>
  error instanceof SyntaxError && 'pos' in error && typeof error.pos === 'number';

/** Of what the weaver has thrown of `source`. */
export const told = (error: unknown, source: string): ReturnType<typeof splitPlace> => {
  const [why, place] = splitPlace(error instanceof Error ? error.message : String(error));
  if (!isParseError(error)) return [why, place];
  if (IMPORT_META.test(why)) return ['a vat has no import.meta', place];
  if (BEHIND_AWAIT.test(source.slice(Math.max(0, error.pos - 20), error.pos))) {
    return ['a vat has no top-level await', place];
  }
  return [`its source does not parse: ${why}`, place];
};

/** The same as a line: the name of a file or module, the place in it if there is one. */
export const refusalIn = (name: string, why: string, place: Place | undefined): string =>
  `${place === undefined ? name : describePlace(name, place)}: ${why}`;
