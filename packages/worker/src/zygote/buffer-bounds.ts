/**
 * How many bytes a buffer of a vat may have (docs/limits.md).
 *
 * Whether a machine has memory for a buffer, and how long one may be at all, differs from machine
 * to machine and from engine to engine. So no engine is asked for one that is longer than ours may
 * be.
 */
import { types } from 'node:util';
import { BUFFER_BYTES_MAX } from '../protocol/limits.js';
import { getterOf, isObject, propertyOf, type Properties } from '../values.js';

const { apply } = Reflect;
const { getPrototypeOf } = Object;
const { isArray } = Array;
const { isAnyArrayBuffer, isProxy } = types;
const { MAX_SAFE_INTEGER } = Number;
const { max, min, trunc } = Math;
const { iterator, toStringTag } = Symbol;
const NumberOf = Number;
const ProxyOf = Proxy;
const RangeErrorOf = RangeError;

const typedArrayPrototype: object = getPrototypeOf(Uint8Array.prototype);
const lengthGetter = getterOf(typedArrayPrototype, 'length');
const tagGetter = getterOf(typedArrayPrototype, toStringTag);

/** Errors: RangeError. NaN, and what is negative, is the engine's to judge. */
export const checkBytes = (bytes: number): void => {
  if (bytes > BUFFER_BYTES_MAX) throw RangeErrorOf('a buffer has at most 536,870,912 bytes');
};

/**
 * A length in bytes, for which the engine does not ask again: an object is asked once. `max` takes
 * anything to a number, and refuses bigints and symbols in the engine's words.
 */
export const boundedLength = (length: unknown): number => {
  const bytes: number =
    typeof length === 'number' ? length : NumberOf(apply(max, undefined, [length]));
  checkBytes(trunc(bytes));
  return bytes;
};

/** Has a length that is known, and no element is asked for twice. */
const withLength = (list: Properties, length: number): object =>
  new ProxyOf(
    {},
    {
      get(_target, key): unknown {
        if (key === iterator) return undefined;
        return key === 'length' ? length : list[key];
      },
    },
  );

/**
 * What a typed array is made of, in the place of an object that vat code has given. What it is
 * asked for here, the engine does not ask again.
 */
const boundedSource = (source: Properties, elementBytes: number): object => {
  if (isArray(source) && !isProxy(source)) {
    checkBytes(source.length * elementBytes);
    return source;
  }
  if (isAnyArrayBuffer(source)) return source;
  if (apply(tagGetter, source, []) !== undefined) {
    checkBytes(NumberOf(apply(lengthGetter, source, [])) * elementBytes);
    return source;
  }
  const iterate: unknown = source[iterator];
  if (iterate === undefined || iterate === null) {
    const wanted: number = apply(max, undefined, [propertyOf(source, 'length')]);
    const length = max(0, min(trunc(wanted) || 0, MAX_SAFE_INTEGER));
    checkBytes(length * elementBytes);
    return withLength(source, length);
  }
  if (typeof iterate !== 'function') return { [iterator]: iterate };
  return { [iterator]: (): unknown => apply(iterate, source, []) };
};

/**
 * The first argument of a typed array's constructor, bounded: a number of elements, or what they
 * come from. A view of a buffer takes no memory. Errors: RangeError.
 */
export const boundedElements = (first: unknown, elementBytes: number): unknown => {
  if (typeof first === 'number') {
    checkBytes(trunc(first) * elementBytes);
    return first;
  }
  if (isObject(first)) return boundedSource(first, elementBytes);
  const count: number = apply(max, undefined, [first]);
  checkBytes(trunc(count) * elementBytes);
  return count;
};
