/**
 * Writes canonical leaves and headers into one reusable, growing buffer.
 *
 * Invariants: every header, integer and bigint has its shortest form; the buffer never grows past
 * the body limit by more than what unfinished extension headers may take.
 *
 * Theory of operation. Bytes go through a DataView, never `bytes[i] = v`: in a realm that ses has
 * locked down, V8 stores elements of arrays and typed arrays on its slow path (30 ns against 0.5).
 * Extensions carry their length in front: three bytes are left free and, when the length turns
 * out to need another header, the payload is moved.
 */
import { Buffer } from 'node:buffer';
import * as f from './format.js';
import type { PassableLimits } from './format.js';
import { copyOf } from './native-bytes.js';
import * as numbers from './numbers.js';
import { cesu8Length, writeCesu8, writeUtf8 } from './strings.js';

const { isSafeInteger } = Number;
const { byteLength } = Buffer;

const BUFFER_BYTES_INITIAL = 16_384;
/** A buffer that grew past this is given back after use. */
const BUFFER_BYTES_RETAINED_MAX = 1 << 20;
/** Free bytes that any leaf or header needs at most. */
const LEAF_BYTES_MAX = 16;
/** What an extension leaves free for its header, and the most that its header takes. */
const EXT_HEADER_BYTES = 3;
const EXT_HEADER_BYTES_MAX = 6;
/** Strings up to this length are tried as ASCII first. */
const ASCII_TRIED_CHARS_MAX = f.FIXSTR_BYTES_MAX;
const SHORT_STRING_BYTES_MAX = ASCII_TRIED_CHARS_MAX + 1;

export class ByteWriter {
  readonly #bodyBytesMax: number;
  readonly #capacityMax: number;
  /** No bigint of more bits fits a body; checked before its digits are spelled. */
  readonly #bodyBitsMax: bigint;
  #capacity = 0;
  #bytes!: Uint8Array;
  #buffer!: Buffer;
  #view!: DataView;
  #at = 0;

  constructor(limits: PassableLimits) {
    const slackBytes = 4 * LEAF_BYTES_MAX + limits.nestingMax * EXT_HEADER_BYTES_MAX;
    this.#bodyBytesMax = limits.bodyBytesMax;
    this.#capacityMax = limits.bodyBytesMax + slackBytes;
    this.#bodyBitsMax = BigInt(limits.bodyBytesMax) * 8n;
    this.#allocate(BUFFER_BYTES_INITIAL);
  }

  get position(): number {
    return this.#at;
  }

  /** Forgets what was written after `position`. */
  rewind(position: number): void {
    this.#at = position;
  }

  /** Forgets everything and gives back a large buffer. */
  reset(): void {
    this.#at = 0;
    if (this.#capacity > BUFFER_BYTES_RETAINED_MAX) {
      this.#allocate(BUFFER_BYTES_INITIAL);
    }
  }

  /** A copy of everything written. Throws RangeError past the body limit. */
  finish(): Uint8Array {
    if (this.#at > this.#bodyBytesMax) {
      throw f.tooLarge();
    }
    return copyOf(this.#bytes, 0, this.#at);
  }

  byte(value: number): void {
    this.#reserve(LEAF_BYTES_MAX);
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  number(value: number): void {
    this.#reserve(LEAF_BYTES_MAX);
    this.#at = numbers.writeNumber(this.#view, this.#at, value);
  }

  arrayHeader(count: number): void {
    this.#reserve(LEAF_BYTES_MAX);
    this.#at = numbers.writeArrayHeader(this.#view, this.#at, count);
  }

  reference(index: number): void {
    this.#reserve(LEAF_BYTES_MAX);
    this.#at = numbers.writeReference(this.#view, this.#at, index);
  }

  undefined(): void {
    this.byte(f.TAG_FIXEXT1);
    this.byte(f.EXT_UNDEFINED);
    this.byte(0);
  }

  string(text: string): void {
    if (text.length <= ASCII_TRIED_CHARS_MAX && this.#shortAscii(text)) {
      return;
    }
    if (!text.isWellFormed()) {
      this.#illFormed(text);
      return;
    }
    const length = byteLength(text, 'utf8');
    this.#reserve(length + LEAF_BYTES_MAX);
    if (length <= f.FIXSTR_BYTES_MAX) {
      this.byte(f.TAG_FIXSTR | length);
    } else {
      this.#at = numbers.writeLength(this.#view, this.#at, f.TAG_STR8, length);
    }
    writeUtf8(this.#buffer, this.#at, text, length);
    this.#at += length;
  }

  /** Writes `text` if it is ASCII; otherwise writes nothing that counts. */
  #shortAscii(text: string): boolean {
    this.#reserve(SHORT_STRING_BYTES_MAX);
    const view = this.#view;
    const count = text.length;
    const start = this.#at + 1;
    for (let i = 0; i < count; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) {
        return false;
      }
      view.setUint8(start + i, unit);
    }
    view.setUint8(start - 1, f.TAG_FIXSTR | count);
    this.#at = start + count;
    return true;
  }

  #illFormed(text: string): void {
    const length = cesu8Length(text);
    const start = this.beginExt();
    this.#reserve(length + LEAF_BYTES_MAX);
    writeCesu8(this.#view, this.#at, text);
    this.#at += length;
    this.endExt(start, f.EXT_ILL_FORMED);
  }

  bigint(value: bigint): void {
    const start = this.beginExt();
    const small = Number(value);
    this.byte(small < 0 ? 1 : 0);
    if (isSafeInteger(small)) {
      this.#at = numbers.writeMagnitude(this.#view, this.#at, small < 0 ? -small : small);
    } else {
      this.#digits(value < 0n ? -value : value);
    }
    this.endExt(start, f.EXT_BIGINT);
  }

  #digits(magnitude: bigint): void {
    if (magnitude >> this.#bodyBitsMax !== 0n) {
      throw f.tooLarge();
    }
    const hex = magnitude.toString(16);
    const even = hex.length % 2 === 0 ? hex : `0${hex}`;
    this.#reserve(even.length / 2 + LEAF_BYTES_MAX);
    this.#at += this.#buffer.write(even, this.#at, 'hex');
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length + LEAF_BYTES_MAX);
    this.#at = numbers.writeLength(this.#view, this.#at, f.TAG_BIN8, value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Leaves room for a header; the payload follows. Returns what `endExt` needs. */
  beginExt(): number {
    this.#reserve(LEAF_BYTES_MAX);
    const start = this.#at;
    this.#at = start + EXT_HEADER_BYTES;
    return start;
  }

  /** Writes the header of the extension that began at `start` and ends here. */
  endExt(start: number, type: number): void {
    const payload = start + EXT_HEADER_BYTES;
    const length = this.#at - payload;
    const fixed = numbers.fixedExtTag(length);
    if (fixed !== 0) {
      this.#bytes.copyWithin(start + 2, payload, this.#at);
      this.#view.setUint8(start, fixed);
      this.#view.setUint8(start + 1, type);
      this.#at -= 1;
      return;
    }
    if (length <= f.U8_MAX) {
      this.#view.setUint8(start, f.TAG_EXT8);
      this.#view.setUint8(start + 1, length);
      this.#view.setUint8(start + 2, type);
      return;
    }
    this.#moveForLongHeader(start, length, type);
  }

  #moveForLongHeader(start: number, length: number, type: number): void {
    this.#reserve(LEAF_BYTES_MAX);
    const payload = start + EXT_HEADER_BYTES;
    const headerBytes = length <= f.U16_MAX ? 4 : EXT_HEADER_BYTES_MAX;
    this.#bytes.copyWithin(start + headerBytes, payload, payload + length);
    const next = numbers.writeLength(this.#view, start, f.TAG_EXT8, length);
    this.#view.setUint8(next, type);
    this.#at = start + headerBytes + length;
  }

  #reserve(count: number): void {
    if (this.#at + count > this.#capacity) {
      this.#grow(this.#at + count);
    }
  }

  #grow(needed: number): void {
    if (needed > this.#capacityMax) {
      throw f.tooLarge();
    }
    const old = this.#bytes;
    this.#allocate(Math.min(Math.max(needed, this.#capacity * 2), this.#capacityMax));
    this.#bytes.set(old.subarray(0, this.#at));
  }

  #allocate(capacity: number): void {
    const buffer = new ArrayBuffer(capacity);
    this.#bytes = new Uint8Array(buffer);
    this.#buffer = Buffer.from(buffer);
    this.#view = new DataView(buffer);
    this.#capacity = capacity;
  }
}
