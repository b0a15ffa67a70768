/**
 * Makes the functor of a compiled ES module one whose bindings are those of the standard.
 *
 * `@endo/module-source` compiles an ES module to a function that is given its surroundings. Where a
 * module assigns what it exports, the compiled code assigns a free variable, which SES supplies by
 * an object behind `with`. A script has no such object, so each mention of the variable is written
 * as a property of one: `live.count += 1`. What the compiled code gets wrong is mended on the way:
 *
 * * A function that is exported and assigned is one from the module's beginning, also in a cycle,
 *   and has its own name; a `var` is `undefined` then.
 * * A class that is assigned after its declaration is assigned for importers too.
 *
 * What the functor does before the module's own code is cut from it by a call of `begin`: there the
 * linker runs what the module imports, when functions of this module can be called already.
 *
 * Invariant: no line is added or taken away.
 */
import type { CallExpression, Statement } from 'acorn';
import type { Edit } from './evasion.js';
import { referencesTo, type Reference } from './free-names.js';
import { bodyStart, parseScript, type SyntaxNode } from './syntax.js';

interface Imported {
  readonly specifier: string;
  readonly name: string;
  /** The local names under which it is exported again. */
  readonly passedOn: readonly string[];
}

export interface ModuleFunctor {
  /** An expression: `(live, begin, value) => functor`, where `value` gives what it is given. */
  readonly source: string;
  /** What is imported by name; the whole of a module as `*`. */
  readonly imported: readonly Imported[];
}

interface Parts {
  readonly statements: readonly Statement[];
  /** Behind the directives. */
  readonly start: number;
  readonly names: { readonly imports: string; readonly live: string; readonly once: string };
}

const unknown = (): never => {
  throw SyntaxError('a module is compiled in a way that is not known here');
};

/** What the functor calls what it is given. */
const namesGiven = (pattern: SyntaxNode | undefined): Parts['names'] => {
  if (pattern?.type !== 'ObjectPattern') return unknown();
  const given = new Map<string, string>();
  for (const property of pattern.properties) {
    if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
    if (property.value.type === 'Identifier') given.set(property.key.name, property.value.name);
  }
  const nameOf = (key: string): string => given.get(key) ?? '';
  return { imports: nameOf('imports'), live: nameOf('liveVar'), once: nameOf('onceVar') };
};

/** The body is that of the arrow function or, in newer releases, of a function called in it. */
const partsOf = (tree: SyntaxNode): Parts => {
  const [only] = tree.type === 'Program' ? tree.body : [];
  const outer = only?.type === 'ExpressionStatement' ? only.expression : undefined;
  if (outer?.type !== 'ArrowFunctionExpression') return unknown();
  const called = outer.body.type === 'CallExpression' ? outer.body.callee : undefined;
  const inner = called?.type === 'FunctionExpression' ? called.body : outer.body;
  if (inner.type !== 'BlockStatement') return unknown();
  const statements = inner.body.filter(({ end }) => end > bodyStart(inner));
  return { statements, start: bodyStart(inner), names: namesGiven(outer.params[0]) };
};

const callIn = (statement: SyntaxNode | undefined): CallExpression | undefined =>
  statement?.type === 'ExpressionStatement' && statement.expression.type === 'CallExpression'
    ? statement.expression
    : undefined;

const elementsOf = (node: SyntaxNode | null | undefined): readonly (SyntaxNode | null)[] =>
  node?.type === 'ArrayExpression' ? node.elements : [];

const textOf = (node: SyntaxNode | null | undefined): string =>
  node?.type === 'Literal' && typeof node.value === 'string' ? node.value : unknown();

/** The local name of `live["local"]`. */
const localOf = (updater: SyntaxNode | null, live: string): string[] => {
  if (updater?.type !== 'MemberExpression' || updater.object.type !== 'Identifier') return [];
  if (updater.object.name !== live) return [];
  const { property } = updater;
  return [property.type === 'Identifier' ? property.name : textOf(property)];
};

/** From `imports([[specifier, [[name, [local => …, live["local"]]]]]])`. */
const importedBy = (call: CallExpression, live: string): Imported[] =>
  elementsOf(call.arguments[0]).flatMap(entry => {
    const [specifier, names] = elementsOf(entry);
    const from = textOf(specifier);
    return elementsOf(names).map(each => {
      const [name, updaters] = elementsOf(each);
      const passedOn = elementsOf(updaters).flatMap(updater => localOf(updater, live));
      return { specifier: from, name: textOf(name), passedOn };
    });
  });

/** What the functor's surroundings are called in it. */
interface Given {
  readonly live: string;
  readonly value: string;
}

class FunctorWriter {
  readonly #source: string;
  readonly #assigned: ReadonlySet<string>;
  readonly #parts: Parts;
  readonly #edits: Edit[] = [];
  /** By the name that it has in the compiled code. */
  readonly #functions: ReadonlySet<string>;
  readonly #vars: ReadonlySet<string>;

  constructor(source: string, assigned: ReadonlySet<string>) {
    this.#source = source;
    this.#assigned = assigned;
    this.#parts = partsOf(parseScript(source, []));
    const { statements } = this.#parts;
    const functions = statements.flatMap(node =>
      node.type === 'FunctionDeclaration' ? [node.id.name] : [],
    );
    const vars = statements.flatMap(node =>
      node.type === 'VariableDeclaration' && node.kind === 'var'
        ? node.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
        : [],
    );
    this.#functions = new Set(functions);
    this.#vars = new Set(vars);
  }

  write(): ModuleFunctor {
    const { statements, names } = this.#parts;
    const at = statements.findIndex(each => this.#calls(each, names.imports));
    const importing = callIn(statements[at]) ?? unknown();
    const begun = this.#endOfPreamble(at);
    const later = statements.slice(begun);
    const live = this.#unused('$live');
    const begin = this.#unused('$begin');
    const value = this.#unused('$value');
    const hoisted = later.map(each => this.#hoisted(each)).join('');
    const end = statements[begun - 1]?.end ?? unknown();
    this.#edits.push({ at: end, length: 0, text: `;${hoisted}${begin}();` });
    if (this.#assigned.size > 0) this.#rewrite(later, { live, value });
    return {
      source: `(${live},${begin},${value})=>(${this.#edited()}\n)`,
      imported: importedBy(importing, names.live),
    };
  }

  #unused(name: string): string {
    let unused = name;
    while (this.#source.includes(unused)) unused += '$';
    return unused;
  }

  #calls(statement: SyntaxNode, name: string): boolean {
    const callee = callIn(statement)?.callee;
    return callee?.type === 'Identifier' && callee.name === name;
  }

  /** The local name that a statement gives a first value, and what it gives it. */
  #initialises(statement: SyntaxNode): { name: string; value: SyntaxNode | undefined } | undefined {
    const { live, once } = this.#parts.names;
    const call = callIn(statement);
    if (call?.callee.type !== 'MemberExpression') return undefined;
    const { object, property } = call.callee;
    if (object.type !== 'Identifier' || property.type !== 'Identifier') return undefined;
    if (object.name !== live && object.name !== once) return undefined;
    return { name: property.name, value: call.arguments[0] };
  }

  #isFunction(node: SyntaxNode | undefined): boolean {
    return node?.type === 'Identifier' && this.#functions.has(node.name);
  }

  /** The index of the first statement that is the module's own. */
  #endOfPreamble(importing: number): number {
    const { statements } = this.#parts;
    const own = statements.findIndex((statement, at) => {
      if (at <= importing) return false;
      const first = this.#initialises(statement);
      if (first === undefined) return !this.#namesFunction(statement);
      return first.value !== undefined && !this.#isFunction(first.value);
    });
    return own === -1 ? statements.length : own;
  }

  /** `Object.defineProperty(f, 'name', …)`. */
  #namesFunction(statement: SyntaxNode): boolean {
    const { callee, arguments: given = [] } = callIn(statement) ?? {};
    if (callee?.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return false;
    const [named, name] = given;
    if (callee.object.name !== 'Object' || name?.type !== 'Literal') return false;
    return name.value === 'name' && this.#isFunction(named);
  }

  /** What must come first of a statement that is not part of the preamble. */
  #hoisted(statement: SyntaxNode): string {
    const { name, value } = this.#initialises(statement) ?? {};
    if (name === undefined || value?.type !== 'Identifier') return '';
    const { start, end } = statement;
    const text = this.#source.slice(start, end).replace(/;$/, '');
    if (this.#isFunction(value)) {
      this.#edits.push({ at: start, length: end - start, text: ';' });
      const naming = `{value:${JSON.stringify(name)}}`;
      return `Object.defineProperty(${value.name},'name',${naming});${text};`;
    }
    if (!this.#vars.has(value.name)) return '';
    return `${text.slice(0, text.indexOf('('))}();`;
  }

  /** A class has the name of the variable, and hides it in the functor: it is what is assigned. */
  #rewrite(statements: readonly Statement[], given: Given): void {
    const looked = statements.filter(each => this.#initialises(each) === undefined);
    for (const reference of referencesTo(this.#assigned, looked)) {
      this.#rewriteReference(reference, given);
    }
  }

  /** A line may begin with it, and the one before end without a semicolon: no bracket in front. */
  #rewriteReference({ node, role }: Reference, { live, value }: Given): void {
    const { name, start, end } = node;
    const put = (text: string): void => {
      this.#edits.push({ at: start, length: end - start, text });
    };
    if (role.is === 'shorthand') put(`${name}:${live}.${name}`);
    else if (role.is === 'called') put(`${value}(${live}.${name})`);
    else put(`${live}.${name}`);
    if (role.is !== 'naming') return;
    this.#edits.push({ at: role.named.start, length: 0, text: `({${name}:` });
    this.#edits.push({ at: role.named.end, length: 0, text: `}).${name}` });
  }

  #edited(): string {
    const parts: string[] = [];
    let from = 0;
    for (const { at, length, text } of this.#edits.sort((a, b) => a.at - b.at)) {
      parts.push(this.#source.slice(from, at), text);
      from = at + length;
    }
    return `${parts.join('')}${this.#source.slice(from)}`;
  }
}

/**
 * `assigned`: the local names that the module assigns and exports, for which `live` must have
 * accessors. Errors: SyntaxError for what is no functor of a compiled module.
 */
export const moduleFunctor = (source: string, assigned: ReadonlySet<string>): ModuleFunctor =>
  new FunctorWriter(source, assigned).write();
