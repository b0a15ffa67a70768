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
 * version of acorn is exact in package.json). A script takes what it calls from the global object,
 * which is `this` where a compartment evaluates: no scope of vat code's making comes between. There
 * is one function to take it by, and it gives it to woven scripts alone.
 *
 * What runs outside of every body (default values, fields) and the bodies that stand in no block
 * (`fitsBlock`) are called by a function of the image, which counts (zygote/woven-calls.ts):
 *
 *     function f(x = g()) {}
 *     function f(x = within(() => (g()))) {}
 *
 * It also bounds the arguments of one spread and counts what `yield*` delegates to. A class that
 * extends another and has members to add, but no constructor, gets one. Not counted, but guarded:
 * docs/decisions/081. Images of older releases do not give all of this, so a script is woven as the
 * image needs it that runs it (`Weaving`).
 */
import type {
  AwaitExpression,
  BlockStatement,
  CallExpression,
  CatchClause,
  Comment,
  ForOfStatement,
  Identifier,
  NewExpression,
  PrivateIdentifier,
  ReturnStatement,
  SpreadElement,
  StaticBlock,
  TryStatement,
  YieldExpression,
} from 'acorn';
import { evasions, isSuspect, type Edit } from './evasion.js';
import { marked } from './marks.js';
import { mayCall } from './may-call.js';
import { RESERVED_PREFIX } from './reserved-prefix.js';
import { onlySpread } from './rest-parameters.js';
import { ARGUMENTS_MAX } from './source-limits.js';
import {
  behindArrow,
  bodyStart,
  childrenOf,
  fitsBlock,
  isFunction,
  namesOfBody,
  namesIn,
  parseScript,
  syntaxError,
  type FunctionNode,
  type SyntaxNode,
} from './syntax.js';

export { isDoubtful, isDoubtfulSloppy } from './doubtful-sources.js';
export { refusedInModule, refusedNesting } from './refused-in-module.js';
export { RESERVED_PREFIX } from './reserved-prefix.js';
export { requiredAtStart } from './required-at-start.js';


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
  /** Calls a function that the weaver has made, with what it is given, and counts the call. */
  within: '$heirloom_within',
  /** What `yield*` delegates to, counted. */
  delegate: '$heirloom_delegate',
  /** The same in an async generator. */
  delegateAsync: '$heirloom_delegate_async',
  /** What a call spreads, at most so much. */
  spread: '$heirloom_spread',
} as const;

/** How a script is woven, as an image's mark says it: the newest, and the one before. */
export type Weaving = 2 | 3;
/** Of this release's image. */
export const WEAVING: Weaving = 3;
/** Of the one before: stores may have it. */
export const OLDER_WEAVING: Weaving = 2;

const { enter, leave, leaveWaited, wait, waited, resume, caught, stamped } = WOVEN_NAMES;
const { within, delegate, delegateAsync, spread } = WOVEN_NAMES;
const EARLIER = [enter, leave, leaveWaited, wait, waited, resume, caught, stamped];

const taking = (names: readonly string[]): string =>
  marked(`const{${names.join(',')}}=this.${TAKE_NAME}();`);
const TAKING: Readonly<Record<Weaving, string>> = {
  2: taking(EARLIER),
  3: taking(Object.values(WOVEN_NAMES)),
};
const DEPTH = '$heirloom_depth';
const ERROR = '$heirloom_error';
const STAMP = '#$heirloom_stamp';
const GIVEN = '$heirloom_given';

const counting = (keyword: 'const' | 'let'): string => `${keyword} ${DEPTH}=${enter}();try{`;
const uncounting = (leaving: string): string =>
  `}catch(${ERROR}){throw ${caught}(${ERROR})}finally{${leaving}(${DEPTH})}`;
const CONSTRUCTING = `${counting('const')}super(...${GIVEN})${uncounting(leave)}`;
const CONSTRUCTOR = `constructor(...${GIVEN}){${CONSTRUCTING}}`;

/** What surrounds a node. */
interface Surroundings {
  /** The depth's variable is there, and the function can wait. */
  readonly waits: boolean;
  readonly isAsyncGenerator: boolean;
}

const PROGRAM: Surroundings = { waits: false, isAsyncGenerator: false };

type Wait = AwaitExpression | YieldExpression;
type Class = Extract<SyntaxNode, { readonly type: 'ClassDeclaration' | 'ClassExpression' }>;

/** What stands in a parameter, names aside. */
const PATTERNS: ReadonlySet<string> = new Set([
  ...['AssignmentPattern', 'Property', 'ArrayPattern', 'ObjectPattern', 'RestElement'],
]);

/** A part of a statement that need not be there. */
const isNone = (part: unknown): part is null | undefined => part === null || part === undefined;

/** Does it add private members to what another constructor gives? */
const isStamping = ({ superClass, body: { body: members } }: Class): boolean =>
  !isNone(superClass) &&
  members.some(each => 'key' in each && each.key.type === 'PrivateIdentifier' && !each.static);

/**
 * Does V8 call it once for each class that extends it, without a function that could count? It does
 * so where the class has members to add and no constructor.
 */
const lacksConstructor = ({ superClass, body: { body: members } }: Class): boolean =>
  !isNone(superClass) &&
  !members.some(each => each.type === 'MethodDefinition' && each.kind === 'constructor') &&
  members.some(
    each =>
      'key' in each &&
      !each.static &&
      (each.type === 'PropertyDefinition' || each.key.type === 'PrivateIdentifier'),
  );

class Weaver {
  readonly #source: string;
  readonly #weaving: Weaving;
  readonly #edits: Edit[] = [];
  /** Rest parameters around that are only spread: they are arrays, and nobody has changed them. */
  readonly #rests = new Set<string>();

  constructor(source: string, weaving: Weaving) {
    this.#source = source;
    this.#weaving = weaving;
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
    if (isCounted) this.#edits.unshift({ at: 0, length: 0, text: TAKING[this.#weaving] });
    const parts: string[] = [];
    let from = 0;
    for (const { at, length, text } of this.#edits) {
      parts.push(this.#source.slice(from, at), text);
      from = at + length;
    }
    parts.push(this.#source.slice(from));
    return parts.join('');
  }

  #insert(at: number, text: string): void {
    this.#edits.push({ at, length: 0, text: marked(text) });
  }

  #visitBelow(node: SyntaxNode, around: Surroundings): void {
    for (const child of childrenOf(node)) this.#visit(child, around);
  }

  #visit(node: SyntaxNode, around: Surroundings): void {
    const { type } = node;
    if (isFunction(node)) return this.#functionWithRest(node);
    if (type === 'Identifier' || type === 'PrivateIdentifier') return this.#identifier(node);
    if (type === 'ClassDeclaration' || type === 'ClassExpression') return this.#class(node, around);
    if (type === 'AwaitExpression' || type === 'YieldExpression') return this.#wait(node, around);
    if (type === 'ForOfStatement') return this.#loop(node, around);
    if (type === 'ReturnStatement') return this.#return(node, around);
    if (type === 'TryStatement') return this.#try(node, around);
    if (type === 'ImportExpression') throw this.#error('a vat has no import()', node);
    if (type === 'CallExpression' || type === 'NewExpression') return this.#call(node, around);
    return this.#visitBelow(node, around);
  }

  get #countsAll(): boolean {
    return this.#weaving === 3;
  }

  /** `f(...x)` becomes `f(...spread((x)))`. */
  #call(node: CallExpression | NewExpression, around: Surroundings): void {
    for (const child of childrenOf(node)) {
      if (child.type === 'SpreadElement' && this.#countsAll) this.#spread(child, around);
      else this.#visit(child, around);
    }
  }

  #spread(node: SpreadElement, around: Surroundings): void {
    const { argument } = node;
    const isRest = argument.type === 'Identifier' && this.#rests.has(argument.name);
    const rest = isRest ? `(${argument.name}.length>${ARGUMENTS_MAX}?` : '';
    const opening = isRest ? `${rest}${spread}(${argument.name}):` : `${spread}((`;
    this.#insert(node.start + '...'.length, opening);
    this.#visit(node, around);
    this.#insert(node.end, isRest ? ')' : '))');
  }

  /** An expression that is evaluated where nothing counts: its functions keep their names. */
  #outside(node: SyntaxNode): void {
    if (!this.#countsAll || !mayCall(node)) return this.#visit(node, PROGRAM);
    if (node.type === 'ClassExpression' && isNone(node.id)) return this.#classOutside(node);
    return this.#within(node);
  }

  #within(node: SyntaxNode): void {
    this.#insert(node.start, `${within}(()=>(`);
    this.#visit(node, PROGRAM);
    this.#insert(node.end, '))');
  }

  /** A parameter. */
  #pattern(node: SyntaxNode): void {
    if (!PATTERNS.has(node.type)) return this.#visit(node, PROGRAM);
    if (node.type === 'AssignmentPattern') {
      this.#pattern(node.left);
      return this.#outside(node.right);
    }
    if (node.type === 'Property') {
      if (node.computed) this.#outside(node.key);
      else this.#visit(node.key, PROGRAM);
      return this.#pattern(node.value);
    }
    for (const child of childrenOf(node)) this.#pattern(child);
    return undefined;
  }

  #identifier(node: Identifier | PrivateIdentifier): void {
    if (!node.name.startsWith(RESERVED_PREFIX)) return;
    throw this.#error(`the name ${node.name} is reserved`, node);
  }

  #class(node: Class, around: Surroundings): void {
    const { id, superClass, body } = node;
    if (isStamping(node)) this.#insert(body.start + 1, `${STAMP}=${stamped}(this);`);
    if (!isNone(id)) this.#visit(id, around);
    if (!isNone(superClass)) this.#visit(superClass, around);
    this.#construction(node);
    for (const member of body.body) {
      if (member.type !== 'PropertyDefinition' || member.static) this.#visitBelow(member, around);
      else {
        this.#visit(member.key, around);
        if (!isNone(member.value)) this.#outside(member.value);
      }
    }
  }

  #construction(node: Class): void {
    const { start } = node.body;
    if (this.#countsAll && lacksConstructor(node)) this.#insert(start + 1, CONSTRUCTOR);
  }

  /** One without a name, which it gets from where it stands: its parts are counted. */
  #classOutside(node: Class): void {
    const { superClass, body } = node;
    if (isStamping(node)) this.#insert(body.start + 1, `${STAMP}=${stamped}(this);`);
    if (!isNone(superClass)) this.#outside(superClass);
    this.#construction(node);
    for (const member of body.body) {
      if (member.type === 'StaticBlock') this.#staticBlock(member);
      else {
        if (member.computed) this.#outside(member.key);
        else this.#visit(member.key, PROGRAM);
        if (!isNone(member.value)) this.#outside(member.value);
      }
    }
  }

  #staticBlock(node: StaticBlock): void {
    const opening = this.#source.indexOf('{', node.start + 'static'.length) + 1;
    this.#insert(opening, `${within}(()=>{`);
    this.#visitBelow(node, PROGRAM);
    this.#insert(node.end - 1, '});');
  }

  #error(why: string, { start }: SyntaxNode): SyntaxError {
    return syntaxError(why, this.#source, start);
  }

  #functionWithRest(node: FunctionNode): void {
    const rest = onlySpread(node);
    if (rest === undefined || this.#rests.has(rest)) return this.#function(node);
    this.#rests.add(rest);
    this.#function(node);
    this.#rests.delete(rest);
    return undefined;
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
    const opening = counting(waits ? 'let' : 'const');
    const closing = uncounting(waits ? leaveWaited : leave);
    if (block === undefined) {
      this.#insert(behindArrow(this.#source, node), `{${opening}return(`);
      this.#visit(body, around);
      this.#insert(node.end, `)${closing}}`);
      return;
    }
    if (!isCounted && !waits && this.#countsAll) return this.#bodyWithin(block, params);
    if (isCounted) this.#insert(bodyStart(block), `;${opening}`);
    this.#visitBelow(block, around);
    if (isCounted) this.#insert(block.end - 1, closing);
  }

  /**
   * A body that stands in no block becomes that of an arrow function, whose `this`, `arguments`,
   * `super` and `new.target` are the same. A `var` of a parameter's name begins with its value.
   */
  #bodyWithin(block: BlockStatement, params: readonly SyntaxNode[]): void {
    const own = new Set(namesOfBody(block));
    const given: string[] = [];
    for (const param of params) namesIn(param, given);
    const names = given.filter(name => own.has(name)).join();
    this.#insert(bodyStart(block), `;return ${within}((${names && `{${names}}`})=>{`);
    this.#visitBelow(block, PROGRAM);
    this.#insert(block.end - 1, `}${names && `,{${names}}`})`);
  }

  /** `await x` becomes `waited(await wait((x), d), d = enter())`. */
  #wait(node: Wait, around: Surroundings): void {
    const { argument } = node;
    const isDelegating = this.#countsAll && node.type === 'YieldExpression' && node.delegate;
    const delegating = around.isAsyncGenerator ? delegateAsync : delegate;
    const [opening, closing] = isDelegating ? [`${delegating}((`, '))'] : ['(', ')'];
    if (!around.waits) {
      if (isDelegating) this.#insert(this.#operandStart(node), ` ${opening}`);
      this.#visitBelow(node, around);
      if (isDelegating) this.#insert(node.end, closing);
      return;
    }
    this.#insert(node.start, `${waited}(`);
    if (isNone(argument)) this.#insert(node.end, ` ${leave}(${DEPTH})`);
    else {
      const start = this.#operandStart(node);
      this.#insert(start, ` ${wait}(${opening}`);
      this.#visit(argument, around);
      this.#insert(node.end, `${closing},${DEPTH})`);
    }
    this.#insert(node.end, `,${DEPTH}=${enter}())`);
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
export const WOVEN_MARK = 'heirloom image: woven code 3';

/**
 * The woven script. Errors: SyntaxError for what does not parse, nests too deep, mentions a
 * reserved name or has an `import()`. RangeError where this host has no stack left even so.
 */
export const weave = (source: string, weaving: Weaving = WEAVING): string =>
  new Weaver(source, weaving).weave();

const WEAVINGS = [WEAVING, OLDER_WEAVING];

/** How a script has been woven, if it takes what it calls. */
export const weavingOf = (script: string): Weaving | undefined =>
  WEAVINGS.find(weaving => script.startsWith(TAKING[weaving]));

/** Does a woven script take what it calls? */
export const takesCalls = (script: string): boolean => weavingOf(script) !== undefined;
