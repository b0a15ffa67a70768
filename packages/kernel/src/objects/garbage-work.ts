/**
 * How much work the end of a wave may take for garbage. It is counted, not timed: replicas leave
 * the same for the next wave.
 */

/**
 * References that are let go of or looked at, rows that are, and kilobytes of messages that go:
 * about a hundred nanoseconds each, and a microsecond where a row is read or written.
 */
const GARBAGE_WORK_MAX = 100_000;

export class GarbageWork {
  #left: number;

  constructor(most = GARBAGE_WORK_MAX) {
    this.#left = most;
  }

  get isLeft(): boolean {
    return this.#left > 0;
  }

  /** How many things may still be taken, if each costs what the least does. */
  get left(): number {
    return Math.max(this.#left, 0);
  }

  spend(cost: number): void {
    this.#left -= cost;
  }
}
