/**
 * Values of the naive model of kinds and collections, the code that spells them in a vat, and the
 * order and patterns that the model decides by itself, without endo's libraries.
 */
import type { Random } from '../../support/suite/random.js';

type Primitive = null | undefined | boolean | number | bigint | string | symbol;
/** An object: its number in the model and, of a kit, the facet. */
export type Ref = readonly ['ref', id: number, facet: string];
export type Value = Primitive | Ref | readonly ['list', ...members: unknown[]];

export const isRef = (value: Value): value is Ref => Array.isArray(value) && value[0] === 'ref';

export const same = (a: unknown, b: unknown): boolean => {
  if (!Array.isArray(a) || !Array.isArray(b)) return Object.is(a, b) || (a === 0 && b === 0);
  return a.length === b.length && a.every((member, i) => same(member, b[i]));
};

/** An expression for `value` in the vat, where `o(id, facet)` finds an object. */
export const codeOf = (value: Value): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol') return `Symbol.for(${JSON.stringify(Symbol.keyFor(value))})`;
  if (typeof value !== 'object' || value === null) return String(value);
  const [style, ...rest] = value;
  if (style === 'ref') return `o(${String(rest[0])}, '${String(rest[1])}')`;
  return `harden([${rest.map(member => codeOf(member as Value)).join(', ')}])`;
};

/** A function, not a list: the model keeps no value that a test could have changed. */
const pool = (): readonly Primitive[] => [
  ...[null, undefined, true, false, 0, 1, -1, 2.5, 1e300, NaN, Infinity, -Infinity, 7, 2 ** 40],
  ...[0n, 1n, -1n, 2n ** 70n, -(2n ** 70n), 99n, 100n, -99n, -100n],
  ...['', 'a', 'b', 'aa', 'é', '\u{1f600}', '\ud800', '\uffff', 'x'.repeat(150), '0', 'null'],
  ...[Symbol.for('s'), Symbol.for('')],
];

export const primitiveOf = (random: Random): Primitive => {
  const all = pool();
  const n = random.below(all.length + 30);
  // Small numbers and names: these meet again.
  if (n >= all.length) return n % 2 === 0 ? n - all.length : `k${n - all.length}`;
  return all[n];
};

const RANKS = ['boolean', 'number', 'bigint', 'ref', 'string', 'null', 'symbol', 'undefined'];
const rankOf = (key: Value): number =>
  RANKS.indexOf(isRef(key) ? 'ref' : key === null ? 'null' : typeof key);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const compareNumbers = (a: number, b: number): number => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
};

/** The order of keys; 0 for two objects, which stand in order of insertion. */
export const compareKeys = (a: Value, b: Value): number => {
  const byRank = rankOf(a) - rankOf(b);
  if (byRank !== 0) return byRank;
  if (typeof a === 'string') return compareText(a, b as string);
  if (typeof a === 'number') return compareNumbers(a, b as number);
  if (typeof a === 'bigint') return a < (b as bigint) ? -1 : a > (b as bigint) ? 1 : 0;
  if (typeof a === 'boolean') return Number(a) - Number(b);
  if (typeof a === 'symbol') return compareText(Symbol.keyFor(a)!, Symbol.keyFor(b as symbol)!);
  return 0;
};

export interface ModelPattern {
  /** Of no pattern at all: 'undefined'. */
  readonly code: string;
  matches(value: Value): boolean;
}

const PATTERNS: readonly ModelPattern[] = [
  { code: 'undefined', matches: () => true },
  { code: 'M.any()', matches: () => true },
  { code: 'M.string()', matches: value => typeof value === 'string' },
  { code: 'M.number()', matches: value => typeof value === 'number' },
  { code: 'M.bigint()', matches: value => typeof value === 'bigint' },
  { code: 'M.nat()', matches: value => typeof value === 'bigint' && value >= 0n },
  { code: 'M.boolean()', matches: value => typeof value === 'boolean' },
  { code: 'M.null()', matches: value => value === null },
  { code: 'M.undefined()', matches: value => value === undefined },
  { code: 'M.symbol()', matches: value => typeof value === 'symbol' },
  { code: 'M.remotable()', matches: isRef },
  { code: 'M.gte(1)', matches: value => typeof value === 'number' && value >= 1 },
  { code: 'M.lt(100n)', matches: value => typeof value === 'bigint' && value < 100n },
  { code: `M.gt('k1')`, matches: value => typeof value === 'string' && value > 'k1' },
  {
    code: 'M.or(M.string(), M.bigint())',
    matches: value => typeof value === 'string' || typeof value === 'bigint',
  },
  { code: 'M.not(M.string())', matches: value => typeof value !== 'string' },
  {
    code: 'M.and(M.number(), M.lte(7))',
    matches: value => typeof value === 'number' && value <= 7,
  },
];

/** One of the patterns, or one of `values` itself. */
export const patternOf = (random: Random, values: readonly Value[]): ModelPattern => {
  const n = random.below(PATTERNS.length + 3);
  const known = PATTERNS[n];
  if (known !== undefined) return known;
  const itself = values[random.below(Math.max(1, values.length))];
  if (itself === undefined) return PATTERNS[0]!;
  return { code: codeOf(itself), matches: value => same(itself, value) };
};
