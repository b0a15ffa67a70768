/**
 * How long a console line and a trace may be (docs/limits.md). The worker cuts what it tells, and
 * the kernel cuts again: a worker may be taken over, and older images cut nothing. No outcome
 * depends on it.
 */
import type { VatId } from './vat-numbers.js';

/** Of a line, and of the text of a trace; what is said of the rest comes on top. */
export const LINE_BYTES_MAX = 2 ** 16;
/** Of an error as data that a trace is for: for a longer one there is none. */
export const TRACED_BYTES_MAX = 2 ** 16;

/** Is it a byte within a character, and not the first one? */
const isWithin = (byte: number | undefined): boolean => ((byte ?? 0) & 0xc0) === 0x80;

/** The beginning of a text in UTF-8 that is too long, and how much is left out; else the text. */
export const cutLine = (
  line: Uint8Array,
): { readonly told: Uint8Array; readonly bytesLeftOut: number } => {
  if (line.length <= LINE_BYTES_MAX) return { told: line, bytesLeftOut: 0 };
  let end = LINE_BYTES_MAX;
  while (end > 0 && isWithin(line[end])) end -= 1;
  return { told: line.subarray(0, end), bytesLeftOut: line.length - end };
};

/** What stands behind the beginning. */
export const cutMark = (bytesLeftOut: number): string => `... (${bytesLeftOut} bytes left out)`;

const withCommas = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** The line that stands in the place of those that are not told. */
export const leftOutText = (count: number, vatId: VatId | undefined): string =>
  `${withCommas(count)} lines of ${vatId ?? 'a vat that starts'} left out`;
