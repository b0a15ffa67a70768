/**
 * Where a script or a module mentions names that it does not declare: the references to them, scope
 * by scope.
 *
 * Only the names that are asked for are followed. What declares one of them hides it below: a
 * parameter, `var` in its function, `let`, `const`, classes and functions in their block, imports
 * in their module.
 */
import {
  childrenOf,
  isFunction,
  isNode,
  isOperation,
  namesIn,
  operandsOf,
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
  /** `typeof name`: it need not be there. */
  | { readonly is: 'asked' }
  /** `name = function () {}`: the function is named by it. */
  | { readonly is: 'naming'; readonly named: SyntaxNode };

export interface Reference {
  readonly node: Identifier;
  readonly role: ReferenceRole;
}

/** Which names are asked for. */
type Names = Pick<ReadonlySet<string>, 'has'>;

const PLAIN: ReferenceRole = { is: 'plain' };
const SHORTHAND: ReferenceRole = { is: 'shorthand' };
const CALLED: ReferenceRole = { is: 'called' };
const ASKED: ReferenceRole = { is: 'asked' };

const isAnonymous = (node: SyntaxNode): boolean =>
  node.type === 'ArrowFunctionExpression' ||
  ((node.type === 'FunctionExpression' || node.type === 'ClassExpression') && !node.id);

const namesOf = (pattern: SyntaxNode): string[] => {
  const names: string[] = [];
  namesIn(pattern, names);
  return names;
};

/** What statements can stand in, functions and classes aside. */
const AROUND_STATEMENTS: ReadonlySet<string> = new Set([
  ...['BlockStatement', 'IfStatement', 'ForStatement', 'ForInStatement', 'ForOfStatement'],
  ...['WhileStatement', 'DoWhileStatement', 'LabeledStatement', 'TryStatement', 'CatchClause'],
  ...['SwitchStatement', 'SwitchCase', 'ExportNamedDeclaration'],
]);

/** The names that `var` declares in statements, however deep, but in no function below. */
const varsOf = (statements: readonly SyntaxNode[]): string[] =>
  statements.flatMap(statement => {
    if (AROUND_STATEMENTS.has(statement.type)) return varsOf(childrenOf(statement));
    if (statement.type !== 'VariableDeclaration' || statement.kind !== 'var') return [];
    return statement.declarations.flatMap(({ id }) => namesOf(id));
  });

const namesOfStatement = (statement: SyntaxNode): string[] => {
  if (statement.type === 'VariableDeclaration') {
    if (statement.kind === 'var') return [];
    return statement.declarations.flatMap(({ id }) => namesOf(id));
  }
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
    return statement.id ? [statement.id.name] : [];
  }
  if (statement.type === 'ImportDeclaration') {
    return statement.specifiers.map(({ local }) => local.name);
  }
  const isExport =
    statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration';
  return isExport && statement.declaration ? namesOfStatement(statement.declaration) : [];
};

/** The names that a block's own statements declare for it, but for `var`. */
const namesOfBlock = (statements: readonly SyntaxNode[]): string[] =>
  statements.flatMap(namesOfStatement);

const isClass = (node: SyntaxNode) =>
  node.type === 'ClassDeclaration' || node.type === 'ClassExpression';

const NONE: readonly string[] = [];

const namesOfScope = (node: SyntaxNode): readonly string[] => {
  if (node.type === 'BlockStatement') return namesOfBlock(node.body);
  if (node.type === 'StaticBlock' || node.type === 'Program') {
    return [...namesOfBlock(node.body), ...varsOf(node.body)];
  }
  if (node.type === 'SwitchStatement') {
    return node.cases.flatMap(({ consequent }) => namesOfBlock(consequent));
  }
  if (node.type === 'ForStatement') return node.init ? namesOfBlock([node.init]) : [];
  if (node.type === 'ForInStatement' || node.type === 'ForOfStatement') {
    return namesOfBlock([node.left]);
  }
  if (node.type === 'CatchClause') return node.param ? namesOf(node.param) : [];
  return isClass(node) && node.id ? [node.id.name] : NONE;
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

/** Imports and exports of others' names, and `import.meta`: no name in them is a reference. */
const hasNone = ({ type }: SyntaxNode): boolean =>
  type === 'Literal' ||
  type === 'ImportDeclaration' ||
  type === 'ExportAllDeclaration' ||
  type === 'ExportSpecifier' ||
  type === 'MetaProperty';

class Finder {
  readonly found: Reference[] = [];
  readonly #names: Names;
  /** How many scopes around what is visited declare a name. */
  readonly #declared = new Map<string, number>();

  constructor(names: Names) {
    this.#names = names;
  }

  visit(node: SyntaxNode, role = PLAIN): void {
    if (node.type === 'Identifier') {
      if (this.#names.has(node.name) && !this.#isDeclared(node.name)) {
        this.found.push({ node, role });
      }
      return;
    }
    if (hasNone(node)) return;
    if (isFunction(node)) {
      this.#visitFunction(node);
      return;
    }
    const declared = namesOfScope(node);
    this.#declare(declared, 1);
    this.#visitBelow(node);
    this.#declare(declared, -1);
  }

  #visitBelow(node: SyntaxNode): void {
    if (node.type === 'Property') {
      if (node.computed) this.visit(node.key);
      if (node.shorthand) this.#visitShorthand(node.value);
      else this.visit(node.value);
      return;
    }
    if (isOperation(node)) {
      for (const operand of operandsOf(node)) this.visit(operand);
      return;
    }
    const skipped = nameOnly(node);
    const values: readonly unknown[] = Object.values(node);
    for (const value of values) {
      if (Array.isArray(value)) for (const item of value) this.#visitPart(item, node, skipped);
      else this.#visitPart(value, node, skipped);
    }
  }

  #visitPart(part: unknown, of: SyntaxNode, skipped: SyntaxNode | null | undefined): void {
    if (!isNode(part) || part === skipped) return;
    if (part.type === 'Identifier') this.visit(part, this.#roleOf(part, of));
    else this.visit(part);
  }

  /** In a pattern the value may have a default. */
  #visitShorthand(value: SyntaxNode): void {
    if (value.type !== 'AssignmentPattern') {
      this.visit(value, SHORTHAND);
      return;
    }
    this.visit(value.left, SHORTHAND);
    this.visit(value.right);
  }

  #visitFunction(node: FunctionNode): void {
    const own = node.type === 'FunctionExpression' && node.id ? [node.id.name] : [];
    const parameters = [...own, ...node.params.flatMap(namesOf)];
    this.#declare(parameters, 1);
    for (const parameter of node.params) this.visit(parameter);
    const { body } = node;
    const vars = body.type === 'BlockStatement' ? varsOf(body.body) : [];
    this.#declare(vars, 1);
    this.visit(body);
    this.#declare(vars, -1);
    this.#declare(parameters, -1);
  }

  #roleOf(child: SyntaxNode, parent: SyntaxNode): ReferenceRole {
    if (parent.type === 'CallExpression' && parent.callee === child) return CALLED;
    if (parent.type === 'TaggedTemplateExpression' && parent.tag === child) return CALLED;
    if (parent.type === 'UnaryExpression' && parent.operator === 'typeof') return ASKED;
    if (parent.type !== 'AssignmentExpression' || parent.left !== child) return PLAIN;
    return isAnonymous(parent.right) ? { is: 'naming', named: parent.right } : PLAIN;
  }

  #isDeclared(name: string): boolean {
    return (this.#declared.get(name) ?? 0) > 0;
  }

  /** `scopes`: one more where a scope begins, one less where it ends. */
  #declare(names: readonly string[], scopes: 1 | -1): void {
    for (const name of names) {
      this.#declared.set(name, (this.#declared.get(name) ?? 0) + scopes);
    }
  }
}

/** In the order of the source. What a node itself declares for what is around it hides nothing. */
export const referencesTo = (names: Names, nodes: readonly SyntaxNode[]): Reference[] => {
  const finder = new Finder(names);
  for (const node of nodes) finder.visit(node);
  return finder.found.sort((a, b) => a.node.start - b.node.start);
};
