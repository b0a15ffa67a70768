/**
 * From a place in a woven script back to the place in its source: lines are the same, columns are
 * not. For traces, on the kernel's side.
 */
import type { Edit } from './evasion.js';
import type { Weaving } from './weave.js';

/** Line and column, both from 0; the column in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const LINE_ENDS = /\r\n|[\n\r\u2028\u2029]/g;

const lineStartsOf = (source: string): number[] => [
  0,
  ...Array.from(source.matchAll(LINE_ENDS), ({ 0: end, index }) => index + end.length),
];

/** Of the first edit that does not stand before `at`. */
const firstFrom = (edits: readonly Edit[], at: number): number => {
  let low = 0;
  let high = edits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edits[middle]?.at ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return low;
};

export class PlainPlaces {
  readonly #edits: readonly Edit[];
  readonly #lineStarts: readonly number[];

  constructor(source: string, { edits }: Pick<Weaving, 'edits'>) {
    this.#edits = edits;
    this.#lineStarts = lineStartsOf(source);
  }

  /** What was woven in stands for the place where it was put. */
  plain({ line, column }: Place): Place {
    const start = this.#lineStarts[line];
    if (start === undefined) return { line, column };
    const end = this.#lineStarts[line + 1] ?? Infinity;
    const edits = this.#edits;
    let plain = start;
    let woven = 0;
    for (let i = firstFrom(edits, start); i < edits.length; i += 1) {
      const { at, length, text } = edits[i] ?? { at: Infinity, length: 0, text: '' };
      if (at >= end || column < woven + at - plain) break;
      woven += at - plain;
      if (column < woven + text.length) return { line, column: at - start };
      woven += text.length;
      plain = at + length;
    }
    return { line, column: plain + column - woven - start };
  }
}
