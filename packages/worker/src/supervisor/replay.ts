/**
 * Replays the transcript of the bound incarnation and compares every crank with what was recorded.
 *
 * Reads see the start of the incarnation under the replay's own writes (rule T2). Deliveries are
 * grouped as they were: what ends with a wave ends where the recorded wave ended.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ReadView } from '@heirloom/store';
import { unpackFrame } from '@heirloom/store/frame';
import { transcriptKey } from '@heirloom/store/keys';
import type { TranscriptTuple } from '../protocol/messages.js';
import type { Engine, FinishedCrank } from './engine.js';
import type { CrankJob } from './turns.js';

/** The tag of rows that a replay writes: no snapshot shows them in its place. */
const NEVER_SHOWN = Number.MAX_SAFE_INTEGER;

export interface Divergence {
  readonly position: number;
  readonly reason: string;
}

export interface ReplayOptions {
  readonly engine: Engine;
  readonly view: ReadView;
  readonly vat: number;
  readonly incarnation: number;
  readonly endPosition: number;
  endWave(): void;
  finish(divergence: Divergence | undefined): void;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').slice(0, 16);

export class Replay implements CrankJob {
  readonly #options: ReplayOptions;
  #position = 0;
  #wave: number | undefined;
  #entry: TranscriptTuple | undefined;
  #divergence: Divergence | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  get remaining(): number {
    return this.#divergence === undefined ? this.#options.endPosition - this.#position + 1 : 0;
  }

  begin(): boolean {
    const { engine, endPosition, endWave } = this.#options;
    const isOver = this.#divergence !== undefined || this.#position >= endPosition;
    const entry = isOver ? undefined : this.#read();
    const wave = entry?.[1];
    if (this.#wave !== undefined && wave !== this.#wave) endWave();
    this.#wave = wave;
    this.#entry = entry;
    if (entry === undefined) return false;
    engine.begin(entry[2]);
    return true;
  }

  proceed(): boolean {
    return this.#options.engine.proceed();
  }

  end(): void {
    const crank = this.#options.engine.end(NEVER_SHOWN);
    const digest = createHash('sha256').update(crank.packed).digest();
    const recorded = this.#entry![3];
    if (!digest.equals(recorded)) this.#diverge(this.#describe(crank, digest, recorded));
    this.#position += 1;
  }

  done(): void {
    this.#options.finish(this.#divergence);
  }

  #read(): TranscriptTuple | undefined {
    const { view, vat, incarnation } = this.#options;
    const row = view.get('transcript', transcriptKey(vat, incarnation, this.#position));
    if (row !== undefined) return unpackFrame(row) as unknown as TranscriptTuple;
    this.#diverge('the transcript has no entry');
    return undefined;
  }

  #diverge(reason: string): void {
    this.#divergence ??= { position: this.#position, reason };
  }

  #describe({ tuple }: FinishedCrank, digest: Uint8Array, recorded: Uint8Array): string {
    const [outcome, syscalls, rows] = tuple;
    assert(this.#entry !== undefined);
    const ended = outcome === null ? 'ended well' : `ended with ${outcome[0]}`;
    return (
      `crank digest ${hex(digest)}, recorded ${hex(recorded)}: the replay ${ended}, ` +
      `${syscalls.length} syscalls, ${rows.length} row writes`
    );
  }
}
