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
import { Unpackr } from 'msgpackr';
import { FRAME_DEPTH_MAX, type FrameValue } from './frame-writer.js';

export { FRAME_DEPTH_MAX, packFrame, type FrameValue } from './frame-writer.js';

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

const NOT_ASCII = /[^\x00-\x7f]/;

/** `assert` costs a call per value even where it holds: this is the hottest check there is. */
function assertValue(value: unknown, depth: number): asserts value is FrameValue {
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value)) assert.fail('frame: a number that is not a safe integer');
      return;
    case 'boolean':
      return;
    case 'string':
      if (NOT_ASCII.test(value)) assert.fail('frame: a string that is not ASCII');
      return;
    case 'object': {
      if (value === null || value instanceof Uint8Array) return;
      if (!Array.isArray(value)) assert.fail('frame: an object that is neither array nor bytes');
      if (depth >= FRAME_DEPTH_MAX) assert.fail('frame: nested too deeply');
      for (let i = 0; i < value.length; i += 1) assertValue(value[i], depth + 1);
      return;
    }
    case 'bigint':
    case 'function':
    case 'symbol':
    case 'undefined':
      assert.fail(`frame: a value of type ${typeof value}`);
  }
}

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
  const tuple: unknown = unpackr.unpack(view);
  assert(Array.isArray(tuple), 'frame: not a tuple');
  assertValue(tuple, 0);
  return tuple;
}
