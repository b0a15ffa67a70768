/**
 * A vat's part of one wave: deliveries in, packed cranks out, in chunks so that the kernel merges
 * while the vat runs on.
 *
 * Invariants: cranks leave in order; behind a crank with which the vat ends, by a fault or an exit,
 * no further delivery of the wave is run (protocol/outcomes.ts tells the kernel), and what is held
 * back is not run either (protocol/parts.ts).
 */
import { Syscall } from '../protocol/opcodes.js';
import { crankWeight, isHeldBack } from '../protocol/parts.js';
import { positionAfter, type Position } from '../protocol/vat-numbers.js';
import type { CrankChunk } from './crank-chunk.js';
import type { FinishedCrank } from './crank-frame.js';
import type { Engine } from './engine.js';
import { nowUs } from './host-powers.js';
import type { CrankJob } from './turns.js';

/**
 * A chunk is posted when it has so many cranks, or so many bytes. The first is small, and so are
 * the last: the kernel begins to merge early, and has little to merge when the vat has ended.
 */
const CHUNK_CRANKS_MAX = 64;
const CHUNK_CRANKS_MIN = 8;
const CHUNK_BYTES_MAX = 256 * 1024;
/** ... or when its first crank is so old: silence means a crank that runs on (rules.md#w5). */
const CHUNK_AGE_US_MAX = 50_000;

interface WaveOptions {
  readonly engine: Engine;
  readonly deliveries: readonly Uint8Array[];
  readonly firstPosition: Position;
  /** The block that will commit what the wave writes. */
  readonly height: number;
  /** Empty; lent for the length of the wave. */
  readonly chunk: CrankChunk;
  /** Every crank is a chunk of its own. */
  readonly isCareful: boolean;
  /** A crank has ended: before it is posted. */
  ended(crank: FinishedCrank): void;
  /** Posts a frame of cranks. */
  post(frame: Uint8Array): void;
  /** The vat is between waves again. Called before the last chunk is posted. */
  finish(): void;
}

/** Whatever the kernel makes of the crank, its vat ends. */
const endsVat = ({ outcome, syscalls }: FinishedCrank): boolean => {
  if (outcome !== null) return true;
  for (const [op] of syscalls) if (op === Syscall.exit) return true;
  return false;
};

export class Wave implements CrankJob {
  readonly #options: WaveOptions;
  #next = 0;
  #startedUs = 0;
  #chunkUs = 0;
  #isOver = false;
  /** Of the cranks of this wave. */
  #weight = 0;

  constructor(options: WaveOptions) {
    this.#options = options;
  }

  /** Of the crank in progress, or of the last. */
  get position(): Position {
    return positionAfter(this.#options.firstPosition, Math.max(0, this.#next - 1));
  }

  get remaining(): number {
    return this.#isOver ? 0 : this.#options.deliveries.length - this.#next + 1;
  }

  begin(): boolean {
    const { deliveries, engine, chunk, firstPosition } = this.#options;
    const delivery = this.#isOver ? undefined : deliveries[this.#next];
    if (delivery === undefined) return false;
    this.#startedUs = nowUs();
    if (chunk.count === 0) {
      chunk.begin(firstPosition + this.#next);
      this.#chunkUs = this.#startedUs;
    }
    this.#next += 1;
    engine.begin(delivery);
    return true;
  }

  proceed(): boolean {
    return this.#options.engine.proceed();
  }

  end(): void {
    const { engine, height, chunk, deliveries } = this.#options;
    const crank = engine.end(height);
    this.#options.ended(crank);
    this.#isOver = endsVat(crank);
    const endedUs = nowUs();
    const bytes = chunk.add(crank, endedUs - this.#startedUs);
    this.#weight += crankWeight(bytes, crank.syscalls.length);
    const next = deliveries[this.#next];
    if (next === undefined || isHeldBack(this.#weight, next)) this.#isOver = true;
    const isLast = this.#isOver;
    if (!isLast && this.#isDue(endedUs)) this.#flush();
  }

  /** Where chunks end changes no outcome: time may decide it. */
  #isDue(atUs: number): boolean {
    const { chunk, deliveries, isCareful } = this.#options;
    const isFirst = chunk.count === this.#next;
    const half = isFirst ? 0 : (deliveries.length - this.#next) / 2;
    const most = Math.max(CHUNK_CRANKS_MIN, Math.min(CHUNK_CRANKS_MAX, half));
    const isFull = chunk.count >= most || chunk.bytes >= CHUNK_BYTES_MAX;
    return isFull || isCareful || atUs - this.#chunkUs >= CHUNK_AGE_US_MAX;
  }

  done(): void {
    this.#options.finish();
    if (this.#options.chunk.count > 0) this.#flush();
  }

  #flush(): void {
    this.#options.post(this.#options.chunk.take());
  }
}
