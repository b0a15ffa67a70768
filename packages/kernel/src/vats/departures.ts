/**
 * Workers that were let go of, until they are gone (rules.md#h1): one that does not go is left
 * behind, and nobody waits for it any longer.
 *
 * Theory of operation. A thread is killed by V8, which stops code of JavaScript anywhere but not a
 * loop within one of its own functions; no other way to end a single thread is there. Time is
 * counted in ticks, as by the watchdog, so a kernel that is busy takes nobody for left behind; and
 * anew whenever a worker goes, since many that go at once take long. One that goes later is struck
 * off. Nothing here enters a hash.
 */
import { Deferred } from '../base/deferred.js';
import type { WorkerError } from '../base/kernel-errors.js';
import type { Repeat } from '../base/kernel-host-powers.js';
import type { VatWorker } from './vat-worker.js';

const TICK_MS = 100;
/** A worker is left behind when for so many ticks it did not go, nor any other. */
const TICKS = 12;
/** One that has no code of a vat goes in the end: only a machine that has no time keeps it. */
const OWN_CODE_TICKS = 600;

interface Departure {
  readonly worker: VatWorker;
  silentTicks: number;
}

/** Threads of this process that were left behind, by all of its kernels. */
const leftInProcess = new Set<WorkerError>();

/**
 * Threads that this process could not end and that still run: it cannot exit by itself, see
 * `endProcess`. Each is an error with code THREAD_LEFT that names vat, delivery and method.
 */
export const threadsLeft = (): readonly WorkerError[] => [...leftInProcess];

export class Departures {
  readonly #repeat: Repeat;
  readonly #onLeft: (error: WorkerError) => void;
  readonly #leaving = new Set<Departure>();
  readonly #left = new Map<VatWorker, WorkerError>();
  #stopTicking: (() => void) | undefined;
  /** Resolves when nobody is leaving. */
  #settled = new Deferred<void>();
  /** Resolves when nobody is left behind, either. */
  #gone = new Deferred<void>();

  constructor(repeat: Repeat, onLeft: (error: WorkerError) => void) {
    this.#repeat = repeat;
    this.#onLeft = onLeft;
  }

  /** Those left behind that still run. */
  get left(): readonly WorkerError[] {
    return [...this.#left.values()];
  }

  /** Kills a worker. */
  add(worker: VatWorker): void {
    const departure: Departure = { worker, silentTicks: 0 };
    this.#leaving.add(departure);
    const gone = (): void => this.#hasGone(departure);
    worker.terminate().then(gone, gone);
    this.#stopTicking ??= this.#repeat(TICK_MS, () => this.#tick());
  }

  /** Resolves when each has gone or is left behind. */
  async settled(): Promise<void> {
    while (this.#leaving.size > 0) await this.#settled.promise;
  }

  /** Resolves when each has gone. */
  async allGone(): Promise<void> {
    while (this.#leaving.size + this.#left.size > 0) await this.#gone.promise;
  }

  #hasGone(departure: Departure): void {
    this.#leaving.delete(departure);
    const error = this.#left.get(departure.worker);
    if (error !== undefined) leftInProcess.delete(error);
    this.#left.delete(departure.worker);
    for (const other of this.#leaving) other.silentTicks = 0;
    this.#tell();
  }

  #tick(): void {
    for (const departure of [...this.#leaving]) {
      if (!departure.worker.isKilled) continue;
      departure.silentTicks += 1;
      const ticks = departure.worker.hasVatCode ? TICKS : OWN_CODE_TICKS;
      if (departure.silentTicks > ticks) this.#leave(departure);
    }
    this.#tell();
  }

  #leave(departure: Departure): void {
    const error = departure.worker.leftBehind();
    this.#leaving.delete(departure);
    this.#left.set(departure.worker, error);
    leftInProcess.add(error);
    this.#onLeft(error);
  }

  #tell(): void {
    if (this.#leaving.size > 0) return;
    this.#stopTicking?.();
    this.#stopTicking = undefined;
    this.#settled.resolve();
    this.#settled = new Deferred();
    if (this.#left.size > 0) return;
    this.#gone.resolve();
    this.#gone = new Deferred();
  }
}
