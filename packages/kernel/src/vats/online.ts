/**
 * The vats that have a worker now.
 *
 * Invariant: a worker here has merged everything that it ran: its heap is the vat's state after the
 * last merged crank.
 */
import assert from 'node:assert/strict';
import { vatIdOf, type HandOver } from '@heirloom/worker';
import type { VatNumber, VatRow } from '../state/schema.js';
import type { VatWorker } from './vat-worker.js';
import type { VatScript, ZygotePool } from './zygote-pool.js';

export class OnlineVats {
  readonly #pool: ZygotePool;
  readonly #workers = new Map<VatNumber, VatWorker>();

  constructor(pool: ZygotePool) {
    this.#pool = pool;
  }

  get(vat: VatNumber): VatWorker {
    const worker = this.#workers.get(vat);
    assert(worker !== undefined, `${vatIdOf(vat)} has a worker`);
    return worker;
  }

  get count(): number {
    return this.#workers.size;
  }

  /** Waits until workers with these bundles evaluated are ready to be started. */
  async reserve(scripts: readonly VatScript[]): Promise<void> {
    if (scripts.length > 0) await this.#pool.reserve(scripts);
  }

  /** A worker bound to an incarnation of the vat, not yet the vat's own. */
  async start(
    vat: VatNumber,
    row: VatRow,
    script: VatScript,
    handOver: HandOver,
  ): Promise<VatWorker> {
    const worker = await this.#pool.lease(script);
    const { incarnation, spaces } = row;
    const space = spaces[0];
    assert(space !== undefined, 'a vat has a space of its own');
    await worker.bind({ vatId: vatIdOf(vat), incarnation, space }, handOver);
    return worker;
  }

  /** Makes `worker` the vat's own; the predecessor's worker is killed. */
  install(vat: VatNumber, worker: VatWorker): void {
    this.remove(vat);
    this.#workers.set(vat, worker);
  }

  remove(vat: VatNumber): void {
    const worker = this.#workers.get(vat);
    if (worker === undefined) return;
    this.#workers.delete(vat);
    this.#pool.retire(worker);
  }

  /** Kills a worker that never became a vat's own. */
  discard(worker: VatWorker): void {
    this.#pool.retire(worker);
  }
}
