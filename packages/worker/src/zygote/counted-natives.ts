/**
 * Natives that call what vat code gives them, so that they can nest without a call of vat code
 * between them: `{ join: Array.prototype.toString }`, arrays in arrays,
 * `{ then: Promise.prototype.catch }`. They count as calls do (depth-counter.ts).
 *
 * They are wrapped in place, before `ses` takes them for intrinsics, with their names, lengths and
 * attributes; function-text.ts shows them as natives. Those that are not here, and what is theirs
 * alone (`String.prototype.trim` calls the `toString` of its object), are the guard's: see
 * docs/determinism.md.
 */
import { types } from 'node:util';
import { ARGUMENTS_MAX } from '../protocol/limits.js';
import { isObject, propertyOf } from '../values.js';
import { enterNative, leave } from './depth-counter.js';
import { showAsNative } from './function-text.js';
import { datePrototype } from './utc-date.js';

const { apply, defineProperty } = Reflect;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { isArray } = Array;
const { isArgumentsObject, isProxy } = types;
const { max, min, trunc } = Math;
const { MAX_SAFE_INTEGER } = Number;
const TypeErrorOf = TypeError;
const RangeErrorOf = RangeError;

type Method = (this: unknown, ...args: readonly unknown[]) => unknown;

/** The length of what is like an array, as the language takes it. */
const lengthOfList = (list: object): number =>
  max(0, min(trunc(Number(propertyOf(list, 'length'))) || 0, MAX_SAFE_INTEGER));

/** Puts another function in the place of a native. Concise methods are no constructors either. */
const replace = (holder: object, key: PropertyKey, make: (native: Function) => Function): void => {
  const descriptor = getOwnPropertyDescriptor(holder, key);
  const native: unknown = descriptor?.value;
  // Newer engines have some that older ones have not.
  if (typeof native !== 'function') return;
  const made = make(native);
  showAsNative(made, native);
  defineProperty(holder, key, { ...descriptor, value: made });
};

export const counted = (native: Function): Method =>
  ({
    method(this: unknown, ...args: readonly unknown[]): unknown {
      const before = enterNative();
      try {
        return apply(native, this, args);
      } finally {
        leave(before);
      }
    },
  }).method;

const TypedArray = getPrototypeOf(Uint8Array.prototype);

/** By where they are. */
const COUNTED: readonly (readonly [holder: object, keys: readonly PropertyKey[]])[] = [
  [Array.prototype, ['join', 'toLocaleString', 'flatMap', 'concat']],
  [TypedArray, ['join', 'toLocaleString']],
  [Object.prototype, ['toLocaleString']],
  [Error.prototype, ['toString']],
  [datePrototype, ['toJSON', Symbol.toPrimitive]],
  [Promise.prototype, ['catch', 'finally']],
  [Promise, ['all', 'allSettled', 'any', 'race']],
  [Function.prototype, [Symbol.hasInstance]],
  [RegExp.prototype, ['test', 'toString', Symbol.match, Symbol.matchAll]],
  [RegExp.prototype, [Symbol.replace, Symbol.search, Symbol.split]],
  [String.prototype, ['concat', 'trim', 'normalize', 'repeat', 'padStart', 'padEnd']],
  [String.prototype, ['toLowerCase', 'toUpperCase', 'localeCompare', 'at', 'charAt']],
];

const nativeToString = Array.prototype.toString;

/** Typed arrays have the same function. */
const installToString = (): void => {
  const made = counted(nativeToString);
  showAsNative(made, nativeToString);
  for (const holder of [Array.prototype, TypedArray]) {
    const descriptor = getOwnPropertyDescriptor(holder, 'toString');
    defineProperty(holder, 'toString', { ...descriptor, value: made });
  }
};

const { slice } = Array.prototype;

/** Puts what `source` has behind `at` in `target`: calls itself for an array in it. */
const flattenInto = (target: object, start: number, source: object, depth: number): number => {
  const before = enterNative();
  const length = lengthOfList(source);
  let end = start;
  for (let at = 0; at < length; at += 1) {
    if (!(at in source)) continue;
    const element = propertyOf(source, at);
    if (depth > 0 && isArray(element)) end = flattenInto(target, end, element, depth - 1);
    else {
      const attributes = { writable: true, enumerable: true, configurable: true };
      if (!defineProperty(target, end, { value: element, ...attributes })) {
        throw TypeErrorOf(`Cannot add property ${end}, object is not extensible`);
      }
      end += 1;
    }
  }
  leave(before);
  return end;
};

/** Flat by more than one level it calls itself natively, as deep as the data is. */
const flatOf = (native: Function): Function =>
  ({
    flat(this: unknown, depth?: unknown): unknown {
      const levels = depth === undefined ? 1 : trunc(Number(depth));
      if (!(levels > 1) || !isObject(this)) return apply(native, this, [levels]);
      // As the language makes the result: of the species of this.
      const result: object = apply(slice, this, [0, 0]);
      flattenInto(result, 0, this, levels);
      return result;
    },
  }).flat;

const tooMany = (): never => {
  throw RangeErrorOf(`a call has at most ${ARGUMENTS_MAX} arguments from a list`);
};

/**
 * Arguments that come in a list, which V8 puts on its stack. What is no array is read once, as the
 * language reads it. Errors: RangeError.
 */
export const argumentsOf = (list: unknown): unknown => {
  if (!isObject(list)) return list;
  if ((isArray(list) && !isProxy(list)) || isArgumentsObject(list)) {
    return Number(propertyOf(list, 'length')) > ARGUMENTS_MAX ? tooMany() : list;
  }
  const length = lengthOfList(list);
  if (length > ARGUMENTS_MAX) tooMany();
  const copy: unknown[] = [];
  for (let at = 0; at < length; at += 1) copy[at] = propertyOf(list, at);
  return copy;
};

const applyOf = (native: Function): Function =>
  ({
    apply(this: unknown, thisArg: unknown, list: unknown): unknown {
      return apply(native, this, [thisArg, argumentsOf(list)]);
    },
  }).apply;

/** How many functions a bound one stands for. */
const boundLevels = new WeakMap<object, number>();
const { get: levelsOf, set: setLevels } = WeakMap.prototype;
const BOUND_LEVELS_MAX = 1_000;

const bindOf = (native: Function): Function =>
  ({
    bind(this: unknown, ...args: readonly unknown[]): unknown {
      const bound: unknown = apply(native, this, args);
      if (!isObject(this) || !isObject(bound)) return bound;
      const levels = Number(apply(levelsOf, boundLevels, [this]) ?? 0) + 1;
      if (levels > BOUND_LEVELS_MAX) throw RangeErrorOf('functions are bound too often');
      apply(setLevels, boundLevels, [bound, levels]);
      return bound;
    },
  }).bind;

/** Call once, before `ses`. */
export const installCounted = (): void => {
  for (const [holder, keys] of COUNTED) for (const key of keys) replace(holder, key, counted);
  installToString();
  replace(Array.prototype, 'flat', flatOf);
  replace(Function.prototype, 'apply', applyOf);
  replace(Function.prototype, 'bind', bindOf);
};
