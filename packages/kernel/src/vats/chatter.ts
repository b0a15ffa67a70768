/**
 * What a worker says for the host alone: console lines, and where errors were thrown.
 *
 * Invariants: it proves nothing and decides nothing. What is told has a size and a rate; what is
 * left out is counted, and told in one line. Nothing here keeps a frame. A worker that says more
 * than any of ours can between two answers floods the kernel, and is to be ended.
 */
import { textOf } from '@heirloom/store';
import {
  cutLine,
  cutMark,
  leftOutText,
  LINE_BYTES_MAX,
  TRACED_BYTES_MAX,
  type VatId,
} from '@heirloom/worker';
import type { VatLine, VatLog, VatTrace } from './vat-worker.js';

/** Lines that one worker's vat gets told in a second, and their bytes. */
const LINES_PER_SECOND_MAX = 5_000;
const LINE_BYTES_PER_SECOND_MAX = 2 ** 22;
/** Traces of one worker that are read in a second: no image tells more than a few hundred. */
const TRACES_PER_SECOND_MAX = 1_000;
/**
 * Frames that answer nothing, and their bytes, between two answers. No image says so much: they
 * stop at 1,000 lines between two chunks of cranks, or at fewer in a second.
 */
const CHATTER_FRAMES_MAX = 100_000;
const CHATTER_BYTES_MAX = 2 ** 28;

const SECOND_MS = 1_000;

/** The text of a line or a trace, cut. */
const told = (bytes: Uint8Array): string => {
  const { told: kept, bytesLeftOut } = cutLine(bytes);
  const text = textOf(kept);
  return bytesLeftOut === 0 ? text : text + cutMark(bytesLeftOut);
};

interface ChatterOptions {
  readonly log: VatLog;
  readonly nowMs: () => number;
}

export class Chatter {
  readonly #options: ChatterOptions;
  /** Since the last answer. */
  #frames = 0;
  #bytes = 0;
  /** Of the second that began then. */
  #beganMs = -Infinity;
  #lines = 0;
  #lineBytes = 0;
  #traces = 0;
  /** Since it was last said. */
  #leftOut = 0;

  constructor(options: ChatterOptions) {
    this.#options = options;
  }

  /** The worker has said something. Returns why it is to be ended, if none of ours says so much. */
  heard(bytes: number): string | undefined {
    this.#frames += 1;
    this.#bytes += bytes;
    if (this.#frames <= CHATTER_FRAMES_MAX && this.#bytes <= CHATTER_BYTES_MAX) return undefined;
    return `${this.#frames} frames of ${this.#bytes} bytes that answer nothing`;
  }

  /** The worker has answered something. */
  answered(): void {
    this.#frames = 0;
    this.#bytes = 0;
  }

  line(text: Uint8Array, line: Omit<VatLine, 'text'>, places: (text: string) => string): void {
    if (!this.#takes(Math.min(text.length, LINE_BYTES_MAX))) return;
    this.sayLeftOut(line.vatId);
    this.#options.log.line({ ...line, text: places(told(text)) });
  }

  /** `body` is kept for long, so it gets bytes of its own. What is too much is passed over. */
  trace(
    text: Uint8Array,
    { body, ...trace }: Omit<VatTrace, 'text'>,
    places: (text: string) => string,
  ): void {
    if (body.length > TRACED_BYTES_MAX) return;
    this.#passSeconds();
    this.#traces += 1;
    if (this.#traces > TRACES_PER_SECOND_MAX) return;
    const copy = new Uint8Array(body);
    this.#options.log.trace({ ...trace, body: copy, text: places(told(text)) });
  }

  /** Says how many lines were left out, if any were. */
  sayLeftOut(vatId: VatId | undefined): void {
    if (this.#leftOut === 0) return;
    const text = leftOutText(this.#leftOut, vatId);
    this.#leftOut = 0;
    this.#options.log.line({ vatId, level: 'warn', text });
  }

  #passSeconds(): void {
    const atMs = this.#options.nowMs();
    if (atMs - this.#beganMs < SECOND_MS) return;
    this.#beganMs = atMs;
    this.#lines = 0;
    this.#lineBytes = 0;
    this.#traces = 0;
  }

  #takes(bytes: number): boolean {
    this.#passSeconds();
    this.#lines += 1;
    this.#lineBytes += bytes;
    const isLeft =
      this.#lines <= LINES_PER_SECOND_MAX && this.#lineBytes <= LINE_BYTES_PER_SECOND_MAX;
    if (!isLeft) this.#leftOut += 1;
    return isLeft;
  }
}
