/**
 * What the weaver needs to know of a syntax tree, as acorn gives it: nodes in source order.
 */
import type { AnyNode, BlockStatement, Comment } from 'acorn';
import { NestingParser, syntaxError, TOO_DEEP } from './nesting-parser.js';
import { SOURCE_DEPTH_MAX } from './source-limits.js';

export { syntaxError } from './nesting-parser.js';

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

type Operation = Extract<SyntaxNode, { readonly type: 'BinaryExpression' | 'LogicalExpression' }>;

export const isOperation = (node: SyntaxNode): node is Operation =>
  node.type === 'BinaryExpression' || node.type === 'LogicalExpression';

/** `a + b` in `a + b + c`. */
const isOfChain = (left: SyntaxNode, node: Operation): left is Operation =>
  isOperation(left) && left.operator === node.operator && left === node.left;

/**
 * What stands between the same operator, in source order: `a`, `b` and `c` of `a + b + c`. In the
 * tree such a chain is as deep as it is long, and programs write chains of thousands.
 */
export const operandsOf = (node: Operation): [SyntaxNode, ...SyntaxNode[]] => {
  const operands: SyntaxNode[] = [node.right];
  let left: SyntaxNode = node.left;
  for (let at = node; isOfChain(left, at); at = left, left = at.left) operands.push(left.right);
  operands.reverse();
  return [left, ...operands];
};

/** The nodes right below `node`, each once, in source order. */
export const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  if (isOperation(node)) return operandsOf(node);
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

/** Walks without calling itself. Errors: SyntaxError, whose message says where. */
const checkDepth = (tree: SyntaxNode, source: string): void => {
  const nodes = [tree];
  const depths = [0];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const depth = depths.pop() ?? 0;
    if (depth > SOURCE_DEPTH_MAX) throw syntaxError(TOO_DEEP, source, node.start);
    const add = (below: unknown): void => {
      if (!isNode(below)) return;
      nodes.push(below);
      depths.push(isOperation(node) && isOfChain(below, node) ? depth : depth + 1);
    };
    const values: readonly unknown[] = Object.values(node);
    for (const value of values) {
      if (Array.isArray(value)) value.forEach(add);
      else add(value);
    }
  }
};

/**
 * What the oldest Node that runs vats takes: all replicas refuse what it does not know, such as
 * modifiers within a regular expression.
 */
const ECMA_VERSION = 2024;

/** Puts comments into `comments`, in order. Errors: SyntaxError, whose message says where. */
export const parseScript = (source: string, comments: Comment[]): SyntaxNode => {
  const tree = NestingParser.parse(source, {
    ecmaVersion: ECMA_VERSION,
    sourceType: 'script',
    strict: true,
    // Before it stands what the weaver adds.
    allowHashBang: false,
    onComment: comments,
  });
  checkDepth(tree, source);
  return tree;
};

/** A module of today's JavaScript. Errors: SyntaxError, whose message says where. */
export const parseModule = (source: string): SyntaxNode => {
  const tree = NestingParser.parse(source, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowReturnOutsideFunction: true,
  });
  checkDepth(tree, source);
  return tree;
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
export const fitsBlock = ({ body: statements }: Pick<BlockStatement, 'body'>): boolean => {
  const functions = statements.filter(statement => statement.type === 'FunctionDeclaration');
  if (functions.length === 0) return true;
  const names = functions.map(({ id }) => id.name);
  const vars: string[] = [];
  for (const statement of statements) varNames(statement, vars);
  return new Set(names).size === names.length && !names.some(name => vars.includes(name));
};
