/**
 * `JSON` for vats: data in data counts as calls do (depth-counter.ts), where V8 would call itself.
 *
 * Plain data (arrays, objects of data properties, primitives) is walked first, without a call, and
 * then given to the engine. What has getters, proxies, a `toJSON` or a replacer is written by the
 * language's own steps, here; so is what a reviver is shown.
 */
import { types } from 'node:util';
import { isObject, propertyOf } from '../values.js';
import { checkDataDepth, enterNative, leave } from './depth-counter.js';
import { inPlaceOf } from './in-place-of.js';

const { apply, defineProperty, deleteProperty } = Reflect;
const { parse: nativeParse, stringify: nativeStringify } = JSON;
const { create, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys } = Object;
const { isArray } = Array;
const { slice } = String.prototype;
const { isBigIntObject, isBooleanObject, isNumberObject, isProxy, isStringObject } = types;
const { get: mapGet, set: mapSet } = Map.prototype;
const { add: setAdd, has: setHas } = Set.prototype;
const { max, min, trunc } = Math;
const { MAX_SAFE_INTEGER } = Number;
const { prototype: plainObject } = Object;
const { prototype: plainArray } = Array;
const MapOf = Map;
const SetOf = Set;
const TypeErrorOf = TypeError;
const numberOf = Number;
const stringOf = String;
const { valueOf: booleanOf } = Boolean.prototype;
const { valueOf: bigintOf } = BigInt.prototype;

const lengthOfList = (list: object): number =>
  max(0, min(trunc(Number(propertyOf(list, 'length'))) || 0, MAX_SAFE_INTEGER));

/** What stands for a list whose parts are being looked at. */
interface Visit {
  readonly list: object;
  readonly parts: readonly unknown[];
  next: number;
  /** Of the deepest part. */
  height: number;
}

const NOT_PLAIN = -1;

/**
 * The values of its own properties; undefined if reading one could run code. Where prototypes are
 * those of the language, no `toJSON` is inherited: vats cannot change them.
 */
const plainParts = (list: object): unknown[] | undefined => {
  if (isProxy(list)) return undefined;
  const prototype: unknown = getPrototypeOf(list);
  if (prototype !== plainObject && prototype !== null && prototype !== plainArray) return undefined;
  if (isArray(list) !== (prototype === plainArray) || hasOwn(list, 'toJSON')) return undefined;
  const parts: unknown[] = [];
  const names = keys(list);
  for (let at = 0; at < names.length; at += 1) {
    const key = names[at] ?? '';
    const property = getOwnPropertyDescriptor(list, key);
    if (property === undefined || !('value' in property)) return undefined;
    const value: unknown = property.value;
    if (isObject(value)) parts[parts.length] = value;
  }
  return parts;
};

/**
 * How deep plain data nests; NOT_PLAIN for other data. What stands in itself is as deep as the way
 * back to it. Each list is looked at once.
 */
const plainDepth = (root: object): number => {
  const heights = new MapOf<object, number>();
  const open: Visit[] = [];
  const begin = (list: object): boolean => {
    // A function is left out, whatever it has, unless it has a toJSON.
    const parts = typeof list === 'function' ? undefined : plainParts(list);
    if (parts === undefined) return false;
    apply(mapSet, heights, [list, 0]);
    open[open.length] = { list, parts, next: 0, height: 0 };
    checkDataDepth(open.length);
    return true;
  };
  if (!begin(root)) return NOT_PLAIN;
  for (;;) {
    const visit = open[open.length - 1];
    if (visit === undefined) return Number(apply(mapGet, heights, [root]));
    if (visit.next === visit.parts.length) {
      apply(mapSet, heights, [visit.list, visit.height + 1]);
      open.length -= 1;
      const around = open[open.length - 1];
      if (around !== undefined) around.height = max(around.height, visit.height + 1);
      continue;
    }
    const part = visit.parts[visit.next];
    visit.next += 1;
    if (!isObject(part)) continue;
    const known: unknown = apply(mapGet, heights, [part]);
    if (known === undefined) {
      if (!begin(part)) return NOT_PLAIN;
    } else visit.height = max(visit.height, numberOf(known));
    checkDataDepth(open.length + visit.height);
  }
};

type Replacer = (this: unknown, key: string, value: unknown) => unknown;

/** By the steps of the language: SerializeJSONProperty and what it calls. */
class Writer {
  readonly #replacer: Replacer | undefined;
  readonly #listed: readonly string[] | undefined;
  readonly #gap: string;
  readonly #open = new SetOf<object>();
  #indent = '';

  constructor(replacer: Replacer | undefined, listed: readonly string[] | undefined, gap: string) {
    this.#replacer = replacer;
    this.#listed = listed;
    this.#gap = gap;
  }

  /** The property `key` of `holder`; undefined for what is left out. */
  write(holder: object, key: string): string | undefined {
    let value = propertyOf(holder, key);
    if (isObject(value) || typeof value === 'bigint') {
      const toJson = propertyOf(value, 'toJSON');
      if (typeof toJson === 'function') value = apply(toJson, value, [key]);
    }
    if (this.#replacer !== undefined) value = apply(this.#replacer, holder, [key, value]);
    if (isNumberObject(value)) value = numberOf(value);
    else if (isStringObject(value)) value = stringOf(value);
    else if (isBooleanObject(value)) value = apply(booleanOf, value, []);
    else if (isBigIntObject(value)) value = apply(bigintOf, value, []);
    if (typeof value === 'bigint') throw TypeErrorOf('Do not know how to serialize a BigInt');
    if (!isObject(value)) return nativeStringify(value);
    if (typeof value === 'function') return undefined;
    return this.#list(value);
  }

  #list(list: object): string {
    if (apply(setHas, this.#open, [list]) === true) {
      throw TypeErrorOf('Converting circular structure to JSON');
    }
    const before = enterNative();
    const around = this.#indent;
    apply(setAdd, this.#open, [list]);
    this.#indent = around + this.#gap;
    const text = isArray(list) ? this.#array(list) : this.#object(list);
    this.#indent = around;
    this.#open.delete(list);
    leave(before);
    return text;
  }

  #object(object: object): string {
    const names = this.#listed ?? keys(object);
    let text = '';
    for (let at = 0; at < names.length; at += 1) {
      const name = names[at] ?? '';
      const written = this.write(object, name);
      if (written === undefined) continue;
      const colon = this.#gap === '' ? ':' : ': ';
      text += `${this.#between(text)}${nativeStringify(name)}${colon}${written}`;
    }
    return this.#closed('{', text, '}');
  }

  #array(array: object): string {
    const length = lengthOfList(array);
    let text = '';
    for (let at = 0; at < length; at += 1) {
      text += `${this.#between(text)}${this.write(array, stringOf(at)) ?? 'null'}`;
    }
    return this.#closed('[', text, ']');
  }

  #between(text: string): string {
    if (text === '') return '';
    return this.#gap === '' ? ',' : `,\n${this.#indent}`;
  }

  #closed(opening: string, text: string, closing: string): string {
    if (text === '' || this.#gap === '') return `${opening}${text}${closing}`;
    const around: string = apply(slice, this.#indent, [0, this.#indent.length - this.#gap.length]);
    return `${opening}\n${this.#indent}${text}\n${around}${closing}`;
  }
}

const gapOf = (space: unknown): string => {
  let given = space;
  if (isNumberObject(given)) given = numberOf(given);
  else if (isStringObject(given)) given = stringOf(given);
  if (typeof given === 'string') return apply(slice, given, [0, 10]);
  if (typeof given !== 'number') return '';
  return apply(slice, '          ', [0, max(0, min(10, trunc(given) || 0))]);
};

/** The names that a list lets through, each once. */
const listedBy = (list: object): string[] => {
  const seen = new SetOf<string>();
  const names: string[] = [];
  const length = lengthOfList(list);
  for (let at = 0; at < length; at += 1) {
    const given = propertyOf(list, at);
    const isName =
      typeof given === 'string' ||
      typeof given === 'number' ||
      isNumberObject(given) ||
      isStringObject(given);
    if (!isName) continue;
    const name = stringOf(given);
    if (apply(setHas, seen, [name]) === true) continue;
    apply(setAdd, seen, [name]);
    names[names.length] = name;
  }
  return names;
};

const isReplacer = (value: unknown): value is Replacer => typeof value === 'function';

const stringify = (value: unknown, replacer: unknown, space: unknown): unknown => {
  const function_ = isReplacer(replacer) ? replacer : undefined;
  const isPlain = function_ === undefined && (!isObject(value) || plainDepth(value) !== NOT_PLAIN);
  const isList = function_ === undefined && isArray(replacer);
  if (isPlain && !isList) return nativeStringify(value, undefined, gapOf(space));
  const listed = isList ? listedBy(replacer) : undefined;
  const holder: Record<string, unknown> = create(plainObject);
  defineProperty(holder, '', { value, writable: true, enumerable: true, configurable: true });
  return new Writer(function_, listed, gapOf(space)).write(holder, '');
};

type Reviver = (this: unknown, key: string, value: unknown) => unknown;
const isReviver = (value: unknown): value is Reviver => typeof value === 'function';

/** Shows each property, the deepest first: InternalizeJSONProperty. */
const revive = (holder: object, key: string, reviver: Reviver): unknown => {
  const value = propertyOf(holder, key);
  if (isObject(value)) {
    const before = enterNative();
    if (isArray(value)) {
      const length = lengthOfList(value);
      for (let at = 0; at < length; at += 1) revivePart(value, stringOf(at), reviver);
    } else {
      const names = keys(value);
      for (let at = 0; at < names.length; at += 1) revivePart(value, names[at] ?? '', reviver);
    }
    leave(before);
  }
  return apply(reviver, holder, [key, value]);
};

const revivePart = (list: object, key: string, reviver: Reviver): void => {
  const value = revive(list, key, reviver);
  if (value === undefined) deleteProperty(list, key);
  else defineProperty(list, key, { value, writable: true, enumerable: true, configurable: true });
};

const parse = (text: unknown, reviver: unknown): unknown => {
  const value: unknown = nativeParse(stringOf(text));
  if (!isReviver(reviver)) return value;
  const holder: Record<string, unknown> = create(plainObject);
  defineProperty(holder, '', { value, writable: true, enumerable: true, configurable: true });
  return revive(holder, '', reviver);
};

export const countedJson = inPlaceOf(JSON, {
  parse: (text: unknown, reviver: unknown): unknown => parse(text, reviver),
  stringify: (value: unknown, replacer: unknown, space: unknown): unknown =>
    stringify(value, replacer, space),
});
