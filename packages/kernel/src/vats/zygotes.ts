/**
 * The workers of a kernel: a pool for every kind of isolation, each begun when it is first needed.
 *
 * Which kind a vat has is this host's choice and changes no outcome (rule H2).
 */
import assert from 'node:assert/strict';
import type { WorkerHost } from './channel.js';
import { FrameWorker } from './frame-worker.js';
import { processChannels } from './process-channel.js';
import { threadChannels } from './thread-channel.js';
import type { VatLog, VatWorker } from './vat-worker.js';
import type { Watchdog } from './watchdog.js';
import { ZygotePool, type VatScript } from './zygote-pool.js';

/** What keeps a vat's worker apart from the kernel. */
export const ISOLATIONS = ['thread', 'process'] as const;
export type Isolation = (typeof ISOLATIONS)[number];
/** `careful`: a process that tells of every crank before the next; for suspects (rule H3). */
export type WorkerKind = Isolation | 'careful';

export interface ZygotesOptions {
  readonly host: WorkerHost;
  /** Of this kind spares are kept from the start. */
  readonly usual: Isolation;
  readonly spareThreads: number;
  readonly log: VatLog;
  readonly watchdog: Watchdog;
  /** A worker of a process is gone: what it held of the store can be freed. */
  readonly onProcessGone: () => void;
}

/** A bundle that a worker of a kind will be needed for. */
export interface WorkerWish {
  readonly kind: WorkerKind;
  readonly script: VatScript;
}

export class Zygotes {
  readonly #options: ZygotesOptions;
  readonly #pools = new Map<WorkerKind, ZygotePool>();

  constructor(options: ZygotesOptions) {
    this.#options = options;
    this.#pool(options.usual);
  }

  get workerCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.workerCount;
    return count;
  }

  /** Starts evaluating a bundle in a worker, for a `lease` to come. */
  prepare({ kind, script }: WorkerWish): void {
    this.#pool(kind).prepare(script);
  }

  /** Waits until workers are prepared for these bundles, as many as fit. */
  async reserve(wishes: readonly WorkerWish[]): Promise<void> {
    const kinds = [...new Set(wishes.map(({ kind }) => kind))];
    const reserved = kinds.map(kind => {
      const scripts = wishes.filter(wish => wish.kind === kind).map(({ script }) => script);
      return this.#pool(kind).reserve(scripts);
    });
    // Whose worker has died is for the lease to say: only there a vat has a name.
    await Promise.allSettled(reserved);
  }

  lease({ kind, script }: WorkerWish): Promise<VatWorker> {
    return this.#pool(kind).lease(script);
  }

  /** Kills a leased worker. The kernel does not wait; `close` does. */
  retire(worker: VatWorker): void {
    const pool = [...this.#pools.values()].find(candidate => candidate.has(worker));
    assert(pool !== undefined, 'a worker is retired once');
    pool.retire(worker);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(pool => pool.close()));
  }

  #pool(kind: WorkerKind): ZygotePool {
    const known = this.#pools.get(kind);
    if (known !== undefined) return known;
    const { host, log, watchdog, spareThreads } = this.#options;
    const open =
      kind === 'thread'
        ? threadChannels(host)
        : processChannels(host, {
            isCareful: kind === 'careful',
            onGone: this.#options.onProcessGone,
          });
    const pool = new ZygotePool({
      spawn: () => new FrameWorker({ open, log, watchdog }),
      spareThreads: kind === 'careful' ? 0 : spareThreads,
    });
    this.#pools.set(kind, pool);
    return pool;
  }
}
