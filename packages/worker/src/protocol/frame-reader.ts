/**
 * Reads frames (`@heirloom/store/frame`): the worker's hot path.
 *
 * Invariants: `unpackTuple` gives what the store's `unpackFrame` gives for every frame that
 * `packFrame` or `FrameWriter` writes, and throws for what is not one whole frame. Byte arrays are
 * views of what is read.
 */
import assert from 'node:assert/strict';
import type { FrameValue } from '@heirloom/store/frame';
import { FRAME_DEPTH_MAX } from './frame-writer.js';

const { isSafeInteger } = Number;
const { apply } = Reflect;
/** Of Buffer; `@types/node` has none. */
const latin1Slice: unknown = Reflect.get(Buffer.prototype, 'latin1Slice');
assert(typeof latin1Slice === 'function', 'Buffer has no latin1Slice');
const latin1Of = (bytes: Uint8Array, start: number, end: number): string =>
  apply(latin1Slice, bytes, [start, end]);
/** Past the end, where nothing is read: `#take` has looked. */
const NO_BYTE = 0xc1;
const scratch = new DataView(new ArrayBuffer(8));

class FrameReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  whole(): readonly FrameValue[] {
    const tag = this.#byte();
    const count = this.#arrayCount(tag);
    if (count < 0) assert.fail('frame: not a tuple');
    const tuple = this.#elements(count, 0);
    if (this.#at !== this.#end) assert.fail('frame: bytes are left over');
    return tuple;
  }

  #value(depth: number): FrameValue {
    const tag = this.#byte();
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag >= 0xa0 && tag < 0xc0) return this.#string(tag - 0xa0);
    const count = this.#arrayCount(tag);
    if (count >= 0) return this.#elements(count, depth);
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#view(this.#byte());
      case 0xc5:
        return this.#view(this.#u16());
      case 0xc6:
        return this.#view(this.#u32());
      case 0xd9:
        return this.#string(this.#byte());
      case 0xda:
        return this.#string(this.#u16());
      case 0xdb:
        return this.#string(this.#u32());
      default:
        return this.#integer(tag);
    }
  }

  #integer(tag: number): number {
    switch (tag) {
      case 0xcc:
        return this.#byte();
      case 0xcd:
        return this.#u16();
      case 0xce:
        return this.#u32();
      case 0xcb:
        return this.#float64();
      case 0xd0:
        return (this.#byte() << 24) >> 24;
      case 0xd1:
        return (this.#u16() << 16) >> 16;
      case 0xd2:
        return this.#u32() | 0;
      default:
        return assert.fail(`frame: unknown lead byte ${tag}`);
    }
  }

  /** The count of the array that `tag` begins, else -1. */
  #arrayCount(tag: number): number {
    if (tag >= 0x90 && tag < 0xa0) return tag - 0x90;
    return tag === 0xdc ? this.#u16() : tag === 0xdd ? this.#u32() : -1;
  }

  #elements(count: number, depth: number): FrameValue[] {
    if (depth >= FRAME_DEPTH_MAX) assert.fail('frame: nested too deeply');
    // `push` grows with what is really there, whatever the header says.
    const elements: FrameValue[] = [];
    for (let i = 0; i < count; i += 1) elements.push(this.#value(depth + 1));
    return elements;
  }

  #string(length: number): string {
    const start = this.#take(length);
    const bytes = this.#bytes;
    for (let at = start; at < this.#at; at += 1) {
      if ((bytes[at] ?? NO_BYTE) > 0x7f) assert.fail('frame: a string that is not ASCII');
    }
    return latin1Of(bytes, start, this.#at);
  }

  #view(length: number): Uint8Array {
    const start = this.#take(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
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
    return (this.#byte() << 8) | this.#byte();
  }

  #byte(): number {
    const start = this.#take(1);
    return this.#bytes[start] ?? NO_BYTE;
  }

  /** Where the next `count` bytes begin. */
  #take(count: number): number {
    const start = this.#at;
    if (count > this.#end - start) assert.fail('frame: truncated');
    this.#at = start + count;
    return start;
  }
}

/** As the store's `unpackFrame`. */
export const unpackTuple = (bytes: Uint8Array): readonly FrameValue[] =>
  new FrameReader(bytes).whole();
