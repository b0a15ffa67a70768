/**
 * Weaves a counter of nested calls, and a guard of every `catch`, into a script of vat code.
 *
 * Theory of operation. How deep calls may nest before V8's stack is full depends on what its
 * compilers have done so far, and the `RangeError` can be caught: replicas could differ
 * (rules.md#h4). So every function counts itself in and out, far below what the stack holds
 * (zygote/call-depth.ts has the other half), and what V8 throws for want of stack or memory is
 * shown to the guard before vat code sees it. A function that waits (`await`, `yield`) counts out
 * before and in behind.
 *
 * A class that extends another may add private members to an object that it has not made, and look
 * for them later; on what liveslots makes again they would tell of V8's collector (rules.md#o1). So
 * such a class shows each object to the other half, which holds it then.
 *
 *     function f(x) { return g(x); }
 *     function f(x) { const d = enter(); try { return g(x); }
 *       catch (e) { throw caught(e); } finally { leave(d); } }
 *
 * Invariants: what is added stands on the line where it belongs, and what is written anew stays on
 * its line (evasion.ts), so that line numbers stay; what is added stands between marks (marks.ts),
 * so that it can be left out where a text is shown; a script that mentions a name of ours is
 * refused, so that it can neither shadow nor call them; the same source gives the same text (the
 * version of acorn is exact in package.json). Default values, fields and `yield*` count as bodies
 * do (may-call.ts, woven-helpers.ts). Not counted: patterns of parameters, functions that declare a
 * name twice (`fitsBlock`); for them there is the guard. A script takes what it calls from the
 * global object, which is `this` where a compartment evaluates: no scope of vat code's making comes
 * between. There is one function to take it by, and it gives it to woven scripts alone.
 */
import type {
  AwaitExpression,
  CallExpression,
  CatchClause,
  Comment,
  ForOfStatement,
  Identifier,
  NewExpression,
  PrivateIdentifier,
  PropertyDefinition,
  ReturnStatement,
  StaticBlock,
  TryStatement,
  YieldExpression,
} from 'acorn';
import { evasions, isSuspect, type Edit } from './evasion.js';
import { marked } from './marks.js';
import { mayCall } from './may-call.js';
import {
  behindArrow,
  bodyStart,
  childrenOf,
  fitsBlock,
  isFunction,
  parseScript,
  syntaxError,
  type FunctionNode,
  type SyntaxNode,
} from './syntax.js';
import { HELPERS, helperText, type Helper } from './woven-helpers.js';

export { refusedInModule, refusedNesting } from './refused-in-module.js';
export { requiredAtStart } from './required-at-start.js';

/** No script of vat code may contain an identifier that begins so. */
export const RESERVED_PREFIX = '$heirloom_';

/** A global function; it gives what woven code calls, by the names that the code has for it. */
export const TAKE_NAME = '$heirloom_take';

/** What woven code calls. */
export const WOVEN_NAMES = {
  /** Counts in; gives the depth before. */
  enter: '$heirloom_enter',
  /** Counts out, to the depth before. */
  leave: '$heirloom_leave',
  /** The same for a function that may have been continued at another depth. */
  leaveWaited: '$heirloom_leave_waited',
  /** Before a wait: counts out, gives what is waited for. */
  wait: '$heirloom_wait',
  /** Behind a wait: its value, after counting in. */
  waited: '$heirloom_waited',
  /** In a `catch` of a function that waits: counts in if it is continued by a throw. */
  resume: '$heirloom_resume',
  /** Is shown everything that is caught; gives it back. */
  caught: '$heirloom_caught',
  /** Is shown what a class adds private members to. */
  stamped: '$heirloom_stamped',
} as const;

const { enter, leave, leaveWaited, wait, waited, resume, caught, stamped } = WOVEN_NAMES;
const TAKING = marked(`const{${Object.values(WOVEN_NAMES).join(',')}}=this.${TAKE_NAME}();`);
const DEPTH = '$heirloom_depth';
const ERROR = '$heirloom_error';
const STAMP = '#$heirloom_stamp';

/** What surrounds a node. */
interface Surroundings {
  /** The depth's variable is there, and the function can wait. */
  readonly waits: boolean;
  readonly isAsyncGenerator: boolean;
}

/** Where something is counted that does not wait. */
const ENTERING = `const ${DEPTH}=${enter}();try{`;
const LEAVING = `}catch(${ERROR}){throw ${caught}(${ERROR})}finally{${leave}(${DEPTH})}`;
const CALLS = { enter, leave };

const GIVEN = '$heirloom_given';
/** What a class has that extends another and says nothing of its constructor. */
const PASSING_CONSTRUCTOR =
  `constructor(...${GIVEN}){${ENTERING}super(...${GIVEN})${LEAVING}}`;

const PROGRAM: Surroundings = { waits: false, isAsyncGenerator: false };

type Wait = AwaitExpression | YieldExpression;
type Class = Extract<SyntaxNode, { readonly type: 'ClassDeclaration' | 'ClassExpression' }>;

/** A part of a statement that need not be there. */
const isNone = (part: unknown): part is null | undefined => part === null || part === undefined;

/** Does it add private members to what another constructor gives? */
const isStamping = ({ superClass, body: { body: members } }: Class): boolean =>
  !isNone(superClass) &&
  members.some(each => 'key' in each && each.key.type === 'PrivateIdentifier' && !each.static);

const lacksConstructor = ({ superClass, body: { body: members } }: Class): boolean =>
  !isNone(superClass) &&
  !members.some(each => each.type === 'MethodDefinition' && each.kind === 'constructor');

class Weaver {
  readonly #source: string;
  readonly #edits: Edit[] = [];
  readonly #helpers = new Set<Helper>();

  constructor(source: string) {
    this.#source = source;
  }

  weave(): string {
    const comments: Comment[] = [];
    const tree = parseScript(this.#source, comments);
    this.#visit(tree, PROGRAM);
    const isCounted = this.#edits.length > 0;
    if (isSuspect(this.#source)) this.#edits.push(...evasions(this.#source, tree, comments));
    if (this.#edits.length === 0) return this.#source;
    // Stable: what was inserted first at a place comes first.
    this.#edits.sort((a, b) => a.at - b.at);
    if (isCounted) this.#edits.unshift({ at: 0, length: 0, text: this.#beginning() });
    const parts: string[] = [];
    let from = 0;
    for (const { at, length, text } of this.#edits) {
      parts.push(this.#source.slice(from, at), text);
      from = at + length;
    }
    parts.push(this.#source.slice(from));
    return parts.join('');
  }

  #beginning(): string {
    return this.#helpers.size === 0 ? TAKING : TAKING + marked(helperText(this.#helpers, CALLS));
  }

  /** The name of a helper, which is there then. */
  #helper(helper: Helper): string {
    this.#helpers.add(helper);
    return HELPERS[helper];
  }

  #insert(at: number, text: string): void {
    this.#edits.push({ at, length: 0, text: marked(text) });
  }

  #visitBelow(node: SyntaxNode, around: Surroundings): void {
    for (const child of childrenOf(node)) this.#visit(child, around);
  }

  #visit(node: SyntaxNode, around: Surroundings): void {
    const { type } = node;
    if (isFunction(node)) return this.#function(node);
    if (type === 'Identifier' || type === 'PrivateIdentifier') return this.#identifier(node);
    if (type === 'ClassDeclaration' || type === 'ClassExpression') return this.#class(node, around);
    if (type === 'AwaitExpression' || type === 'YieldExpression') return this.#wait(node, around);
    if (type === 'ForOfStatement') return this.#loop(node, around);
    if (type === 'ReturnStatement') return this.#return(node, around);
    if (type === 'TryStatement') return this.#try(node, around);
    if (type === 'PropertyDefinition') return this.#field(node, around);
    if (type === 'StaticBlock') return this.#staticBlock(node);
    if (type === 'CallExpression' || type === 'NewExpression') return this.#call(node, around);
    if (type === 'ImportExpression') throw this.#error('a vat has no import()', node);
    return this.#visitBelow(node, around);
  }

  #identifier(node: Identifier | PrivateIdentifier): void {
    if (!node.name.startsWith(RESERVED_PREFIX)) return;
    throw this.#error(`the name ${node.name} is reserved`, node);
  }

  #class(node: Class, around: Surroundings): void {
    if (isStamping(node)) this.#insert(node.body.start + 1, `${STAMP}=${stamped}(this);`);
    if (lacksConstructor(node)) this.#insert(node.body.start + 1, PASSING_CONSTRUCTOR);
    return this.#visitBelow(node, around);
  }

  #field({ key, computed, value }: PropertyDefinition, around: Surroundings): void {
    if (computed || key.type === 'PrivateIdentifier') this.#visit(key, around);
    if (!isNone(value)) this.#initial(value);
  }

  #staticBlock(node: StaticBlock): void {
    const [first] = node.body;
    const isCounted = first !== undefined && fitsBlock(node);
    if (isCounted) this.#insert(first.start, ENTERING);
    this.#visitBelow(node, PROGRAM);
    if (isCounted) this.#insert(node.end - 1, LEAVING);
  }

  /** A parameter: what its default values call counts, too. */
  #pattern(node: SyntaxNode): void {
    if (node.type === 'AssignmentPattern') {
      this.#pattern(node.left);
      return this.#initial(node.right);
    }
    if (node.type === 'Property') {
      if (node.computed) this.#initial(node.key);
      else if (!node.shorthand) this.#visit(node.key, PROGRAM);
      return this.#pattern(node.value);
    }
    const isPattern = node.type === 'ObjectPattern' || node.type === 'ArrayPattern';
    if (!isPattern && node.type !== 'RestElement') return this.#visit(node, PROGRAM);
    for (const child of childrenOf(node)) this.#pattern(child);
  }

  /** An arrow function around it leaves `this`, `super` and `arguments` as they are. */
  #initial(node: SyntaxNode): void {
    const calls = mayCall(node);
    if (calls) this.#insert(node.start, `(()=>{${ENTERING}return(`);
    this.#visit(node, PROGRAM);
    if (calls) this.#insert(node.end, `)${LEAVING}})()`);
  }

  /** Arguments that are spread. */
  #call(node: CallExpression | NewExpression, around: Surroundings): void {
    const spreads = node.arguments.filter(({ type }) => type === 'SpreadElement');
    const inside = new Set<SyntaxNode>(spreads);
    for (const child of childrenOf(node)) {
      if (child.type !== 'SpreadElement' || !inside.has(child)) this.#visit(child, around);
      else {
        this.#insert(child.start + '...'.length, `${this.#helper('spread')}((`);
        this.#visit(child.argument, around);
        this.#insert(child.end, `),${spreads.length})`);
      }
    }
  }

  #error(why: string, { start }: SyntaxNode): SyntaxError {
    return syntaxError(why, this.#source, start);
  }

  #function(node: FunctionNode): void {
    const { body, params, async: isAsync, generator: isGenerator } = node;
    const waits = isAsync || isGenerator;
    const block = body.type === 'BlockStatement' ? body : undefined;
    const isCounted = block === undefined || fitsBlock(block);
    const around = { waits: waits && isCounted, isAsyncGenerator: isAsync && isGenerator };
    const inside = new Set<SyntaxNode>([body, ...params]);
    // Names and computed keys stand before; they belong to what is around the function.
    for (const child of childrenOf(node)) if (!inside.has(child)) this.#visit(child, PROGRAM);
    for (const param of params) this.#pattern(param);
    const opening = `${waits ? 'let' : 'const'} ${DEPTH}=${enter}();try{`;
    const leaving = `${waits ? leaveWaited : leave}(${DEPTH})`;
    const closing = `}catch(${ERROR}){throw ${caught}(${ERROR})}finally{${leaving}}`;
    if (block === undefined) {
      this.#insert(behindArrow(this.#source, node), `{${opening}return(`);
      this.#visit(body, around);
      this.#insert(node.end, `)${closing}}`);
      return;
    }
    if (isCounted) this.#insert(bodyStart(block), `;${opening}`);
    this.#visitBelow(block, around);
    if (isCounted) this.#insert(block.end - 1, closing);
  }

  /** `await x` becomes `waited(await wait((x), d), d = enter())`. */
  #wait(node: Wait, around: Surroundings): void {
    if (!around.waits) return this.#visitBelow(node, around);
    const { argument } = node;
    this.#insert(node.start, `${waited}(`);
    if (isNone(argument)) this.#insert(node.end, ` ${leave}(${DEPTH})`);
    else {
      const start = this.#operandStart(node);
      const isDelegate = node.type === 'YieldExpression' && node.delegate;
      const kind = around.isAsyncGenerator ? 'delegateAsync' : 'delegate';
      const counting = isDelegate ? `${this.#helper(kind)}(` : '';
      this.#insert(start, ` ${wait}(${counting}(`);
      this.#visit(argument, around);
      this.#insert(node.end, `)${isDelegate ? ')' : ''},${DEPTH})`);
    }
    return this.#insert(node.end, `,${DEPTH}=${enter}())`);
  }

  /** Behind the keyword, brackets included. */
  #operandStart(node: Wait): number {
    if (node.type === 'AwaitExpression') return node.start + 'await'.length;
    const behind = node.start + 'yield'.length;
    return node.delegate ? this.#source.indexOf('*', behind) + 1 : behind;
  }

  /** A `for await` waits before every round. */
  #loop(node: ForOfStatement, around: Surroundings): void {
    if (!node.await || !around.waits) return this.#visitBelow(node, around);
    const { left, right, body } = node;
    this.#visit(left, around);
    this.#insert(right.start, `${wait}((`);
    this.#visit(right, around);
    this.#insert(right.end, `),${DEPTH})`);
    this.#insert(body.start, `{${DEPTH}=${enter}();try{`);
    this.#visit(body, around);
    this.#insert(body.end, `}finally{${leaveWaited}(${DEPTH})}}`);
  }

  /** An async generator waits for what it returns. */
  #return(node: ReturnStatement, around: Surroundings): void {
    const { argument } = node;
    if (isNone(argument) || !around.isAsyncGenerator || !around.waits) {
      return this.#visitBelow(node, around);
    }
    this.#insert(node.start + 'return'.length, ` ${wait}((`);
    this.#visit(argument, around);
    const end = this.#source[node.end - 1] === ';' ? node.end - 1 : node.end;
    return this.#insert(end, `),${DEPTH})`);
  }

  #try({ block, handler, finalizer }: TryStatement, around: Surroundings): void {
    const resuming = around.waits ? `${DEPTH}=${resume}(${DEPTH});` : '';
    this.#visit(block, around);
    if (isNone(handler)) {
      this.#insert(block.end, `catch(${ERROR}){${resuming}throw ${caught}(${ERROR})}`);
    } else this.#handler(handler, around, resuming);
    if (!isNone(finalizer)) this.#visit(finalizer, around);
  }

  #handler(handler: CatchClause, around: Surroundings, resuming: string): void {
    const { param, body } = handler;
    const shown = (name: string): string => `${resuming}${caught}(${name});`;
    if (isNone(param)) {
      this.#insert(handler.start + 'catch'.length, `(${ERROR})`);
      this.#insert(body.start + 1, shown(ERROR));
      return this.#visitBelow(body, around);
    }
    if (param.type === 'Identifier') {
      this.#visit(param, around);
      this.#insert(body.start + 1, shown(param.name));
      return this.#visitBelow(body, around);
    }
    // `catch ({ a }) {…}` becomes `catch (e) { caught(e); let { a } = (e); {…} }`.
    this.#insert(param.start, `${ERROR}){${shown(ERROR)}let `);
    this.#visit(param, around);
    this.#insert(param.end, `=(${ERROR}`);
    this.#insert(body.start, ';');
    this.#visitBelow(body, around);
    return this.#insert(body.end, '}');
  }
}

/**
 * An image whose text has this runs what this weaver has woven. Another number stands here when
 * woven code needs what an older image does not give.
 */
export const WOVEN_MARK = 'heirloom image: woven code 2';

/** Regular expressions younger than the oldest Node, or maybe: `(?i:a)`, two groups of a name. */
const YOUNG_EXPRESSIONS = /\(\?(?:[a-z-]+:|<(?![=!]))/;

/** As esbuild prints what nests, each block two spaces further: only then it may be too deep. */
const DEEP = /^ {300}|[^\n]{1500}/m;
const ELSE_IF = /\belse if\b/g;
const CHAIN_MIN = 300;

const mayNestDeep = (source: string): boolean =>
  DEEP.test(source) || (source.match(ELSE_IF)?.length ?? 0) > CHAIN_MIN;

/**
 * Could `weave` refuse a source that another parser of today's JavaScript has taken? Sources where
 * it cannot need not be parsed to know that.
 */
export const isDoubtful = (source: string): boolean =>
  isSuspect(source) ||
  source.includes(RESERVED_PREFIX) ||
  YOUNG_EXPRESSIONS.test(source) ||
  mayNestDeep(source);

/** As esbuild prints what only code that is not strict may do, or maybe: `with`, `delete x`, … */
const SLOPPY = new RegExp(
  [
    String.raw`\bwith \(`,
    String.raw`\bdelete [\w$]+(?![\w$.?[(\x60])`,
    // Assigned or declared. (Most only read them: `arguments[0]`, `apply(this, arguments)`.)
    String.raw`\b(?:eval|arguments)\b(?!\s*[.[(]|\)(?! (?:\{|=>)))`,
    String.raw`\bfunction\*? (?:eval|arguments)\b`,
    // Two parameters of one name.
    String.raw`\((?:[\w$]+, )*([\w$]+), (?:[\w$]+, )*\1(?:, [^()]*)?\) \{`,
    String.raw`(?<![.\w$])(?:implements|interface|package|private|protected|public)\b`,
  ].join('|'),
);

/** The same of what may not be strict itself, though vats take it as strict: CommonJS. */
export const isDoubtfulSloppy = (source: string): boolean =>
  isDoubtful(source) || SLOPPY.test(source);

/**
 * The woven script. Errors: SyntaxError for what does not parse, nests too deep, mentions a
 * reserved name or has an `import()`. RangeError where this host has no stack left even so.
 */
export const weave = (source: string): string => new Weaver(source).weave();

/** Does a woven script take what it calls? */
export const takesCalls = (script: string): boolean => script.startsWith(TAKING);
