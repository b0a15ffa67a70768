/**
 * acorn, but for sources that nest too deep: they are refused at the place where they do.
 *
 * Theory of operation. acorn calls itself for what stands in something, and so does V8's parser;
 * how deep they get differs from stack to stack. So what is being read is counted here, in units of
 * about the stack that it takes, woven or not: at most 700 bytes in acorn, in V8's parser and its
 * compiler, which leaves a quarter of the smallest stack (984 KiB, a host's own thread). What does
 * not nest while it is read, but in the tree, is counted behind (syntax.ts): `a.b.c` is a chain to
 * the left. Operands of one operator, `a + b + c`, are a list for V8, and for our walkers.
 */
import { getLineInfo, Parser, type AnyNode, type Options } from 'acorn';
import { refusedPattern } from './expression-text.js';
import { SOURCE_NESTING_MAX } from './source-limits.js';

/** An error as acorn's are: the message ends with line, from 1, and column, from 0. */
export const syntaxError = (why: string, source: string, at: number): SyntaxError => {
  const { line, column } = getLineInfo(source, at);
  return new SyntaxError(`${why} (${line}:${column})`);
};

export const TOO_DEEP = 'the source nests too deep';

/** Of a regular expression that stands in the source. */
interface ReadExpression {
  readonly start: number;
  readonly source: string;
  readonly flags: string;
}

/** What acorn's parser has and its types do not: what reads one thing, and where it is. */
interface Reading {
  readonly input: string;
  /** Of the token that comes next. */
  readonly start: number;
  parseMaybeAssign(...args: readonly unknown[]): unknown;
  parseMaybeUnary(...args: readonly unknown[]): unknown;
  parseExprAtom(...args: readonly unknown[]): unknown;
  parseExprOp(...args: readonly unknown[]): Operand;
  parseStatement(...args: readonly unknown[]): unknown;
  parseClass(...args: readonly unknown[]): unknown;
  parseBindingAtom(): unknown;
  parseYield(...args: readonly unknown[]): unknown;
  parseAwait(...args: readonly unknown[]): unknown;
  parseTryStatement(...args: readonly unknown[]): unknown;
  parseForStatement(...args: readonly unknown[]): unknown;
  validateRegExpPattern(read: ReadExpression): unknown;
}

interface Operand {
  readonly left?: unknown;
}

interface Parsing {
  new (options: Options, input: string): Reading;
  parse(input: string, options: Options): AnyNode;
}

const isParsing = (parser: unknown): parser is Parsing => parser === Parser;

const parsing = (parser: unknown): Parsing => {
  if (isParsing(parser)) return parser;
  throw TypeError('acorn has a parser');
};

/**
 * Looks for no `'use strict'`: compartments evaluate strictly, so all is parsed so, and acorn looks
 * by a regular expression that a megabyte of white space overflows. Where this host has no stack
 * left all the same, it lets V8's RangeError through: a SyntaxError would be an outcome
 * (zygote/call-depth.ts).
 */
export class NestingParser extends parsing(Parser) {
  #nesting = 0;
  /** The left side of the operator that is being read. */
  #left: Operand | undefined;

  strictDirective(): boolean {
    return false;
  }

  catchStackOverflow<T>(parse: () => T): T {
    return parse();
  }

  override parseMaybeAssign(forInit: unknown, errors: unknown, behindLeft: unknown): unknown {
    this.#deeper(2);
    const node = super.parseMaybeAssign(forInit, errors, behindLeft);
    this.#nesting -= 2;
    return node;
  }

  override parseMaybeUnary(a: unknown, b: unknown, c: unknown, forInit: unknown): unknown {
    this.#deeper(1);
    const node = super.parseMaybeUnary(a, b, c, forInit);
    this.#nesting -= 1;
    return node;
  }

  override parseExprAtom(errors: unknown, forInit: unknown, forNew: unknown): unknown {
    this.#deeper(1);
    const node = super.parseExprAtom(errors, forInit, forNew);
    this.#nesting -= 1;
    return node;
  }

  override parseClass(node: unknown, isStatement: unknown): unknown {
    this.#deeper(2);
    const made = super.parseClass(node, isStatement);
    this.#nesting -= 2;
    return made;
  }

  /** In woven code two calls stand around what is waited for. */
  override parseYield(forInit: unknown): unknown {
    this.#deeper(2);
    const node = super.parseYield(forInit);
    this.#nesting -= 2;
    return node;
  }

  override parseAwait(forInit: unknown): unknown {
    this.#deeper(2);
    const node = super.parseAwait(forInit);
    this.#nesting -= 2;
    return node;
  }

  /** In woven code more blocks than in the source. */
  override parseTryStatement(node: unknown): unknown {
    this.#deeper(2);
    const made = super.parseTryStatement(node);
    this.#nesting -= 2;
    return made;
  }

  override parseForStatement(node: unknown): unknown {
    this.#deeper(2);
    const made = super.parseForStatement(node);
    this.#nesting -= 2;
    return made;
  }

  override parseBindingAtom(): unknown {
    this.#deeper(2);
    const node = super.parseBindingAtom();
    this.#nesting -= 2;
    return node;
  }

  /** Chains of `else if` are long in what programs write. */
  override parseStatement(context: unknown, isTop: unknown, exported: unknown): unknown {
    const units = context === 'if' ? 1 : 2;
    this.#deeper(units);
    const node = super.parseStatement(context, isTop, exported);
    this.#nesting -= units;
    return node;
  }

  /** acorn's reads one operator and calls this with what it has read: here a loop goes on then. */
  override parseExprOp(
    first: Operand,
    start: unknown,
    place: unknown,
    precedence: unknown,
    forInit: unknown,
  ): Operand {
    const around = this.#left;
    if (around !== undefined && first.left === around) return first;
    let node = first;
    for (;;) {
      this.#left = node;
      const next = super.parseExprOp(node, start, place, precedence, forInit);
      if (next === node) break;
      node = next;
    }
    this.#left = around;
    return node;
  }

  override validateRegExpPattern(read: ReadExpression): unknown {
    const why = refusedPattern(read.source, read.flags);
    if (why !== undefined) throw syntaxError(why, this.input, read.start);
    return super.validateRegExpPattern(read);
  }

  #deeper(units: number): void {
    this.#nesting += units;
    if (this.#nesting > SOURCE_NESTING_MAX) throw syntaxError(TOO_DEEP, this.input, this.start);
  }
}
