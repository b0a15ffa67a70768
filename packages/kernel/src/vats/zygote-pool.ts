/**
 * Warm workers of one kind, and workers that have evaluated a bundle before their vat needs them.
 *
 * Invariants (rules.md#h1): nothing ever waits for another vat's worker to become free; the pool
 * keeps `spareThreads` warm and counts its own leases; a worker serves one incarnation. Nothing
 * here enters a hash: a worker that is late is waited for, and changes no outcome.
 */
import assert from 'node:assert/strict';
import { WorkerError, type CrankPlace } from '../base/kernel-errors.js';
import type { VatScript } from '../code/vat-script.js';
import type { Departures } from './departures.js';
import type { VatWorker } from './vat-worker.js';

export type ScriptFor = (script: VatScript) => Uint8Array;

interface ZygotePoolOptions {
  /** Starts a worker: its image is evaluated and locked down, its store is open. */
  readonly spawn: () => VatWorker;
  readonly spareThreads: number;
  /** A script as a worker evaluates it: a debugger may want more behind it. */
  readonly scriptFor: ScriptFor;
  readonly departures: Departures;
}

interface Evaluated {
  readonly worker: VatWorker;
  /** The bundle can only be evaluated in the crank. */
  readonly inCrank: boolean;
}

/** Threads that wait with a bundle evaluated, at most. */
const PREPARED_MAX = 4;

export class ZygotePool {
  readonly #options: ZygotePoolOptions;
  readonly #spares: VatWorker[] = [];
  readonly #prepared = new Map<string, Promise<VatWorker>[]>();
  /** Bundles that can only be evaluated in the crank: known from an earlier preparation. */
  readonly #inCrank = new Set<string>();
  readonly #alive = new Set<VatWorker>();
  #spareThreads: number;
  #closed = false;

  constructor(options: ZygotePoolOptions) {
    this.#options = options;
    this.#spareThreads = options.spareThreads;
    this.refill();
  }

  get workerCount(): number {
    return this.#alive.size;
  }

  has(worker: VatWorker): boolean {
    return this.#alive.has(worker);
  }

  /** Waits until workers are prepared for these scripts, as many as fit; the rest is for later. */
  async reserve(scripts: readonly VatScript[]): Promise<void> {
    const wanted = new Map<string, number>();
    for (const script of scripts.slice(0, PREPARED_MAX)) {
      const { bundleId } = script;
      const count = (wanted.get(bundleId) ?? 0) + 1;
      wanted.set(bundleId, count);
      if ((this.#prepared.get(bundleId)?.length ?? 0) < count) this.prepare(script);
    }
    const workers = [...wanted].flatMap(([bundleId, count]) =>
      (this.#prepared.get(bundleId) ?? []).slice(0, count),
    );
    await Promise.all(workers);
  }

  /** Starts evaluating a bundle in a thread of its own, for a `lease` to come. */
  prepare(script: VatScript): void {
    if (this.#closed) return;
    while (this.#preparedCount() >= PREPARED_MAX) this.#dropOldest();
    const list = this.#prepared.get(script.bundleId) ?? [];
    this.#prepared.delete(script.bundleId); // to the end: least recently prepared comes first
    this.#prepared.set(script.bundleId, list);
    const worker = this.#prepareWorker(script);
    worker.catch(() => undefined); // reported by the lease
    list.push(worker);
  }

  #preparedCount(): number {
    let count = 0;
    for (const list of this.#prepared.values()) count += list.length;
    return count;
  }

  #dropOldest(): void {
    for (const list of this.#prepared.values()) {
      const worker = list.shift();
      if (worker === undefined) continue;
      worker.then(
        ready => {
          if (!this.#closed) this.retire(ready);
        },
        () => undefined, // it died while it was prepared, and is retired
      );
      return;
    }
  }

  /** A thread with the bundle evaluated, or ready to evaluate it in the crank. */
  async lease(script: VatScript): Promise<VatWorker> {
    const prepared = this.#prepared.get(script.bundleId)?.shift();
    const worker = await (prepared ?? this.#prepareWorker(script));
    if (!worker.hasFailed) return worker;
    // It died while it waited, of nothing that the vat has done.
    if (this.#alive.has(worker)) this.retire(worker);
    return this.#prepareWorker(script);
  }

  /** Kills a leased worker. The kernel does not wait; `close` does. */
  retire(worker: VatWorker): void {
    assert(this.#alive.delete(worker), 'a worker is retired once');
    this.#options.departures.add(worker);
  }

  /** What its workers have to do now. */
  doing(): CrankPlace[] {
    return [...this.#alive].flatMap(({ at }) => at ?? []);
  }

  /**
   * Kills all; resolves when each has gone or is left behind. A preparation that never ends does
   * not hold it up: its worker is killed first.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const pending = [...this.#prepared.values()].flat();
    for (const worker of [...this.#alive]) this.retire(worker);
    await Promise.allSettled(pending);
    // What a preparation has started since.
    for (const worker of [...this.#alive]) this.retire(worker);
    await this.#options.departures.settled();
  }

  async #prepareWorker(script: VatScript): Promise<VatWorker> {
    const { bundleId } = script;
    const evaluateNow = !this.#inCrank.has(bundleId);
    const { worker, inCrank } = await this.#evaluate(script, evaluateNow);
    if (!inCrank || !evaluateNow) return worker;
    this.#inCrank.add(bundleId);
    this.retire(worker);
    return this.#prepareWorker(script);
  }

  /** A spare may have died while it waited: a fresh worker says whether the bundle kills. */
  async #evaluate(script: VatScript, now: boolean): Promise<Evaluated> {
    const spare = this.#spares.shift();
    if (spare === undefined) return this.#evaluateIn(this.#spawn(), script, now);
    try {
      return await this.#evaluateIn(spare, script, now);
    } catch (error) {
      const hasDied = error instanceof WorkerError && error.code === 'WORKER_DIED';
      if (this.#closed || !hasDied) throw error;
      return this.#evaluateIn(this.#spawn(), script, now);
    }
  }

  async #evaluateIn(worker: VatWorker, script: VatScript, now: boolean): Promise<Evaluated> {
    try {
      const text = this.#options.scriptFor(script);
      const inCrank = await worker.prepare(script.bundleId, text, now);
      return { worker, inCrank };
    } catch (error) {
      if (this.#alive.has(worker)) this.retire(worker);
      throw error;
    }
  }

  /** Keeps no spares from now on: few workers will be needed. */
  keepNoSpares(): void {
    this.#spareThreads = 0;
    for (const spare of this.#spares.splice(0)) this.retire(spare);
  }

  /**
   * Starts what is missing of the spares. Taking one does not start another: a thread that warms up
   * beside a vat's start takes its processor. Measured: 16 ms without code at an upgrade instead of
   * 7.
   */
  refill(): void {
    while (!this.#closed && this.#spares.length < this.#spareThreads) {
      this.#spares.push(this.#spawn());
    }
  }

  /** Errors: WorkerError WORKER_DIED once the pool is closed: nobody would end what is begun. */
  #spawn(): VatWorker {
    if (this.#closed) throw new WorkerError('WORKER_DIED', 'the kernel has ended', undefined);
    const worker = this.#options.spawn();
    this.#alive.add(worker);
    return worker;
  }
}
