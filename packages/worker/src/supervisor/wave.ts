/**
 * A vat's part of one wave: deliveries in, packed cranks out, in chunks so that the kernel merges
 * while the vat runs on.
 *
 * Invariants: cranks leave in order; after a fault no further delivery of the wave is run.
 */
import type { Engine } from './engine.js';
import { nowUs } from './host-powers.js';
import type { CrankJob } from './turns.js';

/** A chunk is posted when it has so many cranks, or so many bytes. */
export const CHUNK_CRANKS_MAX = 64;
export const CHUNK_BYTES_MAX = 256 * 1024;

export interface Chunk {
  readonly firstPosition: number;
  readonly cranks: readonly Uint8Array[];
  readonly timesUs: readonly number[];
}

export interface WaveOptions {
  readonly engine: Engine;
  readonly deliveries: readonly Uint8Array[];
  readonly firstPosition: number;
  /** The block that will commit what the wave writes. */
  readonly height: number;
  post(chunk: Chunk): void;
  /** The vat is between waves again. Called before the last chunk is posted. */
  finish(): void;
}

export class Wave implements CrankJob {
  readonly #options: WaveOptions;
  #next = 0;
  #startedUs = 0;
  #isFaulted = false;
  #chunkPosition: number;
  #cranks: Uint8Array[] = [];
  #timesUs: number[] = [];
  #bytes = 0;

  constructor(options: WaveOptions) {
    this.#options = options;
    this.#chunkPosition = options.firstPosition;
  }

  get remaining(): number {
    return this.#isFaulted ? 0 : this.#options.deliveries.length - this.#next + 1;
  }

  begin(): boolean {
    const delivery = this.#isFaulted ? undefined : this.#options.deliveries[this.#next];
    if (delivery === undefined) return false;
    this.#next += 1;
    this.#startedUs = nowUs();
    this.#options.engine.begin(delivery);
    return true;
  }

  proceed(): boolean {
    return this.#options.engine.proceed();
  }

  end(): void {
    const { packed, tuple } = this.#options.engine.end(this.#options.height);
    this.#isFaulted = tuple[0] !== null;
    this.#cranks.push(packed);
    this.#timesUs.push(nowUs() - this.#startedUs);
    this.#bytes += packed.length;
    const isFull = this.#cranks.length >= CHUNK_CRANKS_MAX || this.#bytes >= CHUNK_BYTES_MAX;
    const isLast = this.#isFaulted || this.#next === this.#options.deliveries.length;
    if (isFull && !isLast) this.#flush();
  }

  done(): void {
    this.#options.finish();
    if (this.#cranks.length > 0) this.#flush();
  }

  #flush(): void {
    const chunk = {
      firstPosition: this.#chunkPosition,
      cranks: this.#cranks,
      timesUs: this.#timesUs,
    };
    this.#chunkPosition += this.#cranks.length;
    this.#cranks = [];
    this.#timesUs = [];
    this.#bytes = 0;
    this.#options.post(chunk);
  }
}
