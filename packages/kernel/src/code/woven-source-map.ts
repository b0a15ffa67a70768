/**
 * The source map of a woven script, made from the one of its bundle: lines are the same, columns
 * are moved by what the weaver has added. For debuggers alone.
 */
import { addedIn, linesOf } from '@heirloom/worker/plain-places';
import { decodedSegment, encodedSegment } from './map-segments.js';

/** The segments of a line, whose first number is a column: from the bundle's to the script's. */
const movedLine = (segments: string, scriptLine: string): string | undefined => {
  const added = addedIn(scriptLine);
  let next = 0;
  let shift = 0;
  let column = 0;
  let before = 0;
  const moved: string[] = [];
  for (const text of segments === '' ? [] : segments.split(',')) {
    const [forward, ...rest] = decodedSegment(text) ?? [];
    if (forward === undefined) return undefined;
    column += forward;
    for (; (added[next]?.at ?? Infinity) <= column; next += 1) shift += added[next]?.length ?? 0;
    moved.push(encodedSegment([column + shift - before, ...rest]));
    before = column + shift;
  }
  return moved.join(',');
};

interface GivenMap {
  readonly mappings?: unknown;
  readonly sourceRoot?: unknown;
}

/**
 * `json`: the map of the bundle. `root`: a URL that its files are named from, if it says nothing of
 * that itself. Undefined for a map of sections, or one that cannot be read.
 */
export const wovenSourceMap = (script: string, json: string, root: string): string | undefined => {
  const map: GivenMap = JSON.parse(json);
  const { mappings, sourceRoot } = map;
  if (typeof mappings !== 'string') return undefined;
  const scriptLines = linesOf(script);
  const lines = mappings.split(';').map((line, at) => movedLine(line, scriptLines[at] ?? ''));
  if (lines.includes(undefined)) return undefined;
  const isRooted = typeof sourceRoot === 'string' && sourceRoot !== '';
  return JSON.stringify({
    ...map,
    sourceRoot: isRooted ? sourceRoot : root,
    mappings: lines.join(';'),
  });
};
