/**
 * Regular expressions that code makes out of texts: V8 gets none that nests too deep
 * (weave/expression-text.ts). Those that stand in a source, the parser has seen.
 *
 * `RegExp` is another function than the engine's, as it is behind SES; it is there before `ses`.
 */
import { types } from 'node:util';
import { isObject, getterOf, propertyOf } from '../values.js';
import { refusedPattern } from '../weave/expression-text.js';
import { showAsNative } from './function-text.js';

const { apply, construct, defineProperty } = Reflect;
const { getOwnPropertyDescriptor } = Object;
const { isRegExp } = types;
const { species } = Symbol;
const SyntaxErrorOf = SyntaxError;
const stringOf = String;
const NativeRegExp = RegExp;
const sourceOf = getterOf(RegExp.prototype, 'source');

const check = (pattern: string, flags: unknown): void => {
  const why = refusedPattern(pattern, typeof flags === 'string' ? flags : '');
  if (why !== undefined) throw SyntaxErrorOf(`Invalid regular expression: ${why}`);
};

function CheckedRegExp(pattern: unknown, flags: unknown): unknown {
  const target = new.target;
  if (typeof pattern === 'string') check(pattern, flags);
  const made: unknown =
    target === undefined
      ? apply(NativeRegExp, undefined, [pattern, flags])
      : construct(NativeRegExp, [pattern, flags], target);
  // Out of an object comes what it says in the end.
  if (isObject(pattern) && made !== pattern && !isRegExp(pattern)) {
    check(stringOf(apply(sourceOf, made, [])), flags);
  }
  return made;
}

const installConstructor = (): void => {
  showAsNative(CheckedRegExp, NativeRegExp);
  const { prototype } = NativeRegExp;
  const fixed = { writable: false, enumerable: false, configurable: false };
  const hidden = { writable: true, enumerable: false, configurable: true };
  defineProperty(CheckedRegExp, 'prototype', { value: prototype, ...fixed });
  const ofSpecies = getOwnPropertyDescriptor(NativeRegExp, species);
  if (ofSpecies !== undefined) defineProperty(CheckedRegExp, species, ofSpecies);
  defineProperty(prototype, 'constructor', { value: CheckedRegExp, ...hidden });
  defineProperty(globalThis, 'RegExp', { value: CheckedRegExp, ...hidden });
};

const KEYS = { match: Symbol.match, matchAll: Symbol.matchAll, search: Symbol.search } as const;

/** `'a'.match(pattern)`: the engine makes a regular expression of what has no such method. */
const installMethod = (name: keyof typeof KEYS): void => {
  const native: Function = String.prototype[name];
  const { method } = {
    method(this: unknown, pattern: unknown): unknown {
      if (typeof pattern === 'string') check(pattern, '');
      else if (isObject(pattern)) {
        const own = propertyOf(pattern, KEYS[name]);
        if (own === undefined || own === null) {
          const text = stringOf(pattern);
          check(text, '');
          return apply(native, this, [text]);
        }
      }
      return apply(native, this, [pattern]);
    },
  };
  showAsNative(method, native);
  const descriptor = getOwnPropertyDescriptor(String.prototype, name);
  defineProperty(String.prototype, name, { ...descriptor, value: method });
};

/** Call once, before `ses`. */
export const installExpressions = (): void => {
  installConstructor();
  for (const name of ['match', 'matchAll', 'search'] as const) installMethod(name);
};
