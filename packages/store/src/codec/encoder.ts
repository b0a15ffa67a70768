/**
 * One walk over one passable, writing its canonical bytes and collecting its slots.
 *
 * Invariants: no code of a vat runs: proxies are refused before they are touched, and properties
 * are read by descriptor, once. What @endo/pass-style refuses is refused, here with a place.
 * Recursion is bounded by `nestingMax`, which also ends a walk over cyclic data.
 */
import { types } from 'node:util';
import { arrayBufferPrototype, bytesOfByteArray } from './byte-arrays.js';
import type { ByteWriter } from './byte-writer.js';
import { isErrorPrototype } from './error-prototypes.js';
import { readError, requireError, salvageError } from './errors.js';
import type { ErrorFields } from './errors.js';
import * as f from './format.js';
import type { PassableLimits } from './format.js';
import type { PassableHooks } from './hooks.js';
import { readTagged, sortNames } from './records.js';
import * as refusal from './refusal.js';
import { Refusal, located } from './refusal.js';
import { SlotCollector } from './slot-collector.js';
import { nameOfSymbol } from './symbols.js';

const { isProxy } = types;
const { isArray } = Array;
const { getOwnPropertyDescriptor, getPrototypeOf, isFrozen } = Object;
const { ownKeys } = Reflect;
const arrayPrototype: object = Array.prototype;
const objectPrototype: object = Object.prototype;

function areStrings(keys: (string | symbol)[]): keys is string[] {
  for (const key of keys) {
    if (typeof key === 'symbol') {
      return false;
    }
  }
  return true;
}

export class Encoder<Slot extends string> {
  readonly #hooks: PassableHooks<Slot>;
  readonly #limits: PassableLimits;
  readonly #writer: ByteWriter;
  readonly #slots: SlotCollector<Slot>;

  constructor(hooks: PassableHooks<Slot>, limits: PassableLimits, writer: ByteWriter) {
    this.#hooks = hooks;
    this.#limits = limits;
    this.#writer = writer;
    this.#slots = new SlotCollector(limits.slotsMax);
  }

  get slots(): readonly Slot[] {
    return this.#slots.slots;
  }

  /** Writes `value`. Throws a Refusal if it is not passable, RangeError past a limit. */
  encode(value: unknown): void {
    this.#value(value, 0);
  }

  /** Writes what can be told of the error `value`, passable or not; false if it is no error. */
  encodeSalvaged(value: unknown): boolean {
    const salvaged = salvageError(value);
    if (salvaged === undefined) {
      return false;
    }
    const { name, message, ...rest } = salvaged;
    let { cause, errors } = rest;
    if (cause !== undefined && !this.#canEncode(() => this.#value(cause, 1))) {
      cause = undefined;
    }
    if (errors !== undefined && !this.#canEncode(() => this.#errorList(errors ?? [], 1))) {
      errors = undefined;
    }
    this.#errorFields({ name, message, cause, errors }, 0);
    return true;
  }

  /** Whether `write` succeeds; undoes what it wrote. Errors mention no slots. */
  #canEncode(write: () => void): boolean {
    const start = this.#writer.position;
    try {
      write();
      return true;
    } catch (error) {
      if (error instanceof Refusal) {
        return false;
      }
      throw error;
    } finally {
      this.#writer.rewind(start);
    }
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.#writer.string(value);
        return;
      case 'bigint':
        this.#writer.bigint(value);
        return;
      case 'number':
        this.#writer.number(value);
        return;
      case 'boolean':
        this.#writer.byte(value ? f.TAG_TRUE : f.TAG_FALSE);
        return;
      case 'undefined':
        this.#writer.undefined();
        return;
      case 'symbol':
        this.#symbol(value);
        return;
      case 'function':
        this.#object(value, depth);
        return;
      case 'object':
        if (value === null) {
          this.#writer.byte(f.TAG_NIL);
        } else {
          this.#object(value, depth);
        }
        return;
      default:
        throw new Error(`typeof ${typeof value}`);
    }
  }

  #symbol(symbol: symbol): void {
    const name = nameOfSymbol(symbol);
    if (name === undefined) {
      throw refusal.refuseSymbol(symbol);
    }
    const start = this.#writer.beginExt();
    this.#writer.string(name);
    this.#writer.endExt(start, f.EXT_SYMBOL);
  }

  #object(value: object, depth: number): void {
    if (isProxy(value)) {
      throw refusal.refuseProxy(value);
    }
    if (!this.#hooks.isHardened(value) && !isFrozen(value)) {
      throw refusal.refuseUnfrozen(value);
    }
    if (isArray(value)) {
      this.#array(value, depth);
      return;
    }
    const proto: object | null = getPrototypeOf(value);
    if (proto === objectPrototype && typeof value !== 'function') {
      this.#plainObject(value, depth);
    } else if (isErrorPrototype(proto) && typeof value !== 'function') {
      this.#errorFields(readError(value), depth);
    } else if (proto === arrayBufferPrototype) {
      this.#byteArray(value);
    } else {
      const bytes = this.#hooks.byteArrays?.bytesOf(value);
      if (bytes === undefined) this.#reference(value);
      else this.#writer.bytes(bytes);
    }
  }

  #reference(value: object): void {
    const slot = this.#hooks.slotOf(value);
    if (slot === undefined) {
      throw refusal.refuseObject(value);
    }
    this.#writer.reference(this.#slots.indexOf(slot));
  }

  #byteArray(value: object): void {
    const bytes = bytesOfByteArray(value);
    if (bytes === undefined) {
      const why = 'Must be an immutable ArrayBuffer without own properties: (an object)';
      throw new Refusal(why, value);
    }
    this.#writer.bytes(bytes);
  }

  #array(array: readonly unknown[], depth: number): void {
    if (getPrototypeOf(array) !== arrayPrototype) {
      throw new Refusal('Malformed array: (an array)');
    }
    this.#enter(depth);
    const count = array.length;
    if (count > this.#limits.bodyBytesMax) {
      throw f.tooLarge();
    }
    if (ownKeys(array).length !== count + 1) {
      throw refusal.refuseArrayKeys(array);
    }
    this.#writer.arrayHeader(count);
    for (let i = 0; i < count; i += 1) {
      const descriptor = getOwnPropertyDescriptor(array, i);
      if (descriptor === undefined) {
        throw refusal.refuseArrayKeys(array);
      }
      this.#member(descriptor, i, depth);
    }
  }

  /** The value of one own property that must be data and enumerable. */
  #member(descriptor: PropertyDescriptor, step: string | number, depth: number): void {
    if (descriptor.writable === undefined) {
      throw refusal.refuseAccessor(step);
    }
    if (descriptor.enumerable !== true) {
      throw refusal.refuseHidden(step);
    }
    this.#step(descriptor.value, step, depth + 1);
  }

  #step(value: unknown, step: string | number, depth: number): void {
    try {
      this.#value(value, depth);
    } catch (error) {
      throw located(error, step);
    }
  }

  /** An object that inherits directly from `Object.prototype`: a record or a tagged value. */
  #plainObject(value: object, depth: number): void {
    const keys = ownKeys(value);
    if (areStrings(keys)) {
      this.#record(value, keys, depth);
    } else {
      this.#tagged(value, keys, depth);
    }
  }

  #record(record: object, names: string[], depth: number): void {
    this.#enter(depth);
    sortNames(names);
    const start = this.#writer.beginExt();
    this.#writer.byte(f.TAG_PAIR);
    this.#writer.arrayHeader(names.length);
    for (const name of names) {
      this.#writer.string(name);
    }
    this.#writer.arrayHeader(names.length);
    for (const name of names) {
      const descriptor = getOwnPropertyDescriptor(record, name);
      if (descriptor === undefined) {
        throw new Error('a record has lost a property while it was encoded');
      }
      if (name === 'then' && typeof descriptor.value === 'function') {
        throw refusal.refuseThenable();
      }
      this.#member(descriptor, name, depth);
    }
    this.#writer.endExt(start, f.EXT_RECORD);
  }

  #tagged(value: object, keys: readonly PropertyKey[], depth: number): void {
    const { tag, payload } = readTagged(value, keys);
    this.#enter(depth);
    const start = this.#writer.beginExt();
    this.#writer.byte(f.TAG_PAIR);
    this.#writer.string(tag);
    this.#member(payload, 'payload', depth);
    this.#writer.endExt(start, f.EXT_TAGGED);
  }

  #errorFields({ name, message, cause, errors }: ErrorFields, depth: number): void {
    this.#enter(depth);
    const start = this.#writer.beginExt();
    this.#writer.arrayHeader(errors !== undefined ? 4 : cause !== undefined ? 3 : 2);
    this.#writer.string(name);
    this.#writer.string(message);
    if (cause !== undefined) {
      this.#step(cause, 'cause', depth + 1);
    } else if (errors !== undefined) {
      this.#writer.byte(f.TAG_NIL);
    }
    if (errors !== undefined) {
      try {
        this.#errorList(errors, depth + 1);
      } catch (error) {
        throw located(error, 'errors');
      }
    }
    this.#writer.endExt(start, f.EXT_ERROR);
  }

  /** An array, as `#array` writes it, of which every element must be an error. */
  #errorList(errors: readonly unknown[], depth: number): void {
    for (let i = 0; i < errors.length; i += 1) {
      const descriptor = getOwnPropertyDescriptor(errors, i);
      if (descriptor?.writable !== undefined) {
        try {
          requireError(descriptor.value);
        } catch (error) {
          throw located(error, i);
        }
      }
    }
    this.#value(errors, depth);
  }

  #enter(depth: number): void {
    if (depth >= this.#limits.nestingMax) {
      throw f.tooDeep(this.#limits.nestingMax);
    }
  }
}
