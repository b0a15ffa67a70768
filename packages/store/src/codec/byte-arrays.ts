/**
 * Byte arrays: immutable ArrayBuffers as pass-style 1.8 recognises them.
 *
 * ses 2.3 installs the shim of @endo/immutable-arraybuffer before lockdown. A realm without it has
 * no byte array to encode, and decoding one throws, unless the hooks say otherwise: a host takes
 * and gives `Uint8Array`s (`HOST_BYTE_ARRAYS`), whether it has loaded the shim or not. The methods
 * are looked up when first needed, then kept: in a locked-down realm they are frozen by the time
 * that any vat code runs.
 */
import { types } from 'node:util';
import type { ByteArrays } from './hooks.js';

const { apply, ownKeys } = Reflect;
const { getOwnPropertyDescriptor } = Object;
const toStringTag: typeof Symbol.toStringTag = Symbol.toStringTag;

export const arrayBufferPrototype: object = ArrayBuffer.prototype;

interface ImmutableMethods {
  readonly isImmutable: Function;
  readonly slice: Function;
  readonly sliceToImmutable: Function;
}

let found: ImmutableMethods | undefined;

function immutableMethods(): ImmutableMethods | undefined {
  if (found === undefined) {
    const isImmutable = getOwnPropertyDescriptor(arrayBufferPrototype, 'immutable')?.get;
    const slice: unknown = Reflect.get(arrayBufferPrototype, 'slice');
    const sliceToImmutable: unknown = Reflect.get(arrayBufferPrototype, 'sliceToImmutable');
    const areThere = typeof slice === 'function' && typeof sliceToImmutable === 'function';
    if (isImmutable !== undefined && areThere) {
      found = { isImmutable, slice, sliceToImmutable };
    }
  }
  return found;
}

/**
 * A copy of the bytes of `value`, an object that inherits directly from `ArrayBuffer.prototype`
 * and is no proxy; undefined if it is no byte array.
 */
export function bytesOfByteArray(value: object): Uint8Array | undefined {
  const methods = immutableMethods();
  if (methods === undefined || apply(methods.isImmutable, value, []) !== true) {
    return undefined;
  }
  for (const key of ownKeys(value)) {
    const tag = getOwnPropertyDescriptor(value, key);
    if (key !== toStringTag || tag?.enumerable === true || typeof tag?.value !== 'string') {
      return undefined;
    }
  }
  const copy: ArrayBuffer = apply(methods.slice, value, []);
  return new Uint8Array(copy);
}

/** A fresh byte array, not frozen yet. `bytes` must be a buffer of its own. */
export function makeByteArray(bytes: Uint8Array): object {
  const methods = immutableMethods();
  if (methods === undefined) {
    throw new TypeError('Byte arrays need ses or @endo/immutable-arraybuffer/shim.js');
  }
  return apply(methods.sliceToImmutable, bytes.buffer, []);
}

/** A host's own bytes go in as they are; what comes out is a copy that nobody else holds. */
export const HOST_BYTE_ARRAYS: ByteArrays = {
  bytesOf: value => (types.isUint8Array(value) ? value : undefined),
  make: bytes => bytes,
};
