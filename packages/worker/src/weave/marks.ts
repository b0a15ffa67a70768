/**
 * The marks around everything that the weaver adds, by which it is left out again where a function
 * shows its text (`Function.prototype.toString`).
 *
 * They are white space of JavaScript. An author's text has no opening mark: the weaver writes what
 * it finds in another way (evasion.ts). Only the texts of tags keep theirs, and are shown short.
 */

/** A vertical tab. */
export const OPENING = '\v';
/** A form feed. */
const CLOSING = '\f';

/** Of a function that ends with what was added, the text ends before the closing mark. */
const ADDED = /\v[^\f]*(?:\f|$)/g;

/** What is added to a script, between its marks. */
export const marked = (text: string): string => `${OPENING}${text}${CLOSING}`;

/** A woven text as its author knows it. */
export const unmarked = (text: string): string =>
  text.includes(OPENING) ? text.replace(ADDED, '') : text;

interface Added {
  /** In the line as its author knows it. */
  readonly at: number;
  readonly length: number;
}

/** What has been added to a line, in order. */
export const addedIn = (line: string): Added[] => {
  let before = 0;
  return Array.from(line.matchAll(ADDED), ({ 0: { length }, index }) => {
    const at = index - before;
    before += length;
    return { at, length };
  });
};
