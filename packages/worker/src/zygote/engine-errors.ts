/**
 * Which errors are the engine's, and which of those say that this host has no stack or no memory.
 *
 * Theory of operation. What code makes is data, whatever its text says. So every constructor of
 * errors brands what it makes (error-constructors.ts), and an error without the brand is the
 * engine's own. `lookAtCaught` judges such an error once, before vat code has seen it, and brands
 * it then: what vat code does with it later is data, too. It is called in every `catch` of woven
 * code (weave/weave.ts) and of the image (scripts/build-image.mjs), for every rejection that a
 * handler is to get (promise-then.ts), and for every rejection that has none (image-main.ts).
 *
 * Invariant: a text counts only whole, as V8 writes it, and only where no part of it that decides
 * can be the vat's: `'a'.repeat(Object.assign(Error('Out of memory'), { valueOf: () => -1 }))`
 * gives an error of the engine that ends so and is data.
 */
import { types } from 'node:util';
import { Stamped } from '../values.js';

const { isNativeError } = types;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply } = Reflect;
const { startsWith } = String.prototype;
const { exec } = RegExp.prototype;
const rangeErrors: object = RangeError.prototype;
const syntaxErrors: object = SyntaxError.prototype;

class Brand extends Stamped {
  readonly #isKnown = true;

  static isOn(error: object): boolean {
    return #isKnown in error;
  }
}

/** Says that no engine has made it, or that it has been judged. Gives it back. */
export const branded = <T extends object>(error: T): T => {
  new Brand(error);
  return error;
};

/** RangeErrors of V8 for want of stack or memory. */
const SHORT_OF: readonly string[] = [
  'Maximum call stack size exceeded',
  'Array buffer allocation failed',
  'ArrayBuffer.prototype.resize: Out of memory',
  'SharedArrayBuffer.prototype.grow: Out of memory',
];
/** SyntaxErrors quote a regular expression, any text, between these. */
const EXPRESSION_BEGINS = 'Invalid regular expression: /';
const EXPRESSION_ENDS = /\/[a-z]*: (?:Maximum call stack size exceeded|Stack overflow)$/;

const isShort = (error: Error, message: string): boolean => {
  const prototype: unknown = getPrototypeOf(error);
  if (prototype === rangeErrors) {
    for (let i = 0; i < SHORT_OF.length; i += 1) if (SHORT_OF[i] === message) return true;
    return false;
  }
  return (
    prototype === syntaxErrors &&
    apply(startsWith, message, [EXPRESSION_BEGINS]) &&
    apply(exec, EXPRESSION_ENDS, [message]) !== null
  );
};

/** Told of the engine's errors, before vat code has seen them. */
interface EngineErrorObserver {
  /** This host has no stack or no memory left. */
  hostFailed(error: Error): void;
  /** Any other, which vat code gets. */
  passed(error: Error, message: string): void;
}

let observer: EngineErrorObserver | undefined;

export const watchEngineErrors = (given: EngineErrorObserver): void => {
  observer = given;
};

/** Has the engine made it, and does it say that this host has no stack or memory left? */
export const isHostsWant = (error: Error): boolean => {
  if (!isNativeError(error) || Brand.isOn(error)) return false;
  const message: unknown = getOwnPropertyDescriptor(error, 'message')?.value;
  return typeof message === 'string' && isShort(error, message);
};

const judge = (error: Error): void => {
  const message: unknown = getOwnPropertyDescriptor(error, 'message')?.value;
  if (typeof message === 'string') {
    if (isShort(error, message)) observer?.hostFailed(error);
    else observer?.passed(error, message);
  }
  // Last: if this stack has overflowed in here, a look at that is still to come.
  branded(error);
};

/**
 * The build calls it by this name in every `catch` of the image. A declaration: it is there before
 * any module is evaluated.
 */
export function lookAtCaught(error: unknown): void {
  if (typeof error !== 'object' || error === null) return;
  if (!Brand.isOn(error) && isNativeError(error)) judge(error);
}
