/** What a worker is doing, as far as the kernel knows, and what it may do next. */
import type { Position, ToWorker } from '@heirloom/worker';
import type { Deferred } from '../base/deferred.js';
import type { WorkerError } from '../base/kernel-errors.js';
import type { WorkerFrame } from './worker-frames.js';

/** What it is asked, but for deliveries. */
export type Question =
  | typeof ToWorker.prepare
  | typeof ToWorker.bind
  | typeof ToWorker.replay
  | typeof ToWorker.describe;

export type State =
  /** It is to do nothing: cranks of its last wave may be unread. */
  | { readonly name: 'idle' }
  /** It owes one answer. */
  | {
      readonly name: 'asked';
      readonly question: Question;
      readonly answer: Deferred<WorkerFrame>;
      /** Of a replay: the next place that it may tell of, and where it ends. Else 0. */
      progressFrom: number;
      readonly progressEnd: number;
    }
  /** It owes cranks up to a position. */
  | {
      readonly name: 'delivering';
      readonly endPosition: Position;
      /** Whoever waits for the next crank. */
      reader: Deferred<Uint8Array> | undefined;
      /** Settles when it owes no crank any more, and when it fails. */
      readonly over: Deferred<void>;
    }
  /** For good: with a crank that it has posted its vat ends. Nothing more is expected of it. */
  | { readonly name: 'over' }
  /** For good: it gives this error from now on. */
  | { readonly name: 'failed'; readonly error: WorkerError };

export const NEXT: Readonly<Record<State['name'], readonly State['name'][]>> = {
  idle: ['asked', 'delivering', 'failed'],
  asked: ['idle', 'failed'],
  delivering: ['idle', 'over', 'failed'],
  over: ['failed'],
  failed: [],
};

export const IDLE = { name: 'idle' } as const;
export const OVER = { name: 'over' } as const;
