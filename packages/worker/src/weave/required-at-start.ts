/**
 * Where a script that esbuild has made for another host requires a module of that host as it is
 * evaluated, whatever happens: a vat has no `require`, so no vat can start from it.
 *
 * Told is only what is certain: a call of `require`, or of what esbuild puts in its place, in
 * statements that run in any case, in functions that are called where they stand, and in CommonJS
 * modules that such statements require. A script that may make a `require` itself is left alone.
 */
import { referencesTo } from './free-names.js';
import {
  childrenOf,
  isFunction,
  operandsOf,
  parseScript,
  syntaxError,
  type SyntaxNode,
} from './syntax.js';

const CALL = /require\(["'`]/;
/** Something may be given this name by other ways than a declaration. */
const MADE = /\.require\b|["'`]require["'`]/;
/** Texts of esbuild's own functions. */
const SHIM_TEXT = 'Dynamic require of "';
const COMMON_JS_TEXT = 'cb[__getOwnPropNames(cb)[0]]';

type Nodes = readonly (SyntaxNode | null | undefined)[];

/** Nothing of them need be evaluated. */
const MAYBE: ReadonlySet<string> = new Set([
  ...['AssignmentPattern', 'ChainExpression', 'ClassExpression', 'ClassDeclaration'],
]);

/** What of an expression is evaluated in any case, functions aside. */
const alwaysIn = (node: SyntaxNode): Nodes => {
  if (node.type === 'ConditionalExpression') return [node.test];
  if (node.type === 'LogicalExpression') return [operandsOf(node)[0]];
  if (node.type === 'AssignmentExpression') return node.operator === '=' ? [node.right] : [];
  return MAYBE.has(node.type) ? [] : childrenOf(node);
};

/** Statements that run, and that the next one follows. */
const STRAIGHT: ReadonlySet<string> = new Set([
  ...['VariableDeclaration', 'ExpressionStatement', 'FunctionDeclaration', 'ClassDeclaration'],
  ...['EmptyStatement', 'ReturnStatement'],
]);

class Starter {
  readonly #source: string;
  readonly #free: ReadonlySet<SyntaxNode>;
  readonly #shims = new Set<string>();
  /** Bodies of CommonJS modules, by the functions that require them. */
  readonly #modules = new Map<string, SyntaxNode>();
  #wraps = false;

  constructor(source: string, tree: SyntaxNode) {
    this.#source = source;
    this.#free = new Set(referencesTo(new Set(['require']), [tree]).map(({ node }) => node));
  }

  /** The call of the first module that is required among what runs in any case. */
  first(node: SyntaxNode): SyntaxNode | undefined {
    if (isFunction(node)) return undefined;
    if (node.type === 'VariableDeclarator') this.#note(node.id, node.init);
    const isCall = node.type === 'CallExpression';
    if (isCall && this.#requires(node.callee) && node.arguments[0]?.type === 'Literal') return node;
    const below = [...alwaysIn(node), isCall ? this.#bodyOf(node.callee) : undefined];
    const isBody = node.type === 'BlockStatement' || node.type === 'Program';
    for (const each of below) {
      if (!each) continue;
      // It may not run, or leave the function: what comes behind it is not certain either.
      if (isBody && !STRAIGHT.has(each.type)) return undefined;
      const found = this.first(each);
      if (found !== undefined || each.type === 'ReturnStatement') return found;
    }
    return undefined;
  }

  #note(id: SyntaxNode, init: SyntaxNode | null | undefined): void {
    if (id.type !== 'Identifier' || !init) return;
    const text = this.#source.slice(init.start, init.end);
    if (id.name === '__require' && text.includes(SHIM_TEXT)) this.#shims.add(id.name);
    if (id.name === '__commonJS' && text.includes(COMMON_JS_TEXT)) this.#wraps = true;
    const isWrapped =
      this.#wraps &&
      init.type === 'CallExpression' &&
      init.callee.type === 'Identifier' &&
      init.callee.name === '__commonJS';
    const [wrapped] = isWrapped ? init.arguments : [];
    const [method] = wrapped?.type === 'ObjectExpression' ? wrapped.properties : [];
    if (method?.type !== 'Property' || method.value.type !== 'FunctionExpression') return;
    this.#modules.set(id.name, method.value.body);
  }

  #requires(callee: SyntaxNode): boolean {
    if (callee.type !== 'Identifier') return false;
    return this.#free.has(callee) || this.#shims.has(callee.name);
  }

  /** Of a function that is called where it stands, or of a module that is required first here. */
  #bodyOf(callee: SyntaxNode): SyntaxNode | undefined {
    if (callee.type === 'Identifier') {
      const body = this.#modules.get(callee.name);
      this.#modules.delete(callee.name);
      return body;
    }
    if (callee.type !== 'FunctionExpression' && callee.type !== 'ArrowFunctionExpression') {
      return undefined;
    }
    return callee.async || callee.generator ? undefined : callee.body;
  }
}

const treeOf = (source: string): SyntaxNode | undefined => {
  try {
    return parseScript(source, []);
  } catch (error) {
    // The weaver tells why, and where.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
};

/** An error whose message ends with line, from 1, and column, from 0. */
export const requiredAtStart = (source: string): SyntaxError | undefined => {
  if (!CALL.test(source) || MADE.test(source)) return undefined;
  const tree = treeOf(source);
  const call = tree && new Starter(source, tree).first(tree);
  if (call?.type !== 'CallExpression') return undefined;
  const [name] = call.arguments;
  const text = name?.type === 'Literal' ? String(name.value) : '';
  return syntaxError(`a vat has no modules of its host: "${text}"`, source, call.start);
};
