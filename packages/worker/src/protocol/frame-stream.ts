/**
 * Frames on a byte stream, as a vat worker in a child process exchanges them with the kernel: each
 * behind its length as u32 big-endian.
 *
 * Invariants: a splitter gives whole frames only, in order, whatever the chunks; a length past the
 * limit is refused before a byte of the frame is kept.
 */
import assert from 'node:assert/strict';

const HEAD_BYTES = 4;
/** No frame to a worker is longer: a hand-over of every row of a big block included. */
export const FRAME_BYTES_MAX = 2 ** 30;

/** What stands before a frame of `length` bytes. */
export const frameHead = (length: number): Uint8Array => {
  assert(length <= FRAME_BYTES_MAX, `a frame of ${length} bytes`);
  const head = new Uint8Array(HEAD_BYTES);
  new DataView(head.buffer).setUint32(0, length);
  return head;
};

/** A frame up to this gets its room at once, a longer one as its bytes come. */
const ROOM_BYTES_AT_ONCE = 256 * 1024;

/**
 * Puts frames together from the chunks of a stream. What is there of a long frame takes at most
 * three times its bytes of memory, and each is copied a few times, however small the chunks are.
 */
export class FrameSplitter {
  readonly #bytesMax: number;
  /** With the beginning of a frame, its head included. */
  #room = new Uint8Array(0);
  #kept = 0;

  constructor(bytesMax = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** The frames that `chunk` completes: views of it where they lie within. Throws on a long one. */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let rest = chunk;
    if (this.#kept > 0) {
      rest = this.#keep(rest, HEAD_BYTES);
      if (this.#kept < HEAD_BYTES) return frames;
      const end = HEAD_BYTES + this.#lengthIn(this.#room);
      rest = this.#keep(rest, end);
      if (this.#kept < end) return frames;
      frames.push(this.#room.subarray(HEAD_BYTES, end));
      this.#room = new Uint8Array(0);
      this.#kept = 0;
    }
    while (rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#lengthIn(rest);
      if (rest.length < end) break;
      frames.push(rest.subarray(HEAD_BYTES, end));
      rest = rest.subarray(end);
    }
    this.#keep(rest, rest.length);
    return frames;
  }

  /** Keeps of `bytes` what is missing up to `end`, and gives the others. */
  #keep(bytes: Uint8Array, end: number): Uint8Array {
    const count = Math.min(bytes.length, Math.max(0, end - this.#kept));
    const needed = this.#kept + count;
    if (needed > this.#room.length) {
      const wanted = Math.min(end, Math.max(this.#kept * 2, ROOM_BYTES_AT_ONCE));
      const room = new Uint8Array(Math.max(needed, wanted));
      room.set(this.#room.subarray(0, this.#kept));
      this.#room = room;
    }
    this.#room.set(bytes.subarray(0, count), this.#kept);
    this.#kept = needed;
    return bytes.subarray(count);
  }

  #lengthIn(bytes: Uint8Array): number {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (length > this.#bytesMax) throw new RangeError(`a frame of ${length} bytes`);
    return length;
  }
}
