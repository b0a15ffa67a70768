/**
 * Warm threads, and threads that have evaluated a bundle before their vat needs them.
 *
 * Invariants (rule H1): one Piscina pool per thread, so nothing ever waits in a Piscina queue; the
 * pool keeps `spareThreads` warm and counts its own leases; a thread serves one incarnation.
 * Nothing here enters a hash: a thread that is late is waited for, and changes no outcome.
 */
import assert from 'node:assert/strict';
import { Piscina } from 'piscina';
import { ZYGOTE_ENTRY, type ZygoteData } from '@heirloom/worker';
import { ThreadWorker } from './thread-worker.js';
import type { VatLog, VatWorker } from './vat-worker.js';

export interface ZygotePoolOptions {
  readonly directory: string;
  readonly readersMax: number;
  readonly imageSource: string;
  readonly codeCache: Uint8Array | undefined;
  readonly spareThreads: number;
  readonly collectsEveryCrank: boolean;
  readonly log: VatLog;
}

/** A bundle as a thread evaluates it. */
export interface VatScript {
  readonly bundleId: string;
  readonly script: Uint8Array;
}

const shared = (bytes: Uint8Array): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
};

/** Threads that wait with a bundle evaluated, at most. */
const PREPARED_MAX = 4;

export class ZygotePool {
  readonly #options: ZygotePoolOptions;
  readonly #data: ZygoteData;
  readonly #spares: Promise<VatWorker>[] = [];
  readonly #prepared = new Map<string, Promise<VatWorker>[]>();
  /** Bundles that can only be evaluated in the crank: known from an earlier preparation. */
  readonly #inCrank = new Set<string>();
  readonly #alive = new Set<VatWorker>();
  readonly #exits = new Set<Promise<void>>();
  #closed = false;

  constructor(options: ZygotePoolOptions) {
    this.#options = options;
    const { directory, readersMax, imageSource, codeCache, collectsEveryCrank } = options;
    this.#data = {
      directory,
      readersMax,
      collectsEveryCrank,
      imageSource: shared(Buffer.from(imageSource, 'utf8')),
      ...(codeCache === undefined ? {} : { codeCache: shared(codeCache) }),
    };
    this.#refill();
  }

  get threadCount(): number {
    return this.#alive.size;
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
        ready => this.retire(ready),
        () => undefined,
      );
      return;
    }
  }

  /** A thread with the bundle evaluated, or ready to evaluate it in the crank. */
  async lease(script: VatScript): Promise<VatWorker> {
    const prepared = this.#prepared.get(script.bundleId)?.shift();
    return prepared ?? this.#prepareWorker(script);
  }

  /** Kills a leased worker. The kernel does not wait; `close` does. */
  retire(worker: VatWorker): void {
    assert(this.#alive.delete(worker), 'a worker is retired once');
    const exit = worker.terminate().finally(() => this.#exits.delete(exit));
    this.#exits.add(exit);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pending = [...this.#spares, ...[...this.#prepared.values()].flat()];
    await Promise.allSettled(pending);
    for (const worker of [...this.#alive]) this.retire(worker);
    await Promise.allSettled([...this.#exits]);
  }

  async #prepareWorker(script: VatScript): Promise<VatWorker> {
    const { bundleId } = script;
    const evaluateNow = !this.#inCrank.has(bundleId);
    const worker = await this.#takeSpare();
    const inCrank = await worker.prepare(bundleId, script.script, evaluateNow);
    if (!inCrank || !evaluateNow) return worker;
    this.#inCrank.add(bundleId);
    this.retire(worker);
    return this.#prepareWorker(script);
  }

  #takeSpare(): Promise<VatWorker> {
    const spare = this.#spares.shift() ?? this.#spawn();
    this.#refill();
    return spare;
  }

  #refill(): void {
    while (!this.#closed && this.#spares.length < this.#options.spareThreads) {
      const spare = this.#spawn();
      spare.catch(() => undefined); // reported to whoever takes it
      this.#spares.push(spare);
    }
  }

  /** A warm thread: its image is evaluated and locked down, its store is open. */
  async #spawn(): Promise<VatWorker> {
    const pool = new Piscina({
      filename: ZYGOTE_ENTRY,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Infinity,
      atomics: 'disabled',
      env: {},
      workerData: this.#data,
    });
    const worker = new ThreadWorker(pool, this.#options.log);
    this.#alive.add(worker);
    return worker;
  }
}
