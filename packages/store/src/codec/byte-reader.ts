/**
 * Reads canonical leaves and headers, and refuses every spelling that `ByteWriter` does not write.
 *
 * Invariants: never reads outside the body; never allocates more than the bytes left can fill.
 * Errors: `TypeError: not a canonical value: WHY at byte N`.
 */
import { Buffer } from 'node:buffer';
import * as f from './format.js';
import { copyOf } from './native-bytes.js';
import { SHORT_STRING_BYTES_MAX, readCesu8, shortAsciiString } from './strings.js';

const { isSafeInteger } = Number;
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const decodeUtf8 = utf8Decoder.decode.bind(utf8Decoder);

const scratch = new DataView(new ArrayBuffer(8));
const NAN_BYTES = 0x7ff8_0000_0000_0000n;
/** Magnitudes up to this length are summed as numbers. */
const SAFE_MAGNITUDE_BYTES_MAX = 6;

/** The header of an extension: its type and where its payload ends. */
interface ExtHeader {
  readonly type: number;
  readonly end: number;
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  get position(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  fail(why: string): TypeError {
    return new TypeError(`not a canonical value: ${why} at byte ${this.#at}`);
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) {
      throw this.fail('truncated');
    }
    this.#at += 1;
    return byte;
  }

  /** The next byte, left where it is; undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  #need(count: number): void {
    if (count > this.#end - this.#at) {
      throw this.fail('truncated');
    }
  }

  u8(): number {
    return this.byte();
  }

  u16(): number {
    this.#need(2);
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at = at + 2;
    return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }

  u32(): number {
    const high = this.u16();
    return high * 0x1_0000 + this.u16();
  }

  /** An integer of more than one byte, whose lead byte was `tag`. */
  integer(tag: number): number {
    switch (tag) {
      case f.TAG_UINT8:
        return this.#within(this.u8(), 0x80, f.U8_MAX);
      case f.TAG_UINT16:
        return this.#within(this.u16(), f.U8_MAX + 1, f.U16_MAX);
      case f.TAG_UINT32:
        return this.#within(this.u32(), f.U16_MAX + 1, f.U32_MAX);
      case f.TAG_UINT64: {
        const value = this.u32() * f.U32_RANGE + this.u32();
        return this.#within(value, f.U32_RANGE, Number.MAX_SAFE_INTEGER);
      }
      case f.TAG_INT8:
        return this.#within(this.u8() - 0x100, -0x80, -0x21);
      case f.TAG_INT16:
        return this.#within(this.u16() - 0x1_0000, -0x8000, -0x81);
      case f.TAG_INT32:
        return this.#within(this.u32() - f.U32_RANGE, -0x8000_0000, -0x8001);
      case f.TAG_INT64: {
        const value = (this.u32() | 0) * f.U32_RANGE + this.u32();
        return this.#within(value, Number.MIN_SAFE_INTEGER, -0x8000_0001);
      }
      default:
        throw this.fail(`unknown lead byte ${tag}`);
    }
  }

  #within(value: number, min: number, max: number): number {
    if (value < min || value > max) {
      throw this.fail('integer not in its shortest form');
    }
    return value;
  }

  float64(): number {
    scratch.setUint32(0, this.u32());
    scratch.setUint32(4, this.u32());
    const value = scratch.getFloat64(0);
    if (isSafeInteger(value)) {
      throw this.fail('integer as float64');
    }
    if (value !== value && scratch.getBigUint64(0) !== NAN_BYTES) {
      throw this.fail('NaN of other bits');
    }
    return value;
  }

  /** A length of one, two or four bytes, the shortest of them, at least `min`. */
  length(tag: number, tag8: number, min: number): number {
    let length: number;
    let lengthMin: number;
    if (tag === tag8) {
      length = this.u8();
      lengthMin = min;
    } else if (tag === tag8 + 1) {
      length = this.u16();
      lengthMin = f.U8_MAX + 1;
    } else {
      length = this.u32();
      lengthMin = f.U16_MAX + 1;
    }
    if (length < lengthMin) {
      throw this.fail('length not in its shortest form');
    }
    this.#need(length);
    return length;
  }

  /** The count of an array whose lead byte was `tag`; at most the bytes that are left. */
  arrayCount(tag: number): number {
    let count: number;
    if (tag >= f.TAG_FIXARRAY && tag <= f.TAG_FIXARRAY + f.FIXARRAY_COUNT_MAX) {
      count = tag - f.TAG_FIXARRAY;
    } else if (tag === f.TAG_ARRAY16 || tag === f.TAG_ARRAY32) {
      const isShort = tag === f.TAG_ARRAY16;
      count = isShort ? this.u16() : this.u32();
      if (count <= (isShort ? f.FIXARRAY_COUNT_MAX : f.U16_MAX)) {
        throw this.fail('array header not in its shortest form');
      }
    } else {
      throw this.fail('array expected');
    }
    this.#need(count);
    return count;
  }

  /** The string of `length` UTF-8 bytes that begins here. */
  utf8(length: number): string {
    this.#need(length);
    const start = this.#at;
    if (length <= SHORT_STRING_BYTES_MAX) {
      const text = shortAsciiString(this.#bytes, start, length);
      if (text !== undefined) {
        this.#at = start + length;
        return text;
      }
    }
    let text: string;
    try {
      text = decodeUtf8(this.#bytes.subarray(start, start + length));
    } catch {
      throw this.fail('string is not UTF-8');
    }
    this.#at = start + length;
    return text;
  }

  /** The string that begins here, well-formed or not; TypeError for any other value. */
  string(): string {
    const tag = this.byte();
    if (tag >= f.TAG_FIXSTR && tag <= f.TAG_FIXSTR + f.FIXSTR_BYTES_MAX) {
      return this.utf8(tag - f.TAG_FIXSTR);
    }
    if (tag >= f.TAG_STR8 && tag <= f.TAG_STR32) {
      return this.utf8(this.length(tag, f.TAG_STR8, f.FIXSTR_BYTES_MAX + 1));
    }
    const { type, end } = this.extHeader(tag);
    if (type !== f.EXT_ILL_FORMED) {
      throw this.fail('string expected');
    }
    return this.illFormed(end);
  }

  /** The rest of an extension up to `end`, an ill-formed string. */
  illFormed(end: number): string {
    const text = readCesu8(this.#bytes, this.#at, end);
    if (text === undefined || text.isWellFormed()) {
      throw this.fail('string is not ill-formed CESU-8');
    }
    this.#at = end;
    return text;
  }

  /** A copy of the next `length` bytes, in a buffer of their own. */
  copy(length: number): Uint8Array {
    this.#need(length);
    const copy = copyOf(this.#bytes, this.#at, this.#at + length);
    this.#at += length;
    return copy;
  }

  /** The header of the extension whose lead byte was `tag`. */
  extHeader(tag: number): ExtHeader {
    let length: number;
    if (tag >= f.TAG_FIXEXT1 && tag <= f.TAG_FIXEXT16) {
      length = 1 << (tag - f.TAG_FIXEXT1);
    } else if (tag >= f.TAG_EXT8 && tag <= f.TAG_EXT32) {
      length = this.length(tag, f.TAG_EXT8, 0);
      if (length === 1 || length === 2 || length === 4 || length === 8 || length === 16) {
        throw this.fail('extension header not in its shortest form');
      }
    } else {
      throw this.fail(`unexpected lead byte ${tag}`);
    }
    const type = this.byte();
    this.#need(length);
    return { type, end: this.#at + length };
  }

  /** The rest of an extension up to `end`, a bigint. */
  bigint(end: number): bigint {
    const sign = this.byte();
    const length = end - this.#at;
    const isNegative = sign === 1;
    if (sign > 1 || (length === 0 ? isNegative : this.peek() === 0)) {
      throw this.fail('bigint not in its shortest form');
    }
    const magnitude = this.#magnitude(length);
    return isNegative ? -magnitude : magnitude;
  }

  #magnitude(length: number): bigint {
    const bytes = this.#bytes;
    const start = this.#at;
    this.#at = start + length;
    if (length > SAFE_MAGNITUDE_BYTES_MAX) {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, length);
      return BigInt(`0x${view.toString('hex')}`);
    }
    let sum = 0;
    for (let at = start; at < start + length; at += 1) {
      sum = sum * 256 + (bytes[at] ?? 0);
    }
    return BigInt(sum);
  }

  /** The rest of an extension up to `end`, an index in 1, 2 or 4 bytes. */
  index(end: number): number {
    const length = end - this.#at;
    if (length === 1) {
      return this.u8();
    }
    const index = length === 2 ? this.u16() : length === 4 ? this.u32() : -1;
    if (index <= (length === 2 ? f.U8_MAX : f.U16_MAX)) {
      throw this.fail('reference not in its shortest form');
    }
    return index;
  }
}
