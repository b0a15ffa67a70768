/**
 * Long work of the kernel's thread gives way to whatever else waits for the thread, timers and
 * messages of workers among it.
 *
 * Invariant: giving way decides nothing. What the work reads and writes is nobody else's until it
 * is over: runs, commits and inputs of the host exclude each other.
 */
import type { Steps } from '@heirloom/store';
import type { Clock } from './kernel-host-powers.js';

/** After so many milliseconds others have their turn. */
const TURN_MS = 20;

/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 32;

/**
 * All of it at a stretch, if that is short; else, from when that shows, with turns for others in
 * between. So what is short costs no turn, and nobody has to know before.
 */
export const asShortOrInTurns = <T>(
  steps: Steps<T>,
  clock: Pick<Clock, 'nowMs' | 'nextTurn'>,
): T | Promise<T> => {
  let began: number | undefined;
  let left = STEPS_PER_LOOK;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    left -= step.value ?? 1;
    if (left > 0) continue;
    left = STEPS_PER_LOOK;
    began ??= clock.nowMs();
    if (clock.nowMs() - began >= TURN_MS) return afterTurn(steps, clock);
  }
};

const afterTurn = async <T>(
  steps: Steps<T>,
  clock: Pick<Clock, 'nowMs' | 'nextTurn'>,
): Promise<T> => {
  await clock.nextTurn();
  return inTurns(steps, clock);
};

/** The turn of work that waits for others now and then, and that is made of many short parts. */
export class Turn {
  readonly #clock: Pick<Clock, 'nowMs' | 'nextTurn'>;
  #began: number;

  constructor(clock: Pick<Clock, 'nowMs' | 'nextTurn'>) {
    this.#clock = clock;
    this.#began = clock.nowMs();
  }

  /** It has been long: others have theirs before what is given resolves. */
  end(): Promise<void> | undefined {
    if (this.#clock.nowMs() - this.#began < TURN_MS) return undefined;
    return this.#next();
  }

  async #next(): Promise<void> {
    await this.#clock.nextTurn();
    this.#began = this.#clock.nowMs();
  }
}

/** All of it, with turns for others in between. */
export const inTurns = async <T>(
  steps: Steps<T>,
  { nowMs, nextTurn }: Pick<Clock, 'nowMs' | 'nextTurn'>,
): Promise<T> => {
  let began = nowMs();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (nowMs() - began < TURN_MS) continue;
    await nextTurn();
    began = nowMs();
  }
};
