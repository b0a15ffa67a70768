/**
 * From a place in a woven script back to the place in its source: lines are the same, columns are
 * not. For traces, on the kernel's side.
 *
 * What was added stands between marks (marks.ts), so the woven script tells all by itself. What was
 * written anew in place of something shorter (evasion.ts) is not found: behind it, on its line, a
 * column is too large by the difference.
 */
import { unmarked } from './marks.js';

export { addedIn, unmarked } from './marks.js';

/** Line and column, both from 0; the column in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const LINE_ENDS = /\r\n|[\n\r\u2028\u2029]/g;

/** The lines of a script, as places count them. */
export const linesOf = (script: string): string[] => script.split(LINE_ENDS);

const lineStartsOf = (script: string): number[] => [
  0,
  ...Array.from(script.matchAll(LINE_ENDS), ({ 0: end, index }) => index + end.length),
];

export class PlainPlaces {
  readonly #script: string;
  readonly #lineStarts: readonly number[];

  constructor(script: string) {
    this.#script = script;
    this.#lineStarts = lineStartsOf(script);
  }

  /** What was added stands for the place where it was put. */
  plain({ line, column }: Place): Place {
    const start = this.#lineStarts[line];
    if (start === undefined) return { line, column };
    const end = Math.min(start + column, this.#lineStarts[line + 1] ?? Infinity);
    return { line, column: unmarked(this.#script.slice(start, end)).length };
  }
}
