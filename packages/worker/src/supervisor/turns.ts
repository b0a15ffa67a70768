/**
 * Runs cranks one after the other, each to an empty microtask queue.
 *
 * Theory of operation. Node drains microtasks between two `setImmediate` callbacks of one loop
 * iteration, so the next callback is the proof that the crank before it is quiescent. Callbacks are
 * scheduled ahead in groups: scheduling one from within another costs a whole loop iteration (3 µs
 * against 0.3 µs). A surplus callback finds nothing to do.
 *
 * A thread that has to wait for the kernel (rules.md#w5) may do so in `begin`, between cranks only.
 */
import { check } from '../check.js';
import { nextTurn } from './host-powers.js';

/** Turns scheduled ahead. Messages of the kernel are received between two groups. */
const TURNS_AHEAD_MAX = 256;

export interface CrankJob {
  /** Cranks that are left, the one in progress included. */
  readonly remaining: number;
  /** Starts the next crank; false when there is none. */
  begin(): boolean;
  /** Called with microtasks drained: true if the crank goes on for another turn. */
  proceed(): boolean;
  /** The crank in progress is quiescent. */
  end(): void;
  /** There is no further crank. */
  done(): void;
}

export class Turns {
  #job: CrankJob | undefined;
  #isInCrank = false;
  #scheduled = 0;
  readonly #step = (): void => this.#turn();

  get isBusy(): boolean {
    return this.#job !== undefined;
  }

  run(job: CrankJob): void {
    check(this.#job === undefined, 'turns: a job is running');
    this.#job = job;
    this.#ensureScheduled(job);
  }

  #turn(): void {
    this.#scheduled -= 1;
    const job = this.#job;
    if (job === undefined) return;
    if (this.#isInCrank) {
      if (job.proceed()) return this.#ensureScheduled(job);
      this.#isInCrank = false;
      job.end();
    }
    this.#isInCrank = job.begin();
    if (this.#isInCrank) return this.#ensureScheduled(job);
    this.#job = undefined;
    job.done();
  }

  #ensureScheduled(job: CrankJob): void {
    if (this.#scheduled > 0) return;
    const count = Math.min(TURNS_AHEAD_MAX, job.remaining + 1);
    for (let i = 0; i < count; i += 1) nextTurn(this.#step);
    this.#scheduled = count;
  }
}
