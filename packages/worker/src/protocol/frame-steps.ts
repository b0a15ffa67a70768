/**
 * Packs frames that may be long in steps: what a worker is handed may be every row of a block.
 *
 * Invariant: the bytes are those of the store's `packFrame`.
 */
import type { FrameValue } from '@heirloom/store/frame';
import { FrameWriter } from '@heirloom/store/frame-writer';
import type { Steps } from '@heirloom/store/steps';

/** What has been written is put aside when it is as long, and copied by so much at a time. */
const PART_BYTES = 512 * 1024;
/** Longer bytes are not copied before the frame is put together; their length takes four bytes. */
const COPIED_BYTES_MAX = 0xffff;
/** Longer arrays are written element by element. */
const SHORT_ARRAY_MAX = 16;
/** Elements between two yields. */
const ELEMENTS_PER_STEP = 256;

class FrameParts {
  readonly #writer = new FrameWriter();
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #elements = 0;

  *value(value: FrameValue, depth: number): Steps<void> {
    if (value instanceof Uint8Array && value.length > COPIED_BYTES_MAX) {
      this.#putAside();
      this.#add(longBytesHeader(value.length));
      this.#add(value);
      yield;
    } else if (Array.isArray(value) && !isSmall(value)) {
      this.#writer.arrayHeader(value.length);
      for (const element of value) {
        if (isSmall(element)) this.#writer.value(element, depth + 1);
        else yield* this.value(element, depth + 1);
        this.#elements += 1;
        if (this.#writer.length >= PART_BYTES) this.#putAside();
        if (this.#elements % ELEMENTS_PER_STEP === 0) yield;
      }
    } else {
      this.#writer.value(value, depth);
    }
  }

  *joined(): Steps<Uint8Array> {
    this.#putAside();
    const frame = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      for (let from = 0; from < part.length; from += PART_BYTES) {
        const slice = part.subarray(from, from + PART_BYTES);
        frame.set(slice, at);
        at += slice.length;
        yield;
      }
    }
    return frame;
  }

  #putAside(): void {
    if (this.#writer.length > 0) this.#add(this.#writer.take());
  }

  #add(part: Uint8Array): void {
    this.#parts.push(part);
    this.#bytes += part.length;
  }
}

function longBytesHeader(length: number): Uint8Array {
  const header = new Uint8Array(5);
  header[0] = 0xc6;
  new DataView(header.buffer).setUint32(1, length);
  return header;
}

/** Is it written at once? */
function isSmall(value: FrameValue): boolean {
  if (value instanceof Uint8Array) return value.length <= COPIED_BYTES_MAX;
  if (!Array.isArray(value)) return true;
  return value.length <= SHORT_ARRAY_MAX && value.every(isSmallLeaf);
}

const isSmallLeaf = (value: FrameValue): boolean =>
  value instanceof Uint8Array ? value.length <= COPIED_BYTES_MAX : !Array.isArray(value);

/** Errors: AssertionError for a value that a frame cannot hold. */
export function* packingTuple(tuple: readonly FrameValue[]): Steps<Uint8Array> {
  const parts = new FrameParts();
  yield* parts.value(tuple, 0);
  return yield* parts.joined();
}
