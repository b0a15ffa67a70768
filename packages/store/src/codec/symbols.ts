/**
 * The names of passable symbols: registered ones by key, well-known ones as `@@iterator`.
 *
 * As @endo/pass-style's `symbol.js`: a registered key that itself begins with `@@` gets another
 * `@@` in front. The list of well-known symbols is fixed, so that it is the same on every engine.
 */

const SymbolFor = Symbol.for;
const { keyFor } = Symbol;

const WELL_KNOWN_NAMES = [
  'asyncDispose',
  'asyncIterator',
  'dispose',
  'hasInstance',
  'isConcatSpreadable',
  'iterator',
  'match',
  'matchAll',
  'replace',
  'search',
  'species',
  'split',
  'toPrimitive',
  'toStringTag',
  'unscopables',
] as const;

const WELL_KNOWN_PREFIX = '@@';

const nameOfWellKnown = new Map<symbol, string>();
const wellKnownOfName = new Map<string, symbol>();
for (const name of WELL_KNOWN_NAMES) {
  const symbol: unknown = Reflect.get(Symbol, name);
  if (typeof symbol === 'symbol') {
    nameOfWellKnown.set(symbol, `${WELL_KNOWN_PREFIX}${name}`);
    wellKnownOfName.set(`${WELL_KNOWN_PREFIX}${name}`, symbol);
  }
}

/** The name that stands for `symbol`, undefined if it is neither registered nor well-known. */
export function nameOfSymbol(symbol: symbol): string | undefined {
  const key = keyFor(symbol);
  if (key === undefined) {
    return nameOfWellKnown.get(symbol);
  }
  return key.startsWith(WELL_KNOWN_PREFIX) ? `${WELL_KNOWN_PREFIX}${key}` : key;
}

/** The inverse of `nameOfSymbol`; undefined for a name that it gives to no symbol. */
export function symbolOfName(name: string): symbol | undefined {
  if (!name.startsWith(WELL_KNOWN_PREFIX)) {
    return SymbolFor(name);
  }
  const rest = name.slice(WELL_KNOWN_PREFIX.length);
  return rest.startsWith(WELL_KNOWN_PREFIX) ? SymbolFor(rest) : wellKnownOfName.get(name);
}
