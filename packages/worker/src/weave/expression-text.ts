/**
 * Regular expressions that V8 may want more stack for than a thread has: they are refused by their
 * text, before V8 sees them, in a source as in `RegExp(text)`.
 *
 * V8 calls itself for a group in a group, and from one group or quantifier to the next one.
 */
import { EXPRESSION_NESTING_MAX, EXPRESSION_PARTS_MAX } from './source-limits.js';

const QUANTIFIERS = '*+?{';

/** Why it is refused, if it is. What is no regular expression is V8's to refuse. */
export const refusedPattern = (pattern: string, flags: string): string | undefined => {
  // With `v`, classes of characters stand in each other.
  const hasSets = flags.includes('v');
  let [nesting, inClass, parts] = [0, 0, 0];
  for (let at = 0; at < pattern.length; at += 1) {
    const mark = pattern.charAt(at);
    if (mark === '\\') at += 1;
    else if (mark === '[') inClass = hasSets ? inClass + 1 : 1;
    else if (mark === ']') inClass = Math.max(0, inClass - 1);
    else if (inClass > 0) continue;
    else if (mark === '(') [nesting, parts] = [nesting + 1, parts + 1];
    else if (mark === ')') nesting -= 1;
    else if (QUANTIFIERS.includes(mark)) parts += 1;
    if (nesting + inClass > EXPRESSION_NESTING_MAX) {
      return 'the regular expression nests too deep';
    }
    if (parts > EXPRESSION_PARTS_MAX) {
      return 'the regular expression has too many groups and quantifiers';
    }
  }
  return undefined;
};
