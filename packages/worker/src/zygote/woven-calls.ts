/**
 * What woven code calls where it cannot count by itself: what runs outside of every body, what
 * `yield*` delegates to, what a call spreads.
 *
 * Invariant: vat code sees the same properties read and the same functions called, with the same
 * arguments, as unwoven. (But for an own accessor `Symbol.iterator` of an array that gives what
 * arrays have anyway: it is read twice.)
 */
import { types } from 'node:util';
import { isObject, propertyOf, type Properties } from '../values.js';
import { ARGUMENTS_MAX } from '../weave/source-limits.js';
import { WOVEN_NAMES } from '../weave/weave.js';

const { isProxy } = types;
const { isArray } = Array;
const { apply } = Reflect;
const { asyncIterator, iterator } = Symbol;
const arrayValues: unknown = Array.prototype.values;

/** Of call-depth.ts. */
interface Counting {
  enter(): number;
  leave(before: number): void;
  caught<T>(error: T): T;
}

/** Are its elements all that iterating over it reads, before anybody changes it? */
const isPlainArray = (value: unknown): value is readonly unknown[] =>
  isArray(value) && !isProxy(value) && propertyOf(value, iterator) === arrayValues;

const isMissing = (value: unknown): value is null | undefined =>
  value === null || value === undefined;

/** `ARGUMENTS_MAX`. */
const tooMany = (): never => {
  throw RangeError('a call takes at most 65,536 arguments');
};

/** V8 finds that it cannot be iterated over, and says so in its own words. */
const asIterable = (method: unknown): object => ({ [iterator]: method });

const isFunction = (value: unknown): value is Function => typeof value === 'function';

/** A list of its own: reading an element may have changed an array. */
const spread = (value: unknown): unknown => {
  if (isPlainArray(value)) {
    if (value.length > ARGUMENTS_MAX) return tooMany();
    const list = [...value];
    return list.length > ARGUMENTS_MAX ? tooMany() : list;
  }
  if (!isObject(value)) {
    return typeof value === 'string' && value.length > ARGUMENTS_MAX ? spreadText(value) : value;
  }
  const method = value[iterator];
  if (!isFunction(method)) return asIterable(method);
  const iterate = (): Iterator<unknown> => apply(method, value, []);
  return listOf({ [Symbol.iterator]: iterate });
};

const listOf = (elements: Iterable<unknown>): unknown[] => {
  const list: unknown[] = [];
  for (const element of elements) {
    if (list.length >= ARGUMENTS_MAX) tooMany();
    list.push(element);
  }
  return list;
};

/** It has at most so many elements as it is long. */
const spreadText = (text: string): unknown[] => listOf(text);

export const makeWovenCalls = ({ enter, leave, caught }: Counting) => {
  /** Traces leave it out by its name: error-details.ts. */
  const delegated = (method: Function, of: unknown, args: readonly unknown[]): unknown => {
    const before = enter();
    try {
      return apply(method, of, args);
    } catch (error) {
      throw caught(error);
    } finally {
      leave(before);
    }
  };

  /** What V8 delegates to in place of an iterator: its methods are there as far as the other's. */
  class Delegate {
    readonly #iterator: Properties;
    readonly #next: Function;

    constructor(of: Properties, next: Function) {
      this.#iterator = of;
      this.#next = next;
    }

    next(value: unknown): unknown {
      return delegated(this.#next, this.#iterator, [value]);
    }

    get throw(): unknown {
      return this.#method('throw');
    }

    get return(): unknown {
      return this.#method('return');
    }

    /** It is called with as many arguments as V8 gives. */
    #method(name: 'return' | 'throw'): unknown {
      const method = this.#iterator[name];
      if (!isFunction(method)) return method;
      return (...args: readonly unknown[]) => delegated(method, this.#iterator, args);
    }
  }

  /** An iterable by `key` whose iterator `method` has given. */
  const delegating = (key: symbol, method: unknown, value: unknown): object => {
    if (!isFunction(method)) return { [key]: method };
    const found: unknown = apply(method, value, []);
    if (!isObject(found)) return { [key]: () => found };
    const { next } = found;
    // V8 calls it, and says that it is no function.
    if (!isFunction(next)) return { [key]: () => ({ next }) };
    const delegate = new Delegate(found, next);
    return { [key]: () => delegate };
  };

  const delegate = (value: unknown): unknown => {
    if (isMissing(value) || isPlainArray(value)) return value;
    return delegating(iterator, propertyOf(value, iterator), value);
  };

  return {
    [WOVEN_NAMES.within]: <T, R>(run: (given: T) => R, given: T): R => {
      const before = enter();
      try {
        return run(given);
      } catch (error) {
        throw caught(error);
      } finally {
        leave(before);
      }
    },
    [WOVEN_NAMES.delegate]: delegate,
    [WOVEN_NAMES.delegateAsync]: (value: unknown): unknown => {
      if (isMissing(value)) return value;
      const method = propertyOf(value, asyncIterator);
      if (!isMissing(method)) return delegating(asyncIterator, method, value);
      return delegating(iterator, propertyOf(value, iterator), value);
    },
    [WOVEN_NAMES.spread]: spread,
  };
};
