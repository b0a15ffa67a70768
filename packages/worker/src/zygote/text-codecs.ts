/**
 * `TextEncoder` and `TextDecoder` for vats: UTF-8 only, errors of the vat's own realm.
 *
 * Node's decoder knows the encodings of the ICU that it was built with; those would differ from
 * engine to engine. Installed before `ses`, which makes these the intrinsics of every compartment.
 *
 * Invariant: what Node gets is bounded, for it ends the process over what it cannot hold.
 */
import { types } from 'node:util';
import { DECODED_BYTES_MAX, ENCODED_CHARS_MAX } from '../protocol/limits.js';
import { getterOf, propertyOf } from '../values.js';
import { bytesOf } from './float-arrays.js';

const { TextDecoder: HostDecoder, TextEncoder: HostEncoder } = globalThis;
const { apply } = Reflect;
const { isArrayBuffer, isDataView } = types;
const { trim, toLowerCase } = String.prototype;
const hostEncoder = new HostEncoder();
const encode = hostEncoder.encode.bind(hostEncoder);
const encodeInto = hostEncoder.encodeInto.bind(hostEncoder);
const decode = HostDecoder.prototype.decode;

/** The labels of UTF-8 in the Encoding Standard. */
const LABELS: readonly string[] = Object.freeze([
  'unicode-1-1-utf-8',
  'unicode11utf8',
  'unicode20utf8',
  'utf-8',
  'utf8',
  'x-unicode20utf8',
]);

const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength');
const viewLength = getterOf(DataView.prototype, 'byteLength');
const arrayLength = getterOf(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength');

/** Whatever vat code has put on it under that name. */
const byteLengthOf = (bytes: object): number => {
  if (isArrayBuffer(bytes)) return Number(apply(bufferLength, bytes, []));
  return Number(apply(isDataView(bytes) ? viewLength : arrayLength, bytes, []));
};

/** Errors: RangeError for a text that is too long. */
const bounded = (value: unknown): string => {
  const text = String(value);
  if (text.length <= ENCODED_CHARS_MAX) return text;
  throw new RangeError(`at most ${ENCODED_CHARS_MAX} characters are encoded at a time`);
};

class Utf8Encoder {
  get encoding(): string {
    return 'utf-8';
  }

  encode(text: unknown = ''): Uint8Array {
    return encode(bounded(text));
  }

  encodeInto(text: unknown, target: Uint8Array): { read: number; written: number } {
    if (!(target instanceof Uint8Array)) throw new TypeError('encodeInto: not a Uint8Array');
    const { read, written } = encodeInto(bounded(text), target);
    return { read, written };
  }
}

class Utf8Decoder {
  readonly #host: InstanceType<typeof HostDecoder>;
  readonly #fatal: boolean;
  readonly #ignoreBOM: boolean;

  constructor(label: unknown = 'utf-8', options: unknown = undefined) {
    const name = apply(toLowerCase, apply(trim, String(label), []), []);
    let isKnown = false;
    for (let i = 0; i < LABELS.length; i += 1) if (LABELS[i] === name) isKnown = true;
    if (!isKnown) throw new RangeError(`The "${String(label)}" encoding is not supported`);
    this.#fatal = Boolean(propertyOf(options ?? {}, 'fatal'));
    this.#ignoreBOM = Boolean(propertyOf(options ?? {}, 'ignoreBOM'));
    this.#host = new HostDecoder('utf-8', { fatal: this.#fatal, ignoreBOM: this.#ignoreBOM });
  }

  get encoding(): string {
    return 'utf-8';
  }

  get fatal(): boolean {
    return this.#fatal;
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }

  decode(bytes: unknown = new Uint8Array(0), options: unknown = undefined): string {
    const stream = Boolean(propertyOf(options ?? {}, 'stream'));
    if (!ArrayBuffer.isView(bytes) && !(bytes instanceof ArrayBuffer)) {
      throw new TypeError('decode: not an ArrayBuffer or a view of one');
    }
    const given = bytesOf(bytes) ?? bytes;
    if (byteLengthOf(given) > DECODED_BYTES_MAX) {
      throw new RangeError(`at most ${DECODED_BYTES_MAX} bytes are decoded at a time`);
    }
    try {
      return apply(decode, this.#host, [given, { stream }]);
    } catch {
      throw new TypeError('The encoded data was not valid for encoding utf-8');
    }
  }
}

/** Gives a class the public name and tag of what it stands for. */
const publish = (constructor: { readonly prototype: object }, name: string): void => {
  Object.defineProperty(constructor, 'name', { value: name, configurable: true });
  const tag = { value: name, writable: false, enumerable: false, configurable: true };
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, tag);
};
publish(Utf8Encoder, 'TextEncoder');
publish(Utf8Decoder, 'TextDecoder');

export { Utf8Encoder as TextEncoder, Utf8Decoder as TextDecoder };
