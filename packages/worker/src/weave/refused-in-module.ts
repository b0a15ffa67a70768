/**
 * Where one module has what a vat may not have, though a bundler takes it: a decorator, an
 * `import()`.
 *
 * For modules of today's JavaScript, types already taken out of them.
 */
import { childrenOf, parseModule, syntaxError, type SyntaxNode } from './syntax.js';

const importIn = (node: SyntaxNode): SyntaxNode | undefined => {
  if (node.type === 'ImportExpression') return node;
  for (const child of childrenOf(node)) {
    const found = importIn(child);
    if (found !== undefined) return found;
  }
  return undefined;
};

const isParseError = (error: unknown): error is { readonly pos: number } =>
  error instanceof SyntaxError && 'pos' in error && typeof error.pos === 'number';

/** The first one, as an error whose message ends with line, from 1, and column, from 0. */
export const refusedInModule = (source: string): SyntaxError | undefined => {
  let tree: SyntaxNode;
  try {
    tree = parseModule(source);
  } catch (error) {
    // The parser knows none, so it stops at the first.
    if (!isParseError(error) || source[error.pos] !== '@') return undefined;
    return syntaxError('a vat has no decorators', source, error.pos);
  }
  const found = importIn(tree);
  return found && syntaxError('a vat has no import()', source, found.start);
};

/** Why a module nests too deep, for those that read it with a parser of their own. */
export const refusedNesting = (source: string): SyntaxError | undefined => {
  try {
    parseModule(source);
  } catch (error) {
    if (error instanceof SyntaxError && !isParseError(error)) return error;
  }
  return undefined;
};
