/**
 * What sets a vat that began as a fork apart from the vat whose rows it has: nobody was given its
 * objects yet.
 *
 * Theory of operation. A fork has the rows of another vat, a million of them perhaps, and in each
 * the export status of its thing, which is the other vat's. They are not rewritten: a vat has a
 * *generation*, 0 unless it began as a fork, else one more than the vat that it was forked from.
 * The status in a row counts only if it was written in the present generation: it is stored as
 * `g/es`, in generation 0 as `es`, and when there is none as nothing at all.
 *
 * Things that only those outside held are garbage in the fork. RAM, which a replay has made, may
 * hold them still: what the incarnation after it finds (fork-sweeper.ts) is dead.
 */
import { rowFork } from '@heirloom/store/keys';
import type { LiveslotsContext } from '../contract/context.js';
import { packRow, unpackRow } from './frames.js';
import type { ForkRow } from './frames.js';

const NO_FORK: ForkRow = [0, false];

const rowOf = (bytes: Uint8Array | undefined): ForkRow =>
  bytes === undefined ? NO_FORK : unpackRow('fork', bytes);

/** What a stored status says in a generation. */
export const statusIn = (generation: number, stored: string): string => {
  if (generation === 0 || stored === '') return stored;
  const stamp = `${generation}/`;
  return stored.startsWith(stamp) ? stored.slice(stamp.length) : '';
};

interface Rows {
  get(key: string): Uint8Array | undefined;
}

/** The generation that rows are of. */
export const generationIn = (rows: Rows): number => rowOf(rows.get(rowFork()))[0];

/** May there be things that only those outside held before the fork? */
export const isForkUnswept = (rows: Rows): boolean => rowOf(rows.get(rowFork()))[1];

export class Forks {
  readonly #context: LiveslotsContext;
  /** Undefined until a row is looked at. */
  #generation: number | undefined;

  constructor(context: LiveslotsContext) {
    this.#context = context;
  }

  /** From now on the vat is a fork of what it was. */
  begin(): void {
    const generation = this.generation + 1;
    this.#generation = generation;
    this.#context.rows.set(rowFork(), packRow('fork', [generation, true]));
  }

  get generation(): number {
    this.#generation ??= generationIn(this.#context.rows);
    return this.#generation;
  }

  /** A status as it is stored, and as it counts. */
  statusOf(stored: string): string {
    return stored === '' ? stored : statusIn(this.generation, stored);
  }

  stored(status: string): string {
    return status === '' || this.generation === 0 ? status : `${this.generation}/${status}`;
  }

  /** Has an incarnation before this one begun as a fork, and is what it left not swept yet? */
  isSweepDue(): boolean {
    return isForkUnswept(this.#context.rows.start);
  }

  /** What is due is swept, unless the vat has been forked meanwhile. */
  endSweep(): void {
    const { rows } = this.#context;
    if (this.generation !== generationIn(rows.start)) return;
    rows.set(rowFork(), packRow('fork', [this.generation, false]));
  }
}
