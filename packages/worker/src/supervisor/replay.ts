/**
 * Replays the transcript of the bound incarnation and compares every crank with what was recorded.
 *
 * Reads see the start of the incarnation under the replay's own writes (rules.md#t2). A row of the
 * transcript is one wave: what ends with a wave ends where the recorded wave ended. A divergence
 * names the first crank whose check differs, or, where only the wave's digest does, the first
 * position of the wave.
 */
import type { ReadView } from '@heirloom/store';
import { transcriptKey } from '@heirloom/store/keys';
import { required } from '@heirloom/store/types';
import { CHECK_BYTES, checkAt, TranscriptDigest } from '../protocol/transcript.js';
import { readTranscript } from '../protocol/tuples.js';
import {
  FIRST_POSITION,
  positionAfter,
  type Incarnation,
  type Position,
  type VatNumber,
} from '../protocol/vat-numbers.js';
import { packCrank, type FinishedCrank } from './crank-frame.js';
import type { Engine } from './engine.js';
import type { CrankJob } from './turns.js';

/** The tag of rows that a replay writes: no snapshot shows them in its place. */
const NEVER_SHOWN = Number.MAX_SAFE_INTEGER;

export interface Divergence {
  readonly position: Position;
  readonly reason: string;
}

interface ReplayOptions {
  readonly engine: Engine;
  readonly view: ReadView;
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
  readonly endPosition: Position;
  /** Waves that the store does not show yet, by first position. */
  readonly handed: ReadonlyMap<number, Uint8Array>;
  endWave(): void;
  /** The crank at this position is about to run. */
  progress(position: Position): void;
  finish(divergence: Divergence | undefined): void;
}

/** The wave that is being replayed. */
interface ReplayedWave {
  readonly firstPosition: Position;
  readonly deliveries: readonly Uint8Array[];
  readonly checks: Uint8Array;
  readonly digest: Uint8Array;
  readonly sums: TranscriptDigest;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hex32 = (check: number): string => check.toString(16).padStart(8, '0');

export class Replay implements CrankJob {
  readonly #options: ReplayOptions;
  #position = FIRST_POSITION;
  #wave: ReplayedWave | undefined;
  #divergence: Divergence | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  get remaining(): number {
    return this.#divergence === undefined ? this.#options.endPosition - this.#position + 1 : 0;
  }

  begin(): boolean {
    const { engine, endPosition } = this.#options;
    if (this.#divergence !== undefined || this.#position >= endPosition) return false;
    const wave = this.#wave ?? this.#read();
    if (wave === undefined) return false;
    this.#wave = wave;
    this.#options.progress(this.#position);
    const delivery = wave.deliveries[this.#position - wave.firstPosition];
    engine.begin(required(delivery, 'a delivery of the wave'));
    return true;
  }

  proceed(): boolean {
    return this.#options.engine.proceed();
  }

  end(): void {
    const wave = required(this.#wave, 'the wave that is replayed');
    const crank = this.#options.engine.end(NEVER_SHOWN);
    const check = wave.sums.add(packCrank(crank));
    const recorded = checkAt(wave.checks, this.#position - wave.firstPosition);
    if (check !== recorded) {
      this.#diverge(this.#position, this.#describe(crank, check, recorded));
    }
    this.#position = positionAfter(this.#position);
    if (this.#position === wave.firstPosition + wave.deliveries.length) this.#endWave(wave);
  }

  done(): void {
    this.#options.finish(this.#divergence);
  }

  #endWave({ firstPosition, digest: recorded, sums }: ReplayedWave): void {
    this.#wave = undefined;
    const { digest } = sums.finish();
    if (!Buffer.from(digest).equals(recorded)) {
      const reason = `wave digest ${hex(digest)}, recorded ${hex(recorded)}`;
      this.#diverge(firstPosition, reason);
    }
    this.#options.endWave();
  }

  #read(): ReplayedWave | undefined {
    const { view, vat, incarnation, endPosition, handed } = this.#options;
    const firstPosition = this.#position;
    const row =
      handed.get(firstPosition) ??
      view.get('transcript', transcriptKey(vat, incarnation, firstPosition));
    if (row === undefined) return this.#diverge(firstPosition, 'the transcript has no wave here');
    const [, , deliveries, checks, digest] = readTranscript(row);
    const count = deliveries.length;
    if (count === 0 || checks.length !== count * CHECK_BYTES) {
      return this.#diverge(firstPosition, 'the transcript has a wave without a check per crank');
    }
    if (firstPosition + count > endPosition) {
      return this.#diverge(firstPosition, `the wave goes on past ${endPosition}`);
    }
    return { firstPosition, deliveries, checks, digest, sums: new TranscriptDigest() };
  }

  #diverge(position: Position, reason: string): undefined {
    this.#divergence ??= { position, reason };
    return undefined;
  }

  #describe(crank: FinishedCrank, check: number, recorded: number): string {
    const { outcome, syscalls, rows } = crank;
    const ended = outcome === null ? 'ended well' : `ended with ${outcome[0]}`;
    return (
      `crank check ${hex32(check)}, recorded ${hex32(recorded)}: the replay ${ended}, ` +
      `${syscalls.length} syscalls, ${rows.length} row writes`
    );
  }
}
