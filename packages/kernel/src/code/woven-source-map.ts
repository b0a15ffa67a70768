/**
 * The source map of a woven script, made from the one of its bundle: lines are the same, columns
 * are moved by what the weaver has added. For debuggers alone.
 */
import { addedIn, linesOf } from '@heirloom/worker/plain-places';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Of a digit; the sixth says that more follow. */
const VALUE_BITS = 5;
const MORE = 1 << VALUE_BITS;

/** Numbers of a segment, each the difference from the one before it. */
type Segment = number[];

/** Undefined for what is no segment. */
const decoded = (text: string): Segment | undefined => {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of text) {
    const bits = DIGITS.indexOf(digit);
    if (bits === -1 || shift > 30) return undefined;
    value += (bits & (MORE - 1)) * 2 ** shift;
    shift += VALUE_BITS;
    if ((bits & MORE) !== 0) continue;
    numbers.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    value = 0;
    shift = 0;
  }
  return shift === 0 && numbers.length > 0 ? numbers : undefined;
};

const encodedNumber = (number: number): string => {
  let left = number < 0 ? -number * 2 + 1 : number * 2;
  let text = '';
  do {
    const bits = left % MORE;
    left = Math.floor(left / MORE);
    text += DIGITS[left > 0 ? bits + MORE : bits];
  } while (left > 0);
  return text;
};

/** The segments of a line, whose first number is a column: from the bundle's to the script's. */
const movedLine = (segments: string, scriptLine: string): string | undefined => {
  const added = addedIn(scriptLine);
  let next = 0;
  let shift = 0;
  let column = 0;
  let before = 0;
  const moved: string[] = [];
  for (const text of segments === '' ? [] : segments.split(',')) {
    const [forward, ...rest] = decoded(text) ?? [];
    if (forward === undefined) return undefined;
    column += forward;
    for (; (added[next]?.at ?? Infinity) <= column; next += 1) shift += added[next]?.length ?? 0;
    moved.push([column + shift - before, ...rest].map(encodedNumber).join(''));
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
