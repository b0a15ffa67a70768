/**
 * Values as the host sees them: references are opaque, frozen and compare by identity.
 *
 * A reference that the host has been given stays valid until the host releases it: the kernel holds
 * a pin for it, which is part of the state. Data goes in unfrozen and comes out frozen, but for
 * byte arrays: those are `Uint8Array`s of the host's own.
 */
import { types } from 'node:util';
import { describeError, HOST_BYTE_ARRAYS, PassableCodec, type Steps } from '@heirloom/store';
import { KernelError } from '../base/kernel-errors.js';
import { isBelowFrames } from '../log/traces.js';
import { decodingBy, type KernelData } from '../objects/kernel-data.js';
import { isPromiseKRef, showKRef, storedKRef, type KRef } from '../state/krefs.js';

/** An object or a promise in some vat. Made by the kernel only; pass it to `send` or in data. */
export interface VatReference {
  /** How logs and `heirloom inspect` name it: `ko12` or `kp7`. */
  readonly kref: string;
  readonly type: 'object' | 'promise';
  /** What its vat says that it is, as `getInterfaceOf` gives it in vats; of promises undefined. */
  readonly iface: string | undefined;
}

class Reference implements VatReference {
  readonly kref: string;
  readonly type: 'object' | 'promise';
  readonly iface: string | undefined;

  constructor(kref: KRef, iface: string | undefined) {
    this.kref = showKRef(kref);
    this.type = isPromiseKRef(kref) ? 'promise' : 'object';
    this.iface = iface;
    Object.freeze(this);
  }

  toString(): string {
    return `[VatReference ${this.kref}]`;
  }
}

const { isNativeError } = types;

const headOf = ({ name, message }: Error): string =>
  message === '' ? name : `${name}: ${message}`;

export class HostData {
  readonly #interfaceOf: (kref: KRef) => string | undefined;
  readonly #references = new Map<KRef, Reference>();
  readonly #krefs = new WeakMap<object, KRef>();
  /** Rejections that the host has not been told yet: they are frozen when it is. */
  readonly #untold = new WeakSet<object>();
  readonly #codec = this.#codecThat(value => Object.freeze(value));

  constructor(interfaceOf: (kref: KRef) => string | undefined) {
    this.#interfaceOf = interfaceOf;
  }

  /** The one reference of this kernel for `kref`. */
  reference(kref: KRef): VatReference {
    let reference = this.#references.get(kref);
    if (reference === undefined) {
      reference = new Reference(kref, this.#interfaceOf(kref));
      this.#references.set(kref, reference);
      this.#krefs.set(reference, kref);
    }
    return reference;
  }

  /** Errors: KernelError UNKNOWN_REFERENCE when it is not of this kernel, or was released. */
  krefOf(value: unknown): KRef {
    const kref = typeof value === 'object' && value !== null ? this.#krefs.get(value) : undefined;
    if (kref !== undefined) return kref;
    const what = value instanceof Reference ? value.kref : describe(value);
    throw new KernelError('UNKNOWN_REFERENCE', `${what} is no reference of this kernel`);
  }

  forget(kref: KRef): void {
    const reference = this.#references.get(kref);
    if (reference === undefined) return;
    this.#references.delete(kref);
    this.#krefs.delete(reference);
  }

  /** Errors: KernelError BAD_ARGUMENT for what cannot be passed, naming it. */
  encode(value: unknown): KernelData {
    try {
      const { body, slots } = this.#codec.encode(value);
      return { body, slots: slots.map(slot => storedKRef(slot)) };
    } catch (error) {
      if (error instanceof KernelError) throw error;
      const why = `cannot be passed to a vat: ${describeError(error)}`;
      throw new KernelError('BAD_ARGUMENT', why);
    }
  }

  decode(body: Uint8Array, slots: readonly KRef[]): unknown {
    return this.#codec.decode(body, slots.map(String));
  }

  /** The same; of much data in steps. */
  decoding(data: KernelData): Steps<unknown> {
    return decodingBy(this.#codec, data);
  }

  /**
   * What a promise was rejected with; `trace`, where the error that it is was thrown, becomes its
   * `stack`. It is for `tellWhere`.
   */
  *decodingRejection(data: KernelData, trace: string | undefined): Steps<unknown> {
    // They are frozen once the outermost has a stack.
    const errors: object[] = [];
    const codec = this.#codecThat(value => {
      if (!isNativeError(value)) return Object.freeze(value);
      errors.push(value);
      return value;
    });
    const rejection = yield* decodingBy(codec, data);
    for (const error of errors) if (error !== rejection) Object.freeze(error);
    if (!isNativeError(rejection)) return rejection;
    Object.defineProperty(rejection, 'stack', { value: trace ?? headOf(rejection) });
    this.#untold.add(rejection);
    return rejection;
  }

  /**
   * The host is told of a rejection, once: `lines` go below where it was thrown, before the errors
   * that it comes of.
   */
  tellWhere(rejection: unknown, lines: () => readonly string[]): void {
    if (!isNativeError(rejection) || !this.#untold.delete(rejection)) return;
    const told = (rejection.stack ?? '').split('\n');
    const headLength = headOf(rejection).split('\n').length;
    const below = told.findIndex((line, at) => at >= headLength && isBelowFrames(line));
    told.splice(below < 0 ? told.length : below, 0, ...lines());
    Object.defineProperty(rejection, 'stack', { value: told.join('\n') });
    Object.freeze(rejection);
  }

  #codecThat(freeze: <T extends object>(value: T) => T): PassableCodec {
    return new PassableCodec({
      slotOf: value => this.#slotOf(value),
      valueOf: slot => this.reference(storedKRef(slot)),
      isHardened: () => true,
      bornHardened: freeze,
      byteArrays: HOST_BYTE_ARRAYS,
    });
  }

  #slotOf(value: object): string | undefined {
    const kref = this.#krefs.get(value);
    if (kref !== undefined) return String(kref);
    if (value instanceof Reference) this.krefOf(value);
    return undefined;
  }
}

const describe = (value: unknown): string =>
  typeof value === 'object' || typeof value === 'function' ? 'the value' : String(value);
