/**
 * What the weaver needs to know of a syntax tree, as acorn gives it: nodes in source order.
 */
import { Parser } from 'acorn';

export interface SyntaxNode {
  readonly type: string;
  /** UTF-16 offsets into the source. */
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

export interface FunctionNode extends SyntaxNode {
  readonly params: readonly SyntaxNode[];
  readonly body: SyntaxNode;
  readonly async: boolean;
  readonly generator: boolean;
}

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value;

export const isFunction = (node: SyntaxNode): node is FunctionNode =>
  FUNCTIONS.includes(node.type);

/** The nodes right below `node`, each once, in source order. */
export const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (const name in node) {
    const value = node[name];
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) add(children, value);
    else for (const item of value as unknown[]) add(children, item);
  }
  const isSorted = children.every((child, i) => i === 0 || child.start >= children[i - 1]!.start);
  return isSorted ? children : children.sort((a, b) => a.start - b.start);
};

/** A shorthand property has one node twice, as key and as value. */
const add = (children: SyntaxNode[], value: unknown): void => {
  if (isNode(value) && value !== children.at(-1)) children.push(value);
};

/**
 * Looks for no `'use strict'`: compartments evaluate strictly anyway, and acorn looks by a regular
 * expression that a megabyte of white space overflows.
 */
class ScriptParser extends Parser {
  strictDirective(): boolean {
    return false;
  }
}

/** Errors: SyntaxError, whose message says where. */
export const parseScript = (source: string): SyntaxNode =>
  ScriptParser.parse(source, {
    ecmaVersion: 'latest',
    sourceType: 'script',
  }) as unknown as SyntaxNode;

/** Where a function's body begins behind its directives. */
export const bodyStart = (body: SyntaxNode): number => {
  let start = body.start + 1;
  for (const statement of body['body'] as readonly SyntaxNode[]) {
    if (typeof statement['directive'] !== 'string') break;
    start = statement.end;
  }
  return start;
};

/** Behind the `=>` of an arrow function: only brackets, commas and comments come before it. */
export const behindArrow = (source: string, { params, start }: FunctionNode): number => {
  let at = params.at(-1)?.end ?? start;
  while (!source.startsWith('=>', at)) {
    if (source.startsWith('//', at)) at = /[\n\r\u2028\u2029]/g.exec(source.slice(at))!.index + at;
    else if (source.startsWith('/*', at)) at = source.indexOf('*/', at) + 2;
    else at += 1;
  }
  return at + 2;
};

const namesIn = (pattern: SyntaxNode | null, into: string[]): void => {
  if (pattern === null) return;
  if (pattern.type === 'Identifier') into.push(pattern['name'] as string);
  else if (pattern.type === 'Property') namesIn(pattern['value'] as SyntaxNode, into);
  else if (pattern.type === 'AssignmentPattern') namesIn(pattern['left'] as SyntaxNode, into);
  else for (const child of childrenOf(pattern)) namesIn(child, into);
};

/** The names that `var` declares in a function, however deep, but in no function below. */
const varNames = (node: SyntaxNode, into: string[]): void => {
  if (isFunction(node)) return;
  if (node.type === 'VariableDeclaration' && node['kind'] === 'var') {
    for (const { id } of node['declarations'] as readonly { readonly id: SyntaxNode }[]) {
      namesIn(id, into);
    }
  }
  for (const child of childrenOf(node)) varNames(child, into);
};

/**
 * May the statements of a function body stand in a block? Not when a function that it declares has
 * the name of another, or of a `var`: in a block that is a syntax error.
 */
export const fitsBlock = (body: SyntaxNode): boolean => {
  const statements = body['body'] as readonly SyntaxNode[];
  const functions = statements.filter(({ type }) => type === 'FunctionDeclaration');
  if (functions.length === 0) return true;
  const names = functions.map(({ id }) => (id as SyntaxNode)['name'] as string);
  const vars: string[] = [];
  for (const statement of statements) varNames(statement, vars);
  return new Set(names).size === names.length && !names.some(name => vars.includes(name));
};
