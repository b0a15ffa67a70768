/**
 * Files that begin with a byte order mark. esbuild counts it in the first line, editors and other
 * parsers do not: it is no part of the text.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { decodedSegment, encodedSegment } from './map-segments.js';

const MARK = Buffer.from('\ufeff');

/** How many bytes a file's mark has. */
export const markBytesOf = (file: string): number => {
  let opened: number;
  try {
    opened = openSync(file, 'r');
  } catch {
    return 0; // no file
  }
  try {
    const begin = Buffer.alloc(MARK.length);
    readSync(opened, begin);
    return begin.equals(MARK) ? MARK.length : 0;
  } finally {
    closeSync(opened);
  }
};

const FIRST_LINE = 0;

/** `isMarked`: by the index of a source. */
const withoutMarks = (mappings: string, isMarked: readonly boolean[]): string => {
  let [source, line, column, written] = [0, 0, 0, 0];
  const moved = (text: string): string => {
    const [at, sourceStep, lineStep, columnStep, ...name] = decodedSegment(text) ?? [];
    if (at === undefined || sourceStep === undefined) return text;
    source += sourceStep;
    line += lineStep ?? 0;
    column += columnStep ?? 0;
    const isBehindMark = line === FIRST_LINE && isMarked[source] === true;
    const plain = isBehindMark ? Math.max(0, column - 1) : column;
    const step = plain - written;
    written = plain;
    return encodedSegment([at, sourceStep, lineStep ?? 0, step, ...name]);
  };
  return mappings.replace(/[^,;]+/g, moved);
};

interface Map {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/**
 * The source map of esbuild's with columns as authors count them. `files`: what the map may name as
 * its sources; `pathOf`: where such a file is.
 */
export const withoutMarkColumns = (
  json: string,
  files: readonly string[],
  pathOf: (file: string) => string,
): string => {
  const marked = new Set(files.filter(file => markBytesOf(pathOf(file)) > 0));
  if (marked.size === 0) return json;
  const map = JSON.parse(json) as Map;
  const isMarked = map.sources.map(source => marked.has(source));
  return JSON.stringify({ ...map, mappings: withoutMarks(map.mappings, isMarked) });
};
