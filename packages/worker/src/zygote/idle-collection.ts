/**
 * Has a vat's thread collect what a flood has left in it, once it has nothing to do.
 *
 * V8 collects when more is asked for, so a vat that has had much data and then rests would keep the
 * garbage of it for as long as it rests. Frames of the vat, in and out, are counted by their bytes:
 * who moves little pays for no collection, and who moves much pays little beside that. Nothing but
 * memory follows from it: what a vat sees is the same whenever V8 collects (rules.md#o1).
 */
import type { RestartedTimer, after } from './idle-host-powers.js';

const BYTES_LEAST = 32 * 2 ** 20;
const IDLE_MS = 1_000;

export class IdleCollection {
  readonly #collect: () => void;
  readonly #after: typeof after;
  #bytes = 0;
  #timer: RestartedTimer | undefined;

  constructor(collect: () => void, afterIdling: typeof after) {
    this.#collect = collect;
    this.#after = afterIdling;
  }

  /** A frame has come or gone; a worker that was taken over may post what is none. */
  passed(frame: unknown): void {
    if (ArrayBuffer.isView(frame)) this.#bytes += frame.byteLength;
    if (this.#timer !== undefined) this.#timer.refresh();
    else if (this.#bytes >= BYTES_LEAST) this.#timer = this.#after(IDLE_MS, () => this.#rest());
  }

  #rest(): void {
    this.#timer = undefined;
    this.#bytes = 0;
    this.#collect();
  }
}
