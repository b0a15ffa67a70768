/** Which sources the weaver may refuse, as far as that shows without parsing them. */
import { isSuspect } from './evasion.js';
import { RESERVED_PREFIX } from './reserved-prefix.js';

/** Regular expressions younger than the oldest Node, or maybe: `(?i:a)`, two groups of a name. */
const YOUNG_EXPRESSIONS = /\(\?(?:[a-z-]+:|<(?![=!]))/;

/** As esbuild prints what nests, each block two spaces further: only then it may be too deep. */
const DEEP = /^ {300}|[^\n]{1500}/m;
const ELSE_IF = /\belse if\b/g;
const CHAIN_MIN = 300;

const mayNestDeep = (source: string): boolean =>
  DEEP.test(source) || (source.match(ELSE_IF)?.length ?? 0) > CHAIN_MIN;

/**
 * Could `weave` refuse a source that another parser of today's JavaScript has taken? Sources where
 * it cannot need not be parsed to know that.
 */
export const isDoubtful = (source: string): boolean =>
  isSuspect(source) ||
  source.includes(RESERVED_PREFIX) ||
  YOUNG_EXPRESSIONS.test(source) ||
  mayNestDeep(source);

/** As esbuild prints what only code that is not strict may do, or maybe: `with`, `delete x`, … */
const SLOPPY = new RegExp(
  [
    String.raw`\bwith \(`,
    String.raw`\bdelete [\w$]+(?![\w$.?[(\x60])`,
    // Assigned or declared. (Most only read them: `arguments[0]`, `apply(this, arguments)`.)
    String.raw`\b(?:eval|arguments)\b(?!\s*[.[(]|\)(?! (?:\{|=>)))`,
    String.raw`\bfunction\*? (?:eval|arguments)\b`,
    // Two parameters of one name.
    String.raw`\((?:[\w$]+, )*([\w$]+), (?:[\w$]+, )*\1(?:, [^()]*)?\) \{`,
    String.raw`(?<![.\w$])(?:implements|interface|package|private|protected|public)\b`,
  ].join('|'),
);

/** The same of what may not be strict itself, though vats take it as strict: CommonJS. */
export const isDoubtfulSloppy = (source: string): boolean =>
  isDoubtful(source) || SLOPPY.test(source);
