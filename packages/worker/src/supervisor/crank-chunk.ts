/**
 * The frame of one chunk of cranks, written crank by crank: no crank has a buffer of its own, which
 * V8 would have to allocate outside its heap and collect.
 */
import { FrameWriter } from '@heirloom/store/frame-writer';
import { check } from '../check.js';
import { FromWorker } from '../protocol/opcodes.js';
import { writeCrank, type FinishedCrank } from './crank-frame.js';

const FIELDS_COUNT = 4;

export class CrankChunk {
  readonly #writer = new FrameWriter();
  #cranksStart = 0;
  #timesUs: number[] = [];

  get count(): number {
    return this.#timesUs.length;
  }

  get bytes(): number {
    return this.#writer.length;
  }

  begin(firstPosition: number): void {
    check(this.count === 0, 'a chunk is not empty');
    const writer = this.#writer;
    writer.clear();
    writer.arrayHeader(FIELDS_COUNT);
    writer.integer(FromWorker.cranks);
    writer.integer(firstPosition);
    this.#cranksStart = writer.beginArray();
  }

  /** Gives the bytes of the packed crank. */
  add(crank: FinishedCrank, timeUs: number): number {
    const writer = this.#writer;
    const start = writer.beginBytes();
    const before = writer.length;
    writeCrank(writer, crank);
    const bytes = writer.length - before;
    writer.endBytes(start);
    this.#timesUs.push(timeUs);
    return bytes;
  }

  /** The whole frame, in a buffer of its own. The chunk is empty again. */
  take(): Uint8Array {
    const writer = this.#writer;
    writer.endArray(this.#cranksStart, this.count);
    writer.value(this.#timesUs);
    this.#timesUs = [];
    return writer.take();
  }
}
