/**
 * Puts constructors of ours into the place of `ArrayBuffer` and of the typed arrays: they make what
 * the engine's make, but nothing that is longer than a buffer may be (buffer-bounds.ts).
 *
 * Theory of operation. Memory is taken by these, and by `transfer`; everything else (`from`, `of`,
 * `slice`, a species, `super`) goes by a constructor or takes no more than is there. They stand in
 * the place of the engine's everywhere, in the image as well, and before `ses` takes them for
 * intrinsics. `new.target` of a subclass is asked for its prototype once more than the language
 * says. `Float32Array` and `Float64Array` stay: only float-arrays.ts has them.
 *
 * A module of side effects; it must be evaluated before `ses`. What it costs: decision 078.
 */
import { types } from 'node:util';
// Takes the engine's constructor: before everything here.
import '@heirloom/store/bytes';
import { isObject, propertyOf } from '../values.js';
import { boundedElements, boundedLength, checkBytes } from './buffer-bounds.js';
import { standFor } from './native-text.js';

const { apply, construct, defineProperty, ownKeys, setPrototypeOf } = Reflect;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { floor } = Math;
const { isArrayBuffer } = types;
const TypeErrorOf = TypeError;
const globals: object = globalThis;

interface Native extends Function {
  new (first?: unknown, second?: unknown, third?: unknown): object;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT?: number;
}

const TYPED_ARRAYS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
] as const;

/** It shows what `native` shows: name, length, text, properties, prototype. */
const standInPlaceOf = (native: Native, ours: Function, name: string): void => {
  standFor(ours, native);
  setPrototypeOf(ours, getPrototypeOf(native));
  for (const key of ownKeys(native)) {
    const descriptor = getOwnPropertyDescriptor(native, key);
    if (descriptor !== undefined) defineProperty(ours, key, descriptor);
  }
  for (const [holder, key] of [[native.prototype, 'constructor'], [globals, name]] as const) {
    defineProperty(holder, key, { ...getOwnPropertyDescriptor(holder, key), value: ours });
  }
};

const boundTypedArray = (Native: Native, name: string): void => {
  const size = Native.BYTES_PER_ELEMENT ?? 1;
  function TypedArray(first?: unknown, offset?: unknown, length?: unknown): object {
    if (new.target === undefined) throw TypeErrorOf(`Constructor ${name} requires 'new'`);
    const source = boundedElements(first, size);
    // Both make the same, this one sooner.
    if (new.target === TypedArray) return new Native(source, offset, length);
    return construct(Native, [source, offset, length], new.target);
  }
  standInPlaceOf(Native, TypedArray, name);
};

/** What it may grow to is asked for once. */
const boundedOptions = (options: unknown): unknown => {
  if (!isObject(options)) return undefined;
  const maxByteLength: unknown = propertyOf(options, 'maxByteLength');
  return maxByteLength === undefined ? undefined : { maxByteLength: boundedLength(maxByteLength) };
};

const boundBuffer = (Native: Native): void => {
  function BoundedBuffer(length?: unknown, options?: unknown): object {
    if (new.target === undefined) throw TypeErrorOf("Constructor ArrayBuffer requires 'new'");
    const bytes = boundedLength(length);
    const more = options === undefined ? undefined : boundedOptions(options);
    if (new.target === BoundedBuffer) return new Native(bytes, more);
    return construct(Native, [bytes, more], new.target);
  }
  standInPlaceOf(Native, BoundedBuffer, 'ArrayBuffer');
};

/** Wraps a native in its place. Concise methods are no constructors either. */
const replace = (holder: object, key: string, make: (native: Function) => Function): void => {
  const descriptor = getOwnPropertyDescriptor(holder, key);
  const native: unknown = descriptor?.value;
  // Newer engines have some that older ones have not.
  if (typeof native !== 'function') return;
  const made = make(native);
  standFor(made, native);
  defineProperty(holder, key, { ...descriptor, value: made });
};

const boundTransfer = (native: Function): Function =>
  ({
    transfer(this: unknown, length?: unknown): unknown {
      const isSame = length === undefined || !isArrayBuffer(this);
      return apply(native, this, [isSame ? length : boundedLength(length)]);
    },
  }).transfer;

/** Four characters are three bytes. */
const boundBase64 = (native: Function): Function =>
  ({
    fromBase64(this: unknown, text: unknown, options?: unknown): unknown {
      if (typeof text === 'string') checkBytes(floor((text.length / 4) * 3));
      return apply(native, this, [text, options]);
    },
  }).fromBase64;

boundBuffer(ArrayBuffer);
for (const name of TYPED_ARRAYS) {
  const native: Native | undefined = getOwnPropertyDescriptor(globals, name)?.value;
  if (native !== undefined) boundTypedArray(native, name);
}
for (const name of ['transfer', 'transferToFixedLength']) {
  replace(ArrayBuffer.prototype, name, boundTransfer);
}
replace(Uint8Array, 'fromBase64', boundBase64);
