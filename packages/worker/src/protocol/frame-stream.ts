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

/** Puts frames together from the chunks of a stream. */
export class FrameSplitter {
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  /** Of the frame that has begun, its head included; 0 while its head is not there. */
  #needed = 0;

  constructor(bytesMax = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** The frames that `chunk` completes: views of it where they lie within. Throws on a long one. */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let rest: Uint8Array | undefined = chunk;
    while (rest !== undefined) rest = this.#take(rest, frames);
    return frames;
  }

  /** Adds bytes of one frame; gives what is left for the next, if anything is. */
  #take(bytes: Uint8Array, frames: Uint8Array[]): Uint8Array | undefined {
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
    if (this.#needed === 0) {
      if (this.#partBytes < HEAD_BYTES) return undefined;
      this.#needed = HEAD_BYTES + this.#readLength();
    }
    if (this.#partBytes < this.#needed) return undefined;
    const whole = this.#joined();
    const end = this.#needed;
    frames.push(whole.subarray(HEAD_BYTES, end));
    this.#parts = [];
    this.#partBytes = 0;
    this.#needed = 0;
    return end < whole.length ? whole.subarray(end) : undefined;
  }

  #readLength(): number {
    const whole = this.#joined();
    this.#parts = [whole];
    const length = new DataView(whole.buffer, whole.byteOffset).getUint32(0);
    if (length > this.#bytesMax) throw new RangeError(`a frame of ${length} bytes`);
    return length;
  }

  #joined(): Uint8Array {
    const [only] = this.#parts;
    return only !== undefined && this.#parts.length === 1 ? only : Buffer.concat(this.#parts);
  }
}
