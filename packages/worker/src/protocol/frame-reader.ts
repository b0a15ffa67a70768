/**
 * Reads frames (`@heirloom/store/frame`) that this process or its kernel has written: the worker's
 * hot path. What a worker has posted is read by its shape (frame-cursor.ts), and never so.
 *
 * Invariants: `unpackTuple` gives what the store's `unpackFrame` gives for every frame that
 * `packFrame` or `FrameWriter` writes, and throws for what is not one whole frame. Byte arrays are
 * views of what is read.
 */
import assert from 'node:assert/strict';
import type { FrameValue } from '@heirloom/store/frame';
import { FRAME_DEPTH_MAX } from '@heirloom/store/frame-writer';
import { FrameCursor } from './frame-cursor.js';

const valueAt = (cursor: FrameCursor, depth: number): FrameValue => {
  const tag = cursor.byte();
  if (tag < 0x80) return tag;
  if (tag >= 0xe0) return tag - 0x100;
  if (tag >= 0xa0 && tag < 0xc0) return cursor.string(tag - 0xa0);
  const count = cursor.arrayCount(tag);
  if (count >= 0) return elementsAt(cursor, count, depth);
  if (tag === 0xc0) return null;
  if (tag === 0xc2 || tag === 0xc3) return tag === 0xc3;
  const bytes = cursor.bytesLength(tag);
  if (bytes >= 0) return cursor.view(bytes);
  const text = cursor.textLength(tag);
  return text >= 0 ? cursor.string(text) : cursor.integerOf(tag);
};

const elementsAt = (cursor: FrameCursor, count: number, depth: number): FrameValue[] => {
  if (depth >= FRAME_DEPTH_MAX) assert.fail('frame: nested too deeply');
  // `push` grows with what is really there, whatever the header says.
  const elements: FrameValue[] = [];
  for (let i = 0; i < count; i += 1) elements.push(valueAt(cursor, depth + 1));
  return elements;
};

/** As the store's `unpackFrame`. */
export const unpackTuple = (bytes: Uint8Array): readonly FrameValue[] => {
  const cursor = new FrameCursor(bytes);
  const count = cursor.arrayCount(cursor.byte());
  if (count < 0) assert.fail('frame: not a tuple');
  const tuple = elementsAt(cursor, count, 0);
  cursor.end();
  return tuple;
};
