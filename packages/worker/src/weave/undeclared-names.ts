/**
 * Which names the text of a module uses that neither it nor a vat has: in a vat they are undefined.
 */
import { getLineInfo } from 'acorn';
import { referencesTo, type Reference } from './free-names.js';
import { VAT_GLOBALS } from './global-names.js';
import { parseModule } from './syntax.js';

export interface UndeclaredName {
  readonly name: string;
  /** From 0; the column in UTF-16 units. */
  readonly line: number;
  readonly column: number;
}

/** What every function has. */
const ARGUMENTS = 'arguments';

const REQUIRE = 'require';
/** By a text that stands there: a bundler has seen to it. */
const REQUIRES_TEXT = /^\s*\(\s*["'`]/;

/** The global object inherits from it, so its names (`hasOwnProperty`) are found, too. */
const INHERITED = Object.prototype;

const ASKED_FOR = {
  has: (name: string) => name !== ARGUMENTS && !VAT_GLOBALS.has(name) && !(name in INHERITED),
};

const referencesIn = (source: string): readonly Reference[] | undefined => {
  try {
    return referencesTo(ASKED_FOR, [parseModule(source)]);
  } catch (error) {
    // It does not parse, or it nests too deep to be looked at.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
};

/**
 * Each such name once, where it stands first. Names that the text asks for by `typeof` are not
 * among them, nor is `require` of a text. Undefined for what cannot be looked at.
 */
export const undeclaredIn = (source: string): UndeclaredName[] | undefined => {
  const references = referencesIn(source);
  if (references === undefined) return undefined;
  const isAsked = ({ role }: Reference): boolean => role.is === 'asked';
  const seen = new Set(references.filter(isAsked).map(({ node }) => node.name));
  const found: UndeclaredName[] = [];
  for (const { node } of references) {
    const { name, start, end } = node;
    if (seen.has(name)) continue;
    if (name === REQUIRE && REQUIRES_TEXT.test(source.slice(end, end + 100))) continue;
    seen.add(name);
    const { line, column } = getLineInfo(source, start);
    found.push({ name, line: line - 1, column });
  }
  return found;
};
