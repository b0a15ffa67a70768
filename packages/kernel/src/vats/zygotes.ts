/**
 * The workers of a kernel: a pool for every kind of isolation and every image, each begun when it
 * is first needed. Spares are kept for the image of new incarnations alone.
 *
 * Which kind a vat has is this host's choice and changes no outcome (rules.md#h2).
 */
import assert from 'node:assert/strict';
import type { ImageId } from '@heirloom/worker';
import type { CrankPlace, WorkerError } from '../base/kernel-errors.js';
import type { Clock, Repeat } from '../base/kernel-host-powers.js';
import type { VatScript } from '../code/vat-script.js';
import { Departures } from './departures.js';
import type { Isolation, OpenWorkers, WorkerHost, WorkerKind } from './channel.js';
import { FrameWorker } from './frame-worker.js';
import type { VatLog, VatWorker } from './vat-worker.js';
import type { Watchdog } from './watchdog.js';
import { ZygotePool, type ScriptFor } from './zygote-pool.js';

export interface ZygotesOptions {
  readonly openWorkers: OpenWorkers;
  readonly host: Omit<WorkerHost, 'imageSource' | 'codeCache'>;
  readonly images: {
    readonly currentId: ImageId;
    need(imageId: ImageId): { readonly script: string; readonly codeCache: Uint8Array };
  };
  /** Of this kind spares are kept from the start. */
  readonly usual: Isolation;
  readonly spareThreads: number;
  readonly log: VatLog;
  readonly watchdog: Watchdog;
  /** By it goes how much a vat is told of in a second, and what gives way. */
  readonly clock: Pick<Clock, 'nowMs' | 'nextTurn'>;
  readonly scriptFor: ScriptFor;
  /** A worker of a process is gone: what it held of the store can be freed. */
  readonly onProcessGone: () => void;
  readonly repeat: Repeat;
}

/** A bundle that a worker of a kind will be needed for. */
interface WorkerWish {
  readonly kind: WorkerKind;
  readonly script: VatScript;
}

export class Zygotes {
  readonly #options: ZygotesOptions;
  /** By `kind/imageId`. */
  readonly #pools = new Map<string, ZygotePool>();
  readonly #departures: Departures;
  #isClosed = false;

  constructor(options: ZygotesOptions) {
    this.#options = options;
    this.#departures = new Departures(options.repeat, error => options.log.left(error));
    this.#pool(options.usual, options.images.currentId);
  }

  get workerCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.workerCount;
    return count;
  }

  /** Starts evaluating a bundle in a worker, for a `lease` to come. */
  prepare({ kind, script }: WorkerWish): void {
    this.#pool(kind, script.imageId).prepare(script);
  }

  /** Waits until workers are prepared for these bundles, as many as fit. */
  async reserve(wishes: readonly WorkerWish[]): Promise<void> {
    const scripts = new Map<ZygotePool, VatScript[]>();
    for (const { kind, script } of wishes) {
      const pool = this.#pool(kind, script.imageId);
      scripts.set(pool, [...(scripts.get(pool) ?? []), script]);
    }
    const reserved = [...scripts].map(([pool, wanted]) => pool.reserve(wanted));
    // Whose worker has died is for the lease to say: only there a vat has a name.
    await Promise.allSettled(reserved);
  }

  lease({ kind, script }: WorkerWish): Promise<VatWorker> {
    return this.#pool(kind, script.imageId).lease(script);
  }

  /** Starts warming workers in the place of those that were taken: nothing waits for them now. */
  refill(): void {
    for (const pool of this.#pools.values()) pool.refill();
  }

  /** Kills a leased worker. The kernel does not wait; `close` does. */
  retire(worker: VatWorker): void {
    const pool = [...this.#pools.values()].find(candidate => candidate.has(worker));
    assert(pool !== undefined, 'a worker is retired once');
    pool.retire(worker);
  }

  /** Threads that were killed and have not ended. */
  get left(): readonly WorkerError[] {
    return this.#departures.left;
  }

  /** What workers have to do now. */
  doing(): CrankPlace[] {
    return [...this.#pools.values()].flatMap(pool => pool.doing());
  }

  /** Resolves when no worker is there any more, left behind or not. */
  allGone(): Promise<void> {
    return this.#departures.allGone();
  }

  /** Kills all, and starts no other. Resolves when each has gone or is left behind. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools.values()].map(pool => pool.close()));
  }

  /** Another image has become the one of new incarnations. */
  imageChanged(): void {
    const { images, usual } = this.#options;
    for (const [key, pool] of this.#pools) {
      if (!key.endsWith(`/${images.currentId}`)) pool.keepNoSpares();
    }
    this.#pool(usual, images.currentId);
  }

  #pool(kind: WorkerKind, imageId: ImageId): ZygotePool {
    const key = `${kind}/${imageId}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const { images, log, watchdog, clock, spareThreads, scriptFor } = this.#options;
    const { script: imageSource, codeCache } = images.need(imageId);
    const host = { ...this.#options.host, imageSource, codeCache };
    const open = this.#options.openWorkers(kind, host, this.#options.onProcessGone);
    const hasNoSpares =
      this.#isClosed || kind === 'careful' || imageId !== images.currentId;
    const pool = new ZygotePool({
      spawn: () => new FrameWorker({ open, log, watchdog, clock }),
      spareThreads: hasNoSpares ? 0 : spareThreads,
      scriptFor,
      departures: this.#departures,
    });
    if (this.#isClosed) void pool.close();
    this.#pools.set(key, pool);
    return pool;
  }
}
