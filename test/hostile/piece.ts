/** What a hostile piece is: data that the suite lives through, and that its page tells of. */
import type { Isolation } from '@heirloom/kernel';
import type { Step } from '../support/hostile/hostile-child.js';

/** What becomes of the piece's vat, and of the host. All other vats are as they were. */
export type Ending =
  /** The vat lives and answers. */
  | 'answers'
  /** It ends, by a fault of this code: the same on every replica. */
  | { readonly fault: string }
  /** It ends as it wished to. */
  | 'leaves'
  /** The host is told, by a HostError that names the vat: this host alone, nothing is committed. */
  | { readonly stops: string }
  /** The process dies. */
  | 'aborts'
  /** The host is told, or its process dies: which of the two is V8's matter. */
  | 'dies';

export interface Piece {
  readonly name: string;
  /** What it is after. */
  readonly tries: string;
  /** Code of the vat: its only step. */
  readonly code?: string;
  readonly steps?: readonly Step[];
  /** What the last step gives, as text; ends with `…` where the rest may be anything. */
  readonly gives?: string;
  /** Of a damaged store: what `verify` says, and what becomes of opening it. */
  readonly told?: readonly [verify: string, opening: string];
  /** `answers` if it is not said. */
  readonly ends?: Ending;
  /** Where threads differ from processes. */
  readonly inThreads?: Ending;
  /** Its worker, and all others of its store, do what vat code tells them. */
  readonly isTakenOver?: true;
  /** A part of `npm test`. */
  readonly isQuick?: true;
}

/** Pieces of one kind: they run beside each other in one store. */
export interface Kind {
  readonly title: string;
  readonly pieces: readonly Piece[];
  /** Where they can be tried at all; else both. */
  readonly isolations?: readonly Isolation[];
}

export const endingIn = (piece: Piece, isolation: Isolation): Ending =>
  (isolation === 'thread' ? piece.inThreads : undefined) ?? piece.ends ?? 'answers';

export const stepsOf = ({ name, code, steps }: Piece): readonly Step[] => {
  if (steps !== undefined) return steps;
  if (code === undefined) throw Error(`the piece "${name}" does nothing`);
  return [['hostile', code]];
};

/** Is `found` what the table says? */
export const isAsSaid = (found: Ending, said: Ending): boolean => {
  if (said !== 'dies') return JSON.stringify(found) === JSON.stringify(said);
  return found === 'aborts' || JSON.stringify(found) === JSON.stringify({ stops: 'WORKER_DIED' });
};

/** Does the kernel go on in its process? */
export const isTame = (ending: Ending): boolean =>
  ending !== 'aborts' && ending !== 'dies' && (typeof ending === 'string' || !('stops' in ending));
