/**
 * Places as messages tell them. Apart from source-places.ts: the bundler's thread needs these, and
 * no store.
 */
import type { Place } from '@heirloom/worker/plain-places';

/** Line, from 1, and column, from 0, as acorn and our weaver tell them at the end of a message. */
const TOLD = / \((\d+):(\d+)\)$/;

/** A message without the place that it ends with, and that place. */
export const splitPlace = (message: string): readonly [why: string, place: Place | undefined] => {
  const [, line, column] = TOLD.exec(message) ?? [];
  if (line === undefined) return [message, undefined];
  return [message.replace(TOLD, ''), { line: Number(line) - 1, column: Number(column) }];
};

/** `file:line:column`, both from 1. */
export const describePlace = (file: string, { line, column }: Place): string =>
  `${file}:${line + 1}:${column + 1}`;
