/**
 * What the weaver needs to know of a syntax tree, as acorn gives it: nodes in source order.
 */
import { getLineInfo, Parser, type AnyNode, type BlockStatement, type Comment } from 'acorn';

/** `start` and `end` are UTF-16 offsets into the source. */
export type SyntaxNode = AnyNode;

type FunctionType = 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression';
export type FunctionNode = Extract<AnyNode, { readonly type: FunctionType }>;

/** What else stands in a tree (the value of a literal, say) is no object, or has no place. */
export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value;

export const isFunction = (node: SyntaxNode): node is FunctionNode =>
  node.type === 'FunctionDeclaration' ||
  node.type === 'FunctionExpression' ||
  node.type === 'ArrowFunctionExpression';

/** The nodes right below `node`, each once, in source order. */
export const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  const values: readonly unknown[] = Object.values(node);
  for (const value of values) {
    if (!Array.isArray(value)) add(children, value);
    else for (const item of value) add(children, item);
  }
  const isSorted = children.every((child, i) => child.start >= (children[i - 1]?.start ?? 0));
  return isSorted ? children : children.sort((a, b) => a.start - b.start);
};

/** A shorthand property has one node twice, as key and as value. */
const add = (children: SyntaxNode[], value: unknown): void => {
  if (isNode(value) && value !== children.at(-1)) children.push(value);
};

/**
 * Looks for no `'use strict'`: compartments evaluate strictly, so all is parsed so, and acorn looks
 * by a regular expression that a megabyte of white space overflows. Where this host has no stack
 * left, it lets V8's RangeError through: a SyntaxError would be an outcome (zygote/call-depth.ts).
 */
class ScriptParser extends Parser {
  strictDirective(): boolean {
    return false;
  }

  catchStackOverflow<T>(parse: () => T): T {
    return parse();
  }
}

/**
 * What the oldest Node that runs vats takes: all replicas refuse what it does not know, such as
 * modifiers within a regular expression.
 */
const ECMA_VERSION = 2024;

/** Puts comments into `comments`, in order. Errors: SyntaxError, whose message says where. */
export const parseScript = (source: string, comments: Comment[]): SyntaxNode =>
  ScriptParser.parse(source, {
    ecmaVersion: ECMA_VERSION,
    sourceType: 'script',
    strict: true,
    // Before it stands what the weaver adds.
    allowHashBang: false,
    onComment: comments,
  });

/** An error as acorn's are: the message ends with line, from 1, and column, from 0. */
export const syntaxError = (why: string, source: string, at: number): SyntaxError => {
  const { line, column } = getLineInfo(source, at);
  return new SyntaxError(`${why} (${line}:${column})`);
};

/** The nodes around a place of the source, the innermost first. */
export const nodesAt = (tree: SyntaxNode, at: number): [SyntaxNode, ...SyntaxNode[]] => {
  const below = childrenOf(tree).find(({ start, end }) => start <= at && at < end);
  if (below === undefined) return [tree];
  const [innermost, ...around] = nodesAt(below, at);
  return [innermost, ...around, tree];
};

/** Where a function's body begins behind its directives. */
export const bodyStart = ({ body, start: bodyAt }: BlockStatement): number => {
  let start = bodyAt + 1;
  for (const statement of body) {
    if (statement.type !== 'ExpressionStatement' || statement.directive === undefined) break;
    start = statement.end;
  }
  return start;
};

/** Behind the `=>` of an arrow function: only brackets, commas and comments come before it. */
export const behindArrow = (source: string, { params, start }: FunctionNode): number => {
  let at = params.at(-1)?.end ?? start;
  while (!source.startsWith('=>', at)) {
    if (source.startsWith('//', at)) at += source.slice(at).search(/[\n\r\u2028\u2029]/);
    else if (source.startsWith('/*', at)) at = source.indexOf('*/', at) + 2;
    else at += 1;
  }
  return at + 2;
};

/** The names that a pattern binds. */
export const namesIn = (pattern: SyntaxNode, into: string[]): void => {
  if (pattern.type === 'Identifier') into.push(pattern.name);
  else if (pattern.type === 'Property') namesIn(pattern.value, into);
  else if (pattern.type === 'AssignmentPattern') namesIn(pattern.left, into);
  else for (const child of childrenOf(pattern)) namesIn(child, into);
};

/** The names that `var` declares in a function, however deep, but in no function below. */
const varNames = (node: SyntaxNode, into: string[]): void => {
  if (isFunction(node)) return;
  if (node.type === 'VariableDeclaration' && node.kind === 'var') {
    for (const { id } of node.declarations) namesIn(id, into);
  }
  for (const child of childrenOf(node)) varNames(child, into);
};

/**
 * May the statements of a function body stand in a block? Not when a function that it declares has
 * the name of another, or of a `var`: in a block that is a syntax error.
 */
export const fitsBlock = ({ body: statements }: BlockStatement): boolean => {
  const functions = statements.filter(statement => statement.type === 'FunctionDeclaration');
  if (functions.length === 0) return true;
  const names = functions.map(({ id }) => id.name);
  const vars: string[] = [];
  for (const statement of statements) varNames(statement, vars);
  return new Set(names).size === names.length && !names.some(name => vars.includes(name));
};
