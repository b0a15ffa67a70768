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
import { FrameCursor } from './frame-cursor.js';
import { FRAME_DEPTH_MAX } from './frame-writer.js';

class FrameReader extends FrameCursor {
  whole(): readonly FrameValue[] {
    const count = this.arrayCount(this.byte());
    if (count < 0) assert.fail('frame: not a tuple');
    const tuple = this.#elements(count, 0);
    this.end();
    return tuple;
  }

  #value(depth: number): FrameValue {
    const tag = this.byte();
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag >= 0xa0 && tag < 0xc0) return this.string(tag - 0xa0);
    const count = this.arrayCount(tag);
    if (count >= 0) return this.#elements(count, depth);
    if (tag === 0xc0) return null;
    if (tag === 0xc2 || tag === 0xc3) return tag === 0xc3;
    const bytes = this.bytesLength(tag);
    if (bytes >= 0) return this.view(bytes);
    const text = this.textLength(tag);
    return text >= 0 ? this.string(text) : this.integerOf(tag);
  }

  #elements(count: number, depth: number): FrameValue[] {
    if (depth >= FRAME_DEPTH_MAX) assert.fail('frame: nested too deeply');
    // `push` grows with what is really there, whatever the header says.
    const elements: FrameValue[] = [];
    for (let i = 0; i < count; i += 1) elements.push(this.#value(depth + 1));
    return elements;
  }
}

/** As the store's `unpackFrame`. */
export const unpackTuple = (bytes: Uint8Array): readonly FrameValue[] =>
  new FrameReader(bytes).whole();
