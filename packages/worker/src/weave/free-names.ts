/**
 * Where a script mentions names that it does not declare: the references to them, scope by scope.
 *
 * Only the names that are asked for are followed. What declares one of them hides it below: a
 * parameter, `var` in its function, `let`, `const`, classes and functions in their block.
 */
import {
  childrenOf,
  isFunction,
  namesIn,
  varNames,
  type FunctionNode,
  type SyntaxNode,
} from './syntax.js';

type Identifier = Extract<SyntaxNode, { readonly type: 'Identifier' }>;

/** What a reference is to the node around it, as far as it must be written in another way. */
type ReferenceRole =
  | { readonly is: 'plain' }
  /** `{ name }`: what stands for the name needs its key. */
  | { readonly is: 'shorthand' }
  /** `name()` and a template's tag: what is called gets no `this`. */
  | { readonly is: 'called' }
  /** `name = function () {}`: the function is named by it. */
  | { readonly is: 'naming'; readonly named: SyntaxNode };

export interface Reference {
  readonly node: Identifier;
  readonly role: ReferenceRole;
}

type Hidden = ReadonlySet<string>;

const PLAIN: ReferenceRole = { is: 'plain' };
const SHORTHAND: ReferenceRole = { is: 'shorthand' };
const CALLED: ReferenceRole = { is: 'called' };

const isAnonymous = (node: SyntaxNode): boolean =>
  node.type === 'ArrowFunctionExpression' ||
  ((node.type === 'FunctionExpression' || node.type === 'ClassExpression') && !node.id);

const namesOf = (pattern: SyntaxNode): string[] => {
  const names: string[] = [];
  namesIn(pattern, names);
  return names;
};

const varsOf = (statements: readonly SyntaxNode[]): string[] => {
  const names: string[] = [];
  for (const statement of statements) varNames(statement, names);
  return names;
};

/** The names that a block's own statements declare for it, but for `var`. */
const namesOfBlock = (statements: readonly SyntaxNode[]): string[] =>
  statements.flatMap(statement => {
    if (statement.type === 'VariableDeclaration') {
      if (statement.kind === 'var') return [];
      return statement.declarations.flatMap(({ id }) => namesOf(id));
    }
    if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
      return statement.id ? [statement.id.name] : [];
    }
    return [];
  });

const isClass = (node: SyntaxNode) =>
  node.type === 'ClassDeclaration' || node.type === 'ClassExpression';

const namesOfScope = (node: SyntaxNode): string[] => {
  if (node.type === 'Program' || node.type === 'BlockStatement') return namesOfBlock(node.body);
  if (node.type === 'StaticBlock') return [...namesOfBlock(node.body), ...varsOf(node.body)];
  if (node.type === 'SwitchStatement') {
    return node.cases.flatMap(({ consequent }) => namesOfBlock(consequent));
  }
  if (node.type === 'ForStatement') return node.init ? namesOfBlock([node.init]) : [];
  if (node.type === 'ForInStatement' || node.type === 'ForOfStatement') {
    return namesOfBlock([node.left]);
  }
  if (node.type === 'CatchClause') return node.param ? namesOf(node.param) : [];
  return isClass(node) && node.id ? [node.id.name] : [];
};

/** The node below `node` that holds no reference, for it is the name of something else. */
const nameOnly = (node: SyntaxNode): SyntaxNode | null | undefined => {
  const { type } = node;
  if (type === 'MemberExpression') return node.computed ? undefined : node.property;
  if (type === 'MethodDefinition' || type === 'PropertyDefinition') {
    return node.computed ? undefined : node.key;
  }
  if (type === 'LabeledStatement' || type === 'BreakStatement' || type === 'ContinueStatement') {
    return node.label;
  }
  return isClass(node) ? node.id : undefined;
};

class Finder {
  readonly found: Reference[] = [];
  readonly #names: Hidden;

  constructor(names: Hidden) {
    this.#names = names;
  }

  visit(node: SyntaxNode, outer: Hidden, role = PLAIN): void {
    if (node.type === 'Identifier') {
      if (this.#names.has(node.name) && !outer.has(node.name)) this.found.push({ node, role });
      return;
    }
    if (node.type === 'MetaProperty') return;
    if (isFunction(node)) {
      this.#visitFunction(node, outer);
      return;
    }
    const hidden = this.#with(outer, namesOfScope(node));
    const skipped = nameOnly(node);
    if (node.type === 'Property') {
      if (node.computed) this.visit(node.key, hidden);
      if (node.shorthand) this.#visitShorthand(node.value, hidden);
      else this.visit(node.value, hidden);
      return;
    }
    for (const child of childrenOf(node)) {
      if (child !== skipped) this.visit(child, hidden, this.#roleOf(child, node));
    }
  }

  /** In a pattern the value may have a default. */
  #visitShorthand(value: SyntaxNode, hidden: Hidden): void {
    if (value.type !== 'AssignmentPattern') {
      this.visit(value, hidden, SHORTHAND);
      return;
    }
    this.visit(value.left, hidden, SHORTHAND);
    this.visit(value.right, hidden);
  }

  #visitFunction(node: FunctionNode, outer: Hidden): void {
    const own = node.type === 'FunctionExpression' && node.id ? [node.id.name] : [];
    const parameters = this.#with(outer, [...own, ...node.params.flatMap(namesOf)]);
    for (const parameter of node.params) this.visit(parameter, parameters);
    const { body } = node;
    const vars = body.type === 'BlockStatement' ? varsOf(body.body) : [];
    this.visit(body, this.#with(parameters, vars));
  }

  #roleOf(child: SyntaxNode, parent: SyntaxNode): ReferenceRole {
    if (parent.type === 'CallExpression' && parent.callee === child) return CALLED;
    if (parent.type === 'TaggedTemplateExpression' && parent.tag === child) return CALLED;
    if (parent.type !== 'AssignmentExpression' || parent.left !== child) return PLAIN;
    return isAnonymous(parent.right) ? { is: 'naming', named: parent.right } : PLAIN;
  }

  #with(outer: Hidden, declared: readonly string[]): Hidden {
    const more = declared.filter(name => this.#names.has(name) && !outer.has(name));
    return more.length === 0 ? outer : new Set([...outer, ...more]);
  }
}

/** In the order of the source. What a node itself declares for what is around it hides nothing. */
export const referencesTo = (
  names: ReadonlySet<string>,
  nodes: readonly SyntaxNode[],
): Reference[] => {
  const finder = new Finder(names);
  for (const node of nodes) finder.visit(node, new Set());
  return finder.found;
};
