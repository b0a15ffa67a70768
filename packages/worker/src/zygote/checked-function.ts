/**
 * The constructor `Function` of a compartment: what its texts nest is looked at before V8 does.
 *
 * SES has V8 read parameters and body, each by itself, before the transforms of the compartment see
 * them; V8's parser has the stack that is left, and says so where that is not enough. So our parser
 * reads them first: what it refuses, the weaver would refuse in the end (nesting-parser.ts).
 */
import { isObject, propertyOf } from '../values.js';
import { parseScript } from '../weave/syntax.js';
import { hardening } from './harden.js';
import { showAsNative } from './native-text.js';

const { apply, defineProperty } = Reflect;
const { join } = Array.prototype;
const functionPrototype: object = Function.prototype;

const made = new WeakSet<object>();

/** Errors: SyntaxError with the text alone: acorn's has objects that all compartments share. */
const check = (parameters: string, body: string): void => {
  try {
    parseScript(`(function anonymous(${parameters}\n) {\n${body}\n})`, []);
  } catch (error) {
    throw error instanceof SyntaxError ? SyntaxError(error.message) : error;
  }
};

/** Of SES's making: other functions that a compartment is given by that name stay as they are. */
const isConstructor = (value: unknown): value is Function =>
  typeof value === 'function' && propertyOf(value, 'prototype') === functionPrototype;

/** What stands for the `Function` that SES has given to a compartment. */
export const checkedFunction = (given: unknown): unknown => {
  if (!isConstructor(given) || !isObject(given) || made.has(given)) return given;
  const ours = function (...texts: readonly unknown[]): unknown {
    // As SES reads them, each once.
    const body = `${String(texts.at(-1) || '')}`;
    const parameters = String(apply(join, texts.slice(0, -1), [',']));
    check(parameters, '');
    check('', body);
    return apply(given, undefined, [parameters, body]);
  };
  ours.prototype = functionPrototype;
  defineProperty(ours, 'prototype', { writable: false });
  for (const [key, value] of [['name', 'Function'], ['length', given.length]] as const) {
    defineProperty(ours, key, { value, configurable: true });
  }
  showAsNative(ours, 'Function');
  made.add(ours);
  return hardening.harden(ours);
};
