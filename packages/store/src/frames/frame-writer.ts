/**
 * Writes frames into one reusable, growing buffer: the hot path of the kernel and of its workers.
 *
 * Invariants: the same tuple always packs to the same bytes, those that a msgpack packer gives.
 * Only the lengths that `beginBytes` and `beginArray` leave open are longer than need be: readers
 * take them, nothing hashes them.
 *
 * Theory of operation. In a realm that ses has locked down V8 stores elements of arrays and typed
 * arrays on its slow path, so bytes go through a DataView. Most frames have under a hundred bytes:
 * a general packer spends more on its call than on the bytes.
 */
import assert from 'node:assert/strict';
import { makeBytes, partOf } from '../codec/native-bytes.js';
import { required } from '../types.js';

export type FrameValue =
  | number | boolean | null | string | Uint8Array | readonly FrameValue[];

const { isSafeInteger } = Number;
const { isArray } = Array;

/** Frames are shallow; deeper ones come from no code of ours. */
export const FRAME_DEPTH_MAX = 16;

const CAPACITY_INITIAL = 64 * 1024;
/** A buffer that grew past this is given back. */
const CAPACITY_RETAINED_MAX = 4 * 1024 * 1024;
/** Free bytes that any leaf without contents, or any header, needs at most. */
const LEAF_BYTES_MAX = 9;
/** Up to here bytes are copied one by one. */
const COPIED_ONE_BY_ONE_MAX = 48;

export class FrameWriter {
  #capacity = 0;
  #bytes!: Uint8Array;
  #view!: DataView;
  #at = 0;

  constructor() {
    this.#allocate(CAPACITY_INITIAL);
  }

  /** The bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /**
   * What was written, in a buffer that nothing else refers to. The writer begins anew. A large
   * buffer, which would be given back, is what is taken if little of it is left over.
   */
  take(): Uint8Array {
    const length = this.#at;
    const written = partOf(this.#bytes, 0, length);
    if (this.#capacity > CAPACITY_RETAINED_MAX && this.#capacity - length <= length / 8) {
      this.clear();
      return written;
    }
    const taken = makeBytes(length);
    taken.set(written);
    this.clear();
    return taken;
  }

  /** Makes room for so many bytes more: a buffer that grows step by step is copied at each. */
  reserve(bytes: number): void {
    this.#reserve(bytes);
  }

  clear(): void {
    this.#at = 0;
    if (this.#capacity > CAPACITY_RETAINED_MAX) this.#allocate(CAPACITY_INITIAL);
  }

  /** Errors: AssertionError for what no frame holds, `undefined` among it. */
  value(value: FrameValue | undefined, depth = 0): void {
    if (typeof value === 'number') return this.integer(value);
    if (typeof value === 'string') return this.#string(value);
    if (typeof value === 'boolean') return this.#u8(value ? 0xc3 : 0xc2);
    if (value === null) return this.#u8(0xc0);
    if (value instanceof Uint8Array) return this.bytes(value);
    if (!isArray(value)) assert.fail(`frame: neither array nor bytes but ${typeof value}`);
    return this.#array(value, depth);
  }

  integer(value: number): void {
    this.#reserve(LEAF_BYTES_MAX);
    const view = this.#view;
    const at = this.#at;
    if (value >>> 0 === value) {
      if (value < 0x80) return this.#wrote(view.setUint8(at, value), 1);
      if (value < 0x100) return this.#wrote(view.setUint16(at, 0xcc00 | value), 2);
      view.setUint8(at, value < 0x1_0000 ? 0xcd : 0xce);
      if (value < 0x1_0000) return this.#wrote(view.setUint16(at + 1, value), 3);
      return this.#wrote(view.setUint32(at + 1, value), 5);
    }
    if (value >> 0 === value) {
      if (value >= -0x20) return this.#wrote(view.setInt8(at, value), 1);
      view.setUint8(at, value >= -0x80 ? 0xd0 : value >= -0x8000 ? 0xd1 : 0xd2);
      if (value >= -0x80) return this.#wrote(view.setInt8(at + 1, value), 2);
      if (value >= -0x8000) return this.#wrote(view.setInt16(at + 1, value), 3);
      return this.#wrote(view.setInt32(at + 1, value), 5);
    }
    if (!isSafeInteger(value)) assert.fail('frame: a number that is not a safe integer');
    view.setUint8(at, 0xcb);
    return this.#wrote(view.setFloat64(at + 1, value), 9);
  }

  bytes(value: Uint8Array): void {
    const { length } = value;
    this.#reserve(LEAF_BYTES_MAX + length);
    this.#length(length, 0xc4);
    const at = this.#at;
    if (length <= COPIED_ONE_BY_ONE_MAX) {
      const view = this.#view;
      for (let i = 0; i < length; i += 1) view.setUint8(at + i, required(value[i], 'a byte'));
    } else {
      this.#bytes.set(value, at);
    }
    this.#at = at + length;
  }

  /** A key, one byte for each unit, as the bytes that it stands for. */
  binaryKey(key: string): void {
    const { length } = key;
    this.#reserve(LEAF_BYTES_MAX + length);
    this.#length(length, 0xc4);
    const view = this.#view;
    const at = this.#at;
    for (let i = 0; i < length; i += 1) {
      const unit = key.charCodeAt(i);
      if (unit > 0xff) assert.fail('frame: a key that is not binary');
      view.setUint8(at + i, unit);
    }
    this.#at = at + length;
  }

  arrayHeader(count: number): void {
    this.#reserve(LEAF_BYTES_MAX);
    if (count < 0x10) return this.#u8(0x90 | count);
    const view = this.#view;
    const at = this.#at;
    view.setUint8(at, count < 0x1_0000 ? 0xdc : 0xdd);
    if (count < 0x1_0000) return this.#wrote(view.setUint16(at + 1, count), 3);
    return this.#wrote(view.setUint32(at + 1, count), 5);
  }

  /** Begins bytes that the next calls write; `endBytes` takes what this gives. */
  beginBytes(): number {
    return this.#beginOpen(0xc6);
  }

  endBytes(start: number): void {
    this.#view.setUint32(start - 4, this.#at - start);
  }

  /** Begins an array that the next calls write; `endArray` takes what this gives. */
  beginArray(): number {
    return this.#beginOpen(0xdd);
  }

  endArray(start: number, count: number): void {
    this.#view.setUint32(start - 4, count);
  }

  #beginOpen(tag: number): number {
    this.#reserve(LEAF_BYTES_MAX);
    this.#u8(tag);
    this.#at += 4;
    return this.#at;
  }

  #array(values: readonly FrameValue[], depth: number): void {
    if (depth >= FRAME_DEPTH_MAX) assert.fail('frame: nested too deeply');
    const { length } = values;
    this.arrayHeader(length);
    for (let i = 0; i < length; i += 1) this.value(values[i], depth + 1);
  }

  #string(text: string): void {
    const { length } = text;
    this.#reserve(LEAF_BYTES_MAX + length);
    if (length < 0x20) this.#u8(0xa0 | length);
    else this.#length(length, 0xd9);
    const view = this.#view;
    const at = this.#at;
    for (let i = 0; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) assert.fail('frame: a string that is not ASCII');
      view.setUint8(at + i, unit);
    }
    this.#at = at + length;
  }

  /** A length of one, two or four bytes behind `tag8`, `tag8 + 1` or `tag8 + 2`. */
  #length(length: number, tag8: number): void {
    const view = this.#view;
    const at = this.#at;
    if (length < 0x100) return this.#wrote(view.setUint16(at, (tag8 << 8) | length), 2);
    view.setUint8(at, length < 0x1_0000 ? tag8 + 1 : tag8 + 2);
    if (length < 0x1_0000) return this.#wrote(view.setUint16(at + 1, length), 3);
    return this.#wrote(view.setUint32(at + 1, length), 5);
  }

  #u8(value: number): void {
    this.#reserve(1);
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  #wrote(_written: void, count: number): void {
    this.#at += count;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#capacity) return;
    const old = this.#bytes;
    this.#allocate(Math.max(needed, this.#capacity * 2));
    this.#bytes.set(old.subarray(0, this.#at));
  }

  #allocate(capacity: number): void {
    const buffer = new ArrayBuffer(capacity);
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#capacity = capacity;
  }
}

const writer = new FrameWriter();

/**
 * Packs a tuple. Nothing else refers to the buffer of the result, which may have some bytes behind
 * it where the tuple is large.
 *
 * Errors: AssertionError for a value that a frame cannot hold.
 */
export const packFrame = (tuple: readonly FrameValue[]): Uint8Array => {
  assert(isArray(tuple), 'frame: not a tuple');
  // What a tuple that was refused has left behind.
  writer.clear();
  writer.value(tuple);
  return writer.take();
};
