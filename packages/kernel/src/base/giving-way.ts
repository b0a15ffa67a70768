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
