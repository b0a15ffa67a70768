/** The segments in the mappings of source maps: numbers in digits of their own. */

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Of a digit; the sixth says that more follow. */
const VALUE_BITS = 5;
const MORE = 1 << VALUE_BITS;

/** Numbers of a segment, each the difference from the one before it. */
type Segment = number[];

/** Undefined for what is no segment. */
export const decodedSegment = (text: string): Segment | undefined => {
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

export const encodedSegment = (segment: Segment): string => segment.map(encodedNumber).join('');
