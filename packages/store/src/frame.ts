/**
 * Frames: the msgpack tuples of the kernel's own rows and messages (rules.md#t5).
 *
 * A frame is an array of safe integers, booleans, null, byte arrays, ASCII strings and such arrays.
 * Data of vat code never enters one except as opaque canonical bytes.
 *
 * Invariants: the same tuple always packs to the same bytes; what `packFrame` takes, `unpackFrame`
 * gives back, but for -0, which is 0. Integers past 32 bits travel as float64, which is exact for
 * safe integers. Both directions refuse every other kind of value.
 */
import assert from 'node:assert/strict';
import { Packr } from 'msgpackr';

export type FrameValue =
  | number | boolean | null | string | Uint8Array | readonly FrameValue[];

/** Frames are shallow; deeper ones come from no code of ours. */
export const FRAME_DEPTH_MAX = 16;

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/**
 * Tuples that may take more are packed into a buffer of their own. A packer makes its buffer up to
 * four times as large as what has no room, and keeps it: 40 MB for 10, while the process lives.
 */
const SHARED_BYTES_MAX = 64 * 1024;
/** What a packer writes before it looks whether there is room, and keeps free at the end. */
const PACKER_SLACK_BYTES = 4_096;
/** The header of any value, or all of a number. */
const HEADER_BYTES_MAX = 9;
const sharedBuffer = Buffer.allocUnsafeSlow(2 * SHARED_BYTES_MAX);
packr.useBuffer(sharedBuffer);

const NOT_ASCII = /[^\x00-\x7f]/;

/**
 * Gives how many bytes a value takes at most. Errors: AssertionError for what a frame cannot hold.
 * `assert` costs a call per value even where it holds: this is the hottest check there is.
 */
const boundOf = (value: unknown, depth: number): number => {
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value)) assert.fail('frame: a number that is not a safe integer');
      return HEADER_BYTES_MAX;
    case 'boolean':
      return HEADER_BYTES_MAX;
    case 'string':
      if (NOT_ASCII.test(value)) assert.fail('frame: a string that is not ASCII');
      return HEADER_BYTES_MAX + value.length;
    case 'object': {
      if (value === null) return HEADER_BYTES_MAX;
      if (value instanceof Uint8Array) return HEADER_BYTES_MAX + value.length;
      if (!Array.isArray(value)) assert.fail('frame: an object that is neither array nor bytes');
      if (depth >= FRAME_DEPTH_MAX) assert.fail('frame: nested too deeply');
      let bytes = HEADER_BYTES_MAX;
      for (let i = 0; i < value.length; i += 1) bytes += boundOf(value[i], depth + 1);
      return bytes;
    }
    case 'bigint':
    case 'function':
    case 'symbol':
    case 'undefined':
      assert.fail(`frame: a value of type ${typeof value}`);
  }
};

function assertTuple(value: unknown): asserts value is readonly FrameValue[] {
  boundOf(value, 0);
}

/** Is what is left of a buffer of that size, behind so many bytes, not worth a copy? */
const isNearlyFull = (packed: number, size: number): boolean => size - packed <= packed / 8;

/**
 * Packs a tuple. Nothing else refers to the buffer of the result, which may have some bytes behind
 * it where the tuple is large.
 *
 * Errors: AssertionError for a value that a frame cannot hold.
 */
export function packFrame(tuple: readonly FrameValue[]): Uint8Array {
  assert(Array.isArray(tuple), 'frame: not a tuple');
  const bytesMax = boundOf(tuple, 0);
  if (bytesMax > SHARED_BYTES_MAX) return packLarge(tuple, bytesMax);
  packr.position = 0;
  const packed = packr.pack(tuple);
  const copy = new Uint8Array(packed.length);
  copy.set(packed);
  return copy;
}

const packLarge = (tuple: readonly FrameValue[], bytesMax: number): Uint8Array => {
  const buffer = Buffer.allocUnsafeSlow(bytesMax + PACKER_SLACK_BYTES);
  packr.useBuffer(buffer);
  const { length } = packr.pack(tuple);
  packr.useBuffer(sharedBuffer);
  const packed = new Uint8Array(buffer.buffer, 0, length);
  return isNearlyFull(length, buffer.length) ? packed : new Uint8Array(packed);
};

/**
 * Unpacks a tuple. Byte arrays in it are *views* of `bytes`, never copies: they are plain
 * `Uint8Array`s, change when `bytes` does, and keep it alive.
 *
 * Errors: throws when the bytes are not one whole frame. Shape and ranges are the caller's to
 * check. A longer spelling of the same tuple is taken: compare with `packFrame` where it matters.
 */
export function unpackFrame(bytes: Uint8Array): readonly FrameValue[] {
  // A view of our own: msgpackr hangs a property on what it reads, and gives Buffers for a Buffer.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tuple: unknown = packr.unpack(view);
  assert(Array.isArray(tuple), 'frame: not a tuple');
  assertTuple(tuple);
  return tuple;
}
