/**
 * The vats that have a worker now, and those that can have none.
 *
 * Invariants: a worker here has merged everything that it ran: its heap is the vat's state after
 * the last merged crank. A vat that cannot be replayed has no worker until it is upgraded
 * (rules.md#h3).
 */
import {
  FIRST_POSITION,
  vatIdOf,
  type HandOver,
  type Spaces,
  type VatNumber,
} from '@heirloom/worker';
import { WorkerError } from '../base/kernel-errors.js';
import type { VatScript } from '../code/vat-script.js';
import type { VatRow } from '../state/schema.js';
import type { WorkerKind } from './channel.js';
import type { IsolationChoices } from './isolation.js';
import type { HandedBundle, VatWorker } from './vat-worker.js';
import type { Zygotes } from './zygotes.js';

/** A bundle, and the vat that will need a worker for it. */
interface VatWish {
  readonly vat: VatNumber;
  readonly script: VatScript;
}

export class OnlineVats {
  readonly #zygotes: Zygotes;
  readonly #isolation: IsolationChoices;
  readonly #unshown: (vat: VatNumber) => readonly HandedBundle[];
  readonly #workers = new Map<VatNumber, VatWorker>();
  readonly #broken = new Map<VatNumber, WorkerError>();

  /** `unshown`: bundles that the store does not show yet, of which the vat has caps. */
  constructor(
    zygotes: Zygotes,
    isolation: IsolationChoices,
    unshown: (vat: VatNumber) => readonly HandedBundle[] = () => [],
  ) {
    this.#zygotes = zygotes;
    this.#isolation = isolation;
    this.#unshown = unshown;
  }

  /** The vat's worker, which is used now; undefined while the vat has none. */
  use(vat: VatNumber): VatWorker | undefined {
    const worker = this.#workers.get(vat);
    if (worker === undefined) return undefined;
    this.#workers.delete(vat);
    this.#workers.set(vat, worker);
    return worker;
  }

  /** The vats that have a worker, the one used last first. */
  byUse(): VatNumber[] {
    return [...this.#workers.keys()].reverse();
  }

  /** The vat goes on without a worker until it is needed. False if it has none. */
  pageOut(vat: VatNumber): boolean {
    const worker = this.#workers.get(vat);
    if (worker === undefined) return false;
    this.#workers.delete(vat);
    this.#zygotes.retire(worker);
    return true;
  }

  get count(): number {
    return this.#workers.size;
  }

  /** Why a vat could not be replayed, if it could not. */
  brokenBy(vat: VatNumber): WorkerError | undefined {
    return this.#broken.get(vat);
  }

  /** Throws why one of these vats cannot be replayed, if there is one. */
  assertWhole(vats: Iterable<VatNumber>): void {
    for (const vat of vats) {
      const error = this.#broken.get(vat);
      if (error !== undefined) throw error;
    }
  }

  /** Waits until workers with these bundles evaluated are ready to be started. */
  async reserve(wishes: readonly VatWish[]): Promise<void> {
    if (wishes.length === 0) return;
    await this.#zygotes.reserve(
      wishes.map(({ vat, script }) => ({ kind: this.#isolation.kindOf(vat), script })),
    );
  }

  /** A worker bound to an incarnation of the vat, not yet the vat's own. */
  async start(
    vat: VatNumber,
    row: VatRow,
    script: VatScript,
    handOver: HandOver,
    kind: WorkerKind = this.#isolation.kindOf(vat),
  ): Promise<VatWorker> {
    const { name, incarnation, spaces } = row;
    const vatId = vatIdOf(vat);
    let worker: VatWorker | undefined;
    try {
      worker = await this.#zygotes.lease({ kind, script });
      await worker.bind({ vatId, name, incarnation, spaces }, handOver);
      worker.hand(this.#unshown(vat));
      return worker;
    } catch (error) {
      if (worker !== undefined) this.discard(worker);
      if (!(error instanceof WorkerError)) throw error;
      throw WorkerError.at(error, { vat: vatId, name, incarnation, position: FIRST_POSITION });
    }
  }

  /** Makes `worker` the vat's own; the predecessor's worker is killed. */
  install(vat: VatNumber, worker: VatWorker): void {
    this.#drop(vat);
    this.#workers.set(vat, worker);
  }

  /**
   * The vat's spaces are others in the store from now on; nothing to do for a vat without a worker.
   */
  restack(vat: VatNumber, spaces: Spaces): void {
    this.#workers.get(vat)?.restack(spaces);
  }

  /** The vat has ended. */
  remove(vat: VatNumber): void {
    this.#drop(vat);
    this.#isolation.forget(vat);
  }

  /** The vat is left without a worker. */
  markBroken(vat: VatNumber, error: WorkerError): void {
    this.#drop(vat);
    this.#broken.set(vat, error);
  }

  /** Kills a worker that never became a vat's own. */
  discard(worker: VatWorker): void {
    this.#zygotes.retire(worker);
  }

  #drop(vat: VatNumber): void {
    this.#broken.delete(vat);
    const worker = this.#workers.get(vat);
    if (worker === undefined) return;
    this.#workers.delete(vat);
    this.#zygotes.retire(worker);
  }
}
