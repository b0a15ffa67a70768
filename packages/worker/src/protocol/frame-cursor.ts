/**
 * Walks along a frame (`@heirloom/store/frame`), value by value: whoever reads says what has to
 * come next, and nothing is made of what does not.
 *
 * Invariants: a count that a header promises costs nothing until the elements are there; byte
 * arrays are views of what is read; what is no frame, or another value than was asked for, throws.
 */
import assert from 'node:assert/strict';
import { partOf } from '@heirloom/store/bytes';
import { FRAME_DEPTH_MAX } from '@heirloom/store/frame-writer';

const { isSafeInteger } = Number;
const { apply } = Reflect;
/** Of Buffer; `@types/node` has none. */
const latin1Slice: unknown = Reflect.get(Buffer.prototype, 'latin1Slice');
assert(typeof latin1Slice === 'function', 'Buffer has no latin1Slice');
const latin1Of = (bytes: Uint8Array, start: number, end: number): string =>
  apply(latin1Slice, bytes, [start, end]);
/** Past the end, where nothing is read: `take` has looked. */
const NO_BYTE = 0xc1;
const scratch = new DataView(new ArrayBuffer(8));

export class FrameCursor {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** How many elements the list has that begins here. Every one takes a byte: so many are there. */
  list(): number {
    const count = this.arrayCount(this.byte());
    if (count < 0) assert.fail('frame: not a list');
    if (count > this.#end - this.#at) assert.fail('frame: truncated');
    return count;
  }

  /** A list of exactly `count` elements begins here. */
  tuple(count: number): void {
    if (this.list() !== count) assert.fail(`frame: not a list of ${count}`);
  }

  /** Is a null here? Then the cursor is behind it. */
  takesNull(): boolean {
    if (this.#bytes[this.#at] !== 0xc0) return false;
    this.#at += 1;
    return true;
  }

  boolean(): boolean {
    const tag = this.byte();
    if (tag !== 0xc2 && tag !== 0xc3) assert.fail('frame: neither true nor false');
    return tag === 0xc3;
  }

  /** A safe integer. */
  integer(): number {
    const tag = this.byte();
    if (tag < 0x80) return tag;
    return tag >= 0xe0 ? tag - 0x100 : this.integerOf(tag);
  }

  bytes(): Uint8Array {
    const length = this.bytesLength(this.byte());
    if (length < 0) assert.fail('frame: no byte array');
    return this.view(length);
  }

  /** A text of at most `lengthMax` characters. */
  text(lengthMax: number): string {
    const length = this.textLength(this.byte());
    if (length < 0) assert.fail('frame: no text');
    if (length > lengthMax) assert.fail(`frame: a text longer than ${lengthMax}`);
    return this.string(length);
  }

  /** Passes over one value, whatever it is, and makes nothing of it. */
  skip(depth = 0): void {
    const tag = this.byte();
    if (tag < 0x80 || tag >= 0xe0 || tag === 0xc0 || tag === 0xc2 || tag === 0xc3) return;
    const count = this.arrayCount(tag);
    if (count >= 0) {
      if (depth >= FRAME_DEPTH_MAX) assert.fail('frame: nested too deeply');
      for (let i = 0; i < count; i += 1) this.skip(depth + 1);
      return;
    }
    const bytesLength = this.bytesLength(tag);
    const length = bytesLength < 0 ? this.textLength(tag) : bytesLength;
    if (length >= 0) this.take(length);
    else this.integerOf(tag);
  }

  /** There is nothing more. */
  end(): void {
    if (this.#at !== this.#end) assert.fail('frame: bytes are left over');
  }

  /** The count of the array that `tag` begins, else -1. */
  arrayCount(tag: number): number {
    if (tag >= 0x90 && tag < 0xa0) return tag - 0x90;
    return tag === 0xdc ? this.#u16() : tag === 0xdd ? this.#u32() : -1;
  }

  /** The length of the byte array that `tag` begins, else -1. */
  bytesLength(tag: number): number {
    if (tag === 0xc4) return this.byte();
    return tag === 0xc5 ? this.#u16() : tag === 0xc6 ? this.#u32() : -1;
  }

  /** The length of the text that `tag` begins, else -1. */
  textLength(tag: number): number {
    if (tag >= 0xa0 && tag < 0xc0) return tag - 0xa0;
    if (tag === 0xd9) return this.byte();
    return tag === 0xda ? this.#u16() : tag === 0xdb ? this.#u32() : -1;
  }

  /** The integer that `tag` begins, which takes more than the one byte. */
  integerOf(tag: number): number {
    switch (tag) {
      case 0xcc:
        return this.byte();
      case 0xcd:
        return this.#u16();
      case 0xce:
        return this.#u32();
      case 0xcb:
        return this.#float64();
      case 0xd0:
        return (this.byte() << 24) >> 24;
      case 0xd1:
        return (this.#u16() << 16) >> 16;
      case 0xd2:
        return this.#u32() | 0;
      default:
        return assert.fail(`frame: unknown lead byte ${tag}`);
    }
  }

  string(length: number): string {
    const start = this.take(length);
    const bytes = this.#bytes;
    for (let at = start; at < this.#at; at += 1) {
      if ((bytes[at] ?? NO_BYTE) > 0x7f) assert.fail('frame: a string that is not ASCII');
    }
    return latin1Of(bytes, start, this.#at);
  }

  view(length: number): Uint8Array {
    const start = this.take(length);
    return partOf(this.#bytes, start, start + length);
  }

  byte(): number {
    const start = this.take(1);
    return this.#bytes[start] ?? NO_BYTE;
  }

  /** Where the next `count` bytes begin. */
  take(count: number): number {
    const start = this.#at;
    if (count > this.#end - start) assert.fail('frame: truncated');
    this.#at = start + count;
    return start;
  }

  #float64(): number {
    scratch.setUint32(0, this.#u32());
    scratch.setUint32(4, this.#u32());
    const value = scratch.getFloat64(0);
    if (!isSafeInteger(value)) assert.fail('frame: a number that is not a safe integer');
    return value;
  }

  #u32(): number {
    return this.#u16() * 0x1_0000 + this.#u16();
  }

  #u16(): number {
    return (this.byte() << 8) | this.byte();
  }
}
