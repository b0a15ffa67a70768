/**
 * `Float32Array` and `Float64Array` for vats: what they hold shows no bits that an engine chose.
 *
 * A NaN has many spellings. The language lets an engine choose the one that it stores, and V8's
 * choice depends on the processor and on which of its compilers was at work (decision 072); a view
 * of the same bytes would tell. So each array that vat code gets is a proxy before a native one,
 * which nobody else has: whatever is stored passes a trap, which stores a NaN by copying the
 * canonical one as bytes. Reading stays native: a NaN that was read can be stored through a trap
 * only, or by SES's `DataView`, which stores the canonical one, too.
 *
 * Invariants (rules.md#h4): no native array leaves this module, not as `this`, as an argument of a
 * callback, by a species or a `constructor`; no vat code runs between the moment in which a native
 * operation has stored what it computed and that in which its NaNs are canonical, unless the memory
 * is not yet known to vat code. Bytes that vat code has written itself are copied as they are.
 *
 * Must be evaluated before lockdown. Loops go by index: iterators are slow once ses froze them.
 */
import { types } from 'node:util';
import { getterOf, isObject, propertyOf, Stamped, type Properties } from '../values.js';
import { boundedElements } from './buffer-bounds.js';

type Floats = Float32Array | Float64Array;
type Key = string | symbol;

const { apply, construct, defineProperty, ownKeys, set: reflectSet } = Reflect;
const { create, defineProperties, entries, setPrototypeOf } = Object;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { isInteger, MAX_SAFE_INTEGER } = Number;
const { max, min, trunc } = Math;
const { isArrayBuffer } = types;
const { isView } = ArrayBuffer;
const listFrom = Array.from;
const stringOf = String;
const RangeErrorOf = RangeError;
const TypeErrorOf = TypeError;
const ProxyOf = Proxy;
const { species, toStringTag, iterator } = Symbol;

const TypedArray: Function = getPrototypeOf(Uint8Array);
const nativePrototype: Uint8Array = TypedArray.prototype;
const bufferGetter = getterOf(nativePrototype, 'buffer');
const byteLengthGetter = getterOf(nativePrototype, 'byteLength');
const byteOffsetGetter = getterOf(nativePrototype, 'byteOffset');
const lengthGetter = getterOf(nativePrototype, 'length');
const { copyWithin: nativeCopyWithin, set: nativeSet, sort: nativeSort } = nativePrototype;
const lists: unknown[] = Array.prototype;
const { fill: listFill, filter: listFilter, join: listJoin } = lists;
const { reverse: listReverse, sort: listSort } = lists;

/** One of the two classes. */
interface Kind {
  readonly Native: Float32ArrayConstructor | Float64ArrayConstructor;
  /** What vat code has of it. */
  readonly constructor: Function;
  readonly prototype: object;
  readonly handler: ProxyHandler<Floats>;
  /** One canonical NaN. Copying it preserves its bits, as the language says. */
  readonly nan: Floats;
}

/** The mark of our proxies, with what stands behind one. It does not show in the proxy. */
class Behind extends Stamped {
  readonly #target: Floats;
  readonly #kind: Kind;

  constructor(proxy: object, target: Floats, kind: Kind) {
    super(proxy);
    this.#target = target;
    this.#kind = kind;
  }

  static target(value: object): Floats | undefined {
    return #target in value ? value.#target : undefined;
  }

  static kind(value: object): Kind | undefined {
    return #kind in value ? value.#kind : undefined;
  }
}

const targetOf = (value: unknown): Floats | undefined =>
  isObject(value) ? Behind.target(value) : undefined;

/** Is it an array of ours? `ArrayBuffer.isView` as Node has it does not know. */
export const isFloatArray = (value: object): boolean => Behind.target(value) !== undefined;

/** Bytes of an element of an array of ours; 0 for anything else. */
export const floatBytes = (value: object): number => Behind.kind(value)?.nan.BYTES_PER_ELEMENT ?? 0;

const ownTarget = (value: unknown): Floats => {
  const target = targetOf(value);
  if (target === undefined) throw TypeErrorOf('this is not a Float32Array or a Float64Array');
  return target;
};

const ownKind = (value: object): Kind => {
  const kind = Behind.kind(value);
  if (kind === undefined) throw TypeErrorOf('this is not a Float32Array or a Float64Array');
  return kind;
};

const lengthOf = (target: Floats): number => Number(apply(lengthGetter, target, []));

/** Stores a number, nothing where there is no element. `index` is an integer. */
const store = (kind: Kind, target: Floats, index: number, value: number): void => {
  if (value === value) target[index] = value;
  else if (index >= 0 && index < lengthOf(target)) apply(nativeSet, target, [kind.nan, index]);
};

/** Makes all NaNs canonical, whatever stored them. */
const canonicalize = (kind: Kind, target: Floats): void => {
  const length = lengthOf(target);
  for (let i = 0; i < length; i += 1) {
    const value = target[i];
    if (value !== value) apply(nativeSet, target, [kind.nan, i]);
  }
};

/** The index that a key stands for; -1 for another number, undefined for what is none. */
const indexOf = (key: Key): number | undefined => {
  if (typeof key !== 'string') return undefined;
  const n = +key;
  if (stringOf(n) !== key) return key === '-0' ? -1 : undefined;
  return isInteger(n) && n >= 0 ? n : -1;
};

/** What `object[key] = value` does on an object that has inherited `key` from an array. */
const setOn = (object: unknown, key: Key, value: unknown): boolean => {
  if (!isObject(object)) return false;
  const own = getOwnPropertyDescriptor(object, key);
  if (own === undefined) {
    const attributes = { writable: true, enumerable: true, configurable: true };
    return defineProperty(object, key, { value, ...attributes });
  }
  return own.writable === true && defineProperty(object, key, { value });
};

const makeHandler = (kindOf: () => Kind): ProxyHandler<Floats> => ({
  set(target, key, value, receiver) {
    const index = indexOf(key);
    if (index === undefined) return reflectSet(target, key, value, receiver);
    if (targetOf(receiver) === target) {
      store(kindOf(), target, index, +value);
      return true;
    }
    return index < 0 || index >= lengthOf(target) || setOn(receiver, key, value);
  },
  defineProperty(target, key, descriptor) {
    const index = indexOf(key);
    if (index === undefined) return defineProperty(target, key, descriptor);
    if (index < 0 || index >= lengthOf(target)) return false;
    const { value, ...attributes } = descriptor;
    if (!defineProperty(target, key, attributes)) return false;
    if ('value' in descriptor) store(kindOf(), target, index, +value);
    return true;
  },
});

/** `array[index] = value` of vat code. */
const assignElement = (array: object, index: number, value: unknown): void => {
  if (!reflectSet(array, index, value)) throw TypeErrorOf(`cannot assign to element ${index}`);
};

/** The proxy before `target`, whose NaNs are canonical. */
const wrap = (kind: Kind, target: Floats): object => {
  // Where a constructor has no prototype, the language takes the native one.
  if (getPrototypeOf(target) === kind.Native.prototype) setPrototypeOf(target, kind.prototype);
  const proxy = new ProxyOf(target, kind.handler);
  return new Behind(proxy, target, kind);
};

/** `new Float64Array(...args)`, for a class that extends it, too. */
const make = (kind: Kind, args: readonly unknown[], newTarget: Function): object => {
  const [source, ...more] = args;
  const size = kind.Native.BYTES_PER_ELEMENT;
  const known = boundedElements(targetOf(source) ?? source, size);
  // What this runs of vat code (iterators, valueOf) does not know the memory yet.
  const target: Floats = construct(kind.Native, [known, ...more], newTarget);
  if (isObject(source) && !isArrayBuffer(source)) canonicalize(kind, target);
  return wrap(kind, target);
};

const makeNew = (kind: Kind, args: readonly unknown[]): object =>
  make(kind, args, kind.constructor);

/** Another array on the same memory, for this module only. */
const viewOf = (kind: Kind, target: Floats, start: number, length: number): Floats => {
  const offset = Number(apply(byteOffsetGetter, target, []));
  const from = offset + start * kind.Native.BYTES_PER_ELEMENT;
  return construct(kind.Native, [apply(bufferGetter, target, []), from, length]);
};

/** A copy of its bytes. */
const copyOf = (kind: Kind, target: Floats, start = 0, end = lengthOf(target)): object =>
  wrap(kind, construct(kind.Native, [viewOf(kind, target, start, end - start)], kind.constructor));

const integerOf = (value: number): number => {
  const n = trunc(value);
  return n === n ? n : 0;
};

/** An index that may count from the end, within the array. */
const relative = (value: number | undefined, length: number, missing: number): number => {
  if (value === undefined) return missing;
  const n = integerOf(value);
  return n < 0 ? max(length + n, 0) : min(n, length);
};

/** What `map` and its like make: as `array.constructor[Symbol.species]` says, a typed array. */
const speciesOf = (array: Properties, kind: Kind): unknown => {
  const { constructor } = array;
  if (constructor === undefined) return kind.constructor;
  if (!isObject(constructor)) throw TypeErrorOf('object.constructor is not an object');
  return constructor[species] ?? kind.constructor;
};

const makeOf = (constructor: unknown, args: readonly unknown[], length = 0): object => {
  if (typeof constructor !== 'function') throw TypeErrorOf('object.constructor is no constructor');
  const made: unknown = construct(constructor, args);
  if (!isObject(made) || !(isView(made) || isFloatArray(made)) || !('length' in made)) {
    throw TypeErrorOf('a constructor has made no typed array');
  }
  if (!(Number(made['length']) >= length)) throw TypeErrorOf('a typed array is too short');
  return made;
};

/** A new array that has `values`. */
const filled = (constructor: unknown, values: readonly unknown[]): object => {
  const made = makeOf(constructor, [values.length], values.length);
  for (let i = 0; i < values.length; i += 1) assignElement(made, i, values[i]);
  return made;
};

/** What Array.prototype has, and does by the traps what is to be done. */
const SHARED = [
  'at',
  'entries',
  'every',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
  'forEach',
  'includes',
  'indexOf',
  'join',
  'keys',
  'lastIndexOf',
  'reduce',
  'reduceRight',
  'reverse',
  'some',
  'values',
] as const;

type Mapping = (value: unknown, index: number, array: object) => unknown;
type Order = (a: number, b: number) => number;

/** The values of a native array, as a list. */
const listOf = (target: Floats): number[] => {
  const list: number[] = [];
  const length = lengthOf(target);
  for (let i = 0; i < length; i += 1) list[i] = target[i] ?? NaN;
  return list;
};

const sortTarget = (kind: Kind, target: Floats, order: Order | undefined): void => {
  if (order === undefined) {
    apply(nativeSort, target, []);
    canonicalize(kind, target);
    return;
  }
  if (typeof order !== 'function') throw TypeErrorOf('the comparison function is no function');
  const list: readonly number[] = apply(listSort, listOf(target), [order]);
  for (let i = 0; i < list.length; i += 1) store(kind, target, i, list[i] ?? NaN);
};

type Source = Readonly<Record<number, number>> & { readonly length: number };

/** The length of what is like an array, as the language takes it. */
const lengthOfList = (source: Source): number =>
  min(max(integerOf(source.length), 0), MAX_SAFE_INTEGER);

/** `max` takes anything to a number, and refuses bigints and symbols. */
const numbersOf = (source: Source, length: number): number[] => {
  const numbers: number[] = [];
  for (let i = 0; i < length; i += 1) numbers[i] = apply(max, undefined, [source[i]]);
  return numbers;
};

/** Methods that write. */
const writers = {
  copyWithin(this: object, to: number, start: number, end?: number): object {
    apply(nativeCopyWithin, ownTarget(this), [to, start, end]);
    return this;
  },
  fill(this: object, value: number, start?: number, end?: number): object {
    ownTarget(this);
    return apply(listFill, this, [+value, start, end]);
  },
  set(this: object, source: Source, offset = 0): void {
    const kind = ownKind(this);
    const target = ownTarget(this);
    const at = integerOf(offset);
    if (at < 0) throw RangeErrorOf('offset is out of bounds');
    if (isObject(source) && Behind.kind(source) === kind) {
      apply(nativeSet, target, [Behind.target(source), at]);
      return;
    }
    const length = lengthOfList(source);
    if (at + length > lengthOf(target)) throw RangeErrorOf('offset is out of bounds');
    // All are read before any is stored: they may stand in the same memory.
    const values = numbersOf(source, length);
    for (let i = 0; i < length; i += 1) store(kind, target, at + i, values[i] ?? NaN);
  },
  sort(this: object, order?: Order): object {
    sortTarget(ownKind(this), ownTarget(this), order);
    return this;
  },
};

/** Methods that make another array. */
const makers = {
  filter(this: Properties, callback: Mapping, thisArg?: unknown): object {
    const kind = ownKind(this);
    const kept: unknown[] = apply(listFilter, this, [callback, thisArg]);
    return filled(speciesOf(this, kind), kept);
  },
  map(this: Properties, callback: Mapping, thisArg?: unknown): object {
    const kind = ownKind(this);
    const length = lengthOf(ownTarget(this));
    if (typeof callback !== 'function') throw TypeErrorOf('the callback is no function');
    const made = makeOf(speciesOf(this, kind), [length], length);
    for (let i = 0; i < length; i += 1) {
      assignElement(made, i, apply(callback, thisArg, [this[i], i, this]));
    }
    return made;
  },
  slice(this: Properties, start?: number, end?: number): object {
    const kind = ownKind(this);
    const target = ownTarget(this);
    const length = lengthOf(target);
    const from = relative(start, length, 0);
    const to = max(relative(end, length, length), from);
    const constructor = speciesOf(this, kind);
    if (constructor === kind.constructor) return copyOf(kind, target, from, to);
    const values: unknown[] = [];
    for (let i = from; i < to; i += 1) values[values.length] = this[i];
    return filled(constructor, values);
  },
  subarray(this: Properties, start?: number, end?: number): object {
    const kind = ownKind(this);
    const target = ownTarget(this);
    const length = lengthOf(target);
    const from = relative(start, length, 0);
    const count = max(relative(end, length, length) - from, 0);
    const constructor = speciesOf(this, kind);
    const offset = Number(apply(byteOffsetGetter, target, []));
    const at = offset + from * kind.Native.BYTES_PER_ELEMENT;
    return makeOf(constructor, [apply(bufferGetter, target, []), at, count]);
  },
  toReversed(this: object): object {
    const kind = ownKind(this);
    const list = listOf(ownTarget(this));
    return makeNew(kind, [apply(listReverse, list, [])]);
  },
  toSorted(this: object, order?: Order): object {
    const kind = ownKind(this);
    const copy: Floats = construct(kind.Native, [ownTarget(this)], kind.constructor);
    sortTarget(kind, copy, order);
    return wrap(kind, copy);
  },
  with(this: object, index: number, value: number): object {
    const kind = ownKind(this);
    const list = listOf(ownTarget(this));
    const n = integerOf(index);
    const at = n < 0 ? list.length + n : n;
    const number = +value;
    if (at < 0 || at >= list.length) throw RangeErrorOf('Invalid typed array index');
    list[at] = number;
    return makeNew(kind, [list]);
  },
  toLocaleString(this: object): string {
    ownTarget(this);
    return apply(listJoin, this, [',']);
  },
};

/** Of both prototypes. */
const getters = {
  buffer: (target: Floats): unknown => apply(bufferGetter, target, []),
  byteLength: (target: Floats): unknown => apply(byteLengthGetter, target, []),
  byteOffset: (target: Floats): unknown => apply(byteOffsetGetter, target, []),
  length: lengthOf,
};

/** Of both classes, for any class that `this` is. */
const statics = {
  from(this: unknown, source: Source, mapping?: Mapping, thisArg?: unknown): object {
    if (mapping !== undefined && typeof mapping !== 'function') {
      throw TypeErrorOf('the mapping is no function');
    }
    const values: readonly unknown[] = listFrom(source);
    const made = makeOf(this, [values.length], values.length);
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i];
      const args = [value, i];
      assignElement(made, i, mapping === undefined ? value : apply(mapping, thisArg, args));
    }
    return made;
  },
  of(this: unknown, ...values: readonly unknown[]): object {
    return filled(this, values);
  },
};

const HIDDEN = { writable: true, enumerable: false, configurable: true };
const CONSTANT = { writable: false, enumerable: false, configurable: false };

const dressPrototype = (kind: Kind, name: string): void => {
  const { constructor, prototype, Native } = kind;
  const methods = { constructor, ...writers, ...makers, [iterator]: lists.values };
  for (const key of ownKeys(methods)) {
    defineProperty(prototype, key, { value: propertyOf(methods, key), ...HIDDEN });
  }
  for (const key of SHARED) defineProperty(prototype, key, { value: lists[key], ...HIDDEN });
  for (const [key, read] of entries(getters)) {
    const accessor = {
      get [key](): unknown {
        return read(ownTarget(this));
      },
    };
    const get = getterOf(accessor, key);
    defineProperty(prototype, key, { get, enumerable: false, configurable: true });
  }
  const tag = {
    get [toStringTag](): string | undefined {
      return isObject(this) && Behind.kind(this) === kind ? name : undefined;
    },
  };
  const get = getterOf(tag, toStringTag);
  defineProperty(prototype, toStringTag, { get, enumerable: false, configurable: true });
  defineProperty(prototype, 'BYTES_PER_ELEMENT', { value: Native.BYTES_PER_ELEMENT, ...CONSTANT });
};

const makeKind = (name: string, Native: Kind['Native'], nan: Floats): Kind => {
  function FloatArray(this: unknown, ...args: readonly unknown[]): object {
    if (new.target === undefined) throw TypeErrorOf(`Constructor ${name} requires 'new'`);
    return make(kind, args, new.target);
  }
  const prototype: object = create(nativePrototype);
  setPrototypeOf(FloatArray, TypedArray);
  defineProperties(FloatArray, {
    name: { value: name },
    length: { value: 3 },
    prototype: { value: prototype, ...CONSTANT },
    BYTES_PER_ELEMENT: { value: Native.BYTES_PER_ELEMENT, ...CONSTANT },
    from: { value: statics.from, ...HIDDEN },
    of: { value: statics.of, ...HIDDEN },
  });
  const handler = makeHandler(() => kind);
  const kind: Kind = { Native, constructor: FloatArray, prototype, handler, nan };
  dressPrototype(kind, name);
  return kind;
};

const nan32 = new Float32Array(1);
new Uint32Array(nan32.buffer)[0] = 0x7fc00000;
const nan64 = new Float64Array(1);
new BigUint64Array(nan64.buffer)[0] = 0x7ff8000000000000n;

/** By the names that vat code has for them. To be hardened after lockdown. */
export const floatArrays: Readonly<Record<'Float32Array' | 'Float64Array', Function>> = {
  Float32Array: makeKind('Float32Array', Float32Array, nan32).constructor,
  Float64Array: makeKind('Float64Array', Float64Array, nan64).constructor,
};

/** The bytes of an array of ours, as a view of the same memory. */
export const bytesOf = (value: object): Uint8Array | undefined => {
  const target = targetOf(value);
  if (target === undefined) return undefined;
  return construct(Uint8Array, [
    apply(bufferGetter, target, []),
    apply(byteOffsetGetter, target, []),
    apply(byteLengthGetter, target, []),
  ]);
};

/** Lets `ArrayBuffer.isView` know the arrays of ours. */
export const installIsView = (): void => {
  const { isView: known } = {
    isView: (value: unknown): boolean =>
      isView(value) || (isObject(value) && isFloatArray(value)),
  };
  defineProperty(ArrayBuffer, 'isView', { value: known, ...HIDDEN });
};
