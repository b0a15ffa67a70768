/**
 * Which vats have a worker: at most `maxVatsOnline`, those that were used last; any other is
 * rebuilt when a wave needs it, by verified replay, and for that one may have to go.
 *
 * Theory of operation. A wave's vats take turns: a vat is brought online, handed its part, and may
 * go as soon as its cranks have all arrived, merged or not, since they wait in the kernel. A vat
 * that needs a worker waits until one of those online has nothing to do. Invariants: what is online
 * changes no outcome; a vat whose incarnation began after the last commit stays, since nothing to
 * replay it from is durable (rules.md#t4); the order of use is kept in `local`, so that reopening
 * begins with those used last.
 */
import assert from 'node:assert/strict';
import { localKey, required, type ReadView, type RowChange } from '@heirloom/store';
import { vatIdOf, type VatNumber } from '@heirloom/worker';
import { WorkerError } from '../base/kernel-errors.js';
import { readHint } from '../state/damage.js';
import { single } from '../state/frame-codec.js';
import type { OnlineVats } from './online.js';
import type { VatWorker } from './vat-worker.js';

/** Vats with work in a wave may exceed `maxVatsOnline` by as many; then they take turns. */
const ONLINE_EXCESS_MAX = 2;

const ORDER_KEY = localKey('pagingOrder');
const codec = single<readonly VatNumber[]>('the order of use of vats');

interface PagerOptions {
  readonly online: OnlineVats;
  readonly maxVatsOnline: number;
  /** Rebuilds a vat as its last merged crank left it. Errors: WorkerError. */
  readonly rebuild: (vat: VatNumber) => Promise<VatWorker>;
  /** Told of an order of use that is damaged. */
  readonly warn: (text: string) => void;
}

export class Pager {
  readonly #online: OnlineVats;
  readonly #maxVatsOnline: number;
  readonly #rebuild: PagerOptions['rebuild'];
  readonly #warn: PagerOptions['warn'];
  /** Their cranks of the wave in progress have not all arrived. */
  readonly #busy = new Map<VatNumber, number>();
  /** Their incarnation began after the last commit. */
  readonly #uncommitted = new Set<VatNumber>();
  #rebuilding = 0;
  #waiting: (() => void)[] = [];
  #order: readonly VatNumber[] = [];
  #pagedIn = 0;

  constructor({ online, maxVatsOnline, rebuild, warn }: PagerOptions) {
    this.#warn = warn;
    this.#online = online;
    this.#maxVatsOnline = maxVatsOnline;
    this.#rebuild = rebuild;
  }

  /** How many vats were rebuilt since the kernel was opened, beyond those of the opening. */
  get pagedIn(): number {
    return this.#pagedIn;
  }

  /** The vats to bring online at opening: `first`, then those used last, then the others. */
  chosen(view: ReadView, vats: readonly VatNumber[], first: readonly VatNumber[]): VatNumber[] {
    const used = readHint(view, ORDER_KEY, codec, this.#warn) ?? [];
    const wanted = new Set([...first, ...used, ...vats]);
    const running = new Set(vats);
    return [...wanted].filter(vat => running.has(vat)).slice(0, this.#maxVatsOnline);
  }

  /** The worker of a vat that is about to be delivered to; it stays until `release`. */
  acquire(vat: VatNumber): VatWorker | Promise<VatWorker> {
    this.#busy.set(vat, (this.#busy.get(vat) ?? 0) + 1);
    return this.#online.use(vat) ?? this.#bring(vat);
  }

  /** Everything that was delivered to the vat has been answered. */
  release(vat: VatNumber): void {
    const left = required(this.#busy.get(vat), 'a vat that is busy') - 1;
    if (left === 0) this.#busy.delete(vat);
    else this.#busy.set(vat, left);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** An incarnation has begun in this block. */
  began(vat: VatNumber): void {
    this.#uncommitted.add(vat);
  }

  /** The wave is over: what exceeds the limit goes, longest unused first. */
  endWave(): void {
    while (this.#online.count > this.#maxVatsOnline && this.#evict());
  }

  /** The block is durable. */
  committed(): void {
    this.#uncommitted.clear();
    this.endWave();
  }

  /** The order of use, if it has changed since it was last written. */
  changes(into: RowChange[]): void {
    const order = this.#online.byUse();
    if (order.length === this.#order.length && order.every((vat, i) => vat === this.#order[i])) {
      return;
    }
    this.#order = order;
    into.push({ table: 'local', key: ORDER_KEY, value: codec.encode(order) });
  }

  async #bring(vat: VatNumber): Promise<VatWorker> {
    while (this.#isFull && !this.#evict()) {
      // Where those that may not go fill the limit, and nobody is about to answer, it is exceeded.
      if (this.#busy.size <= this.#waiting.length + 1) break;
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    }
    this.#rebuilding += 1;
    try {
      const worker = await this.#rebuild(vat);
      this.#online.install(vat, worker);
      this.#pagedIn += 1;
      return worker;
    } catch (error) {
      if (error instanceof WorkerError) this.#online.markBroken(vat, error);
      throw error;
    } finally {
      this.#rebuilding -= 1;
    }
  }

  get #isFull(): boolean {
    const taken = this.#online.count + this.#rebuilding;
    return taken >= this.#maxVatsOnline + ONLINE_EXCESS_MAX;
  }

  /** Takes the worker of the vat that was unused longest, if one may go. */
  #evict(): boolean {
    const vat = this.#online
      .byUse()
      .findLast(it => !this.#busy.has(it) && !this.#uncommitted.has(it));
    if (vat === undefined) return false;
    assert(this.#online.pageOut(vat), `${vatIdOf(vat)} is online`);
    return true;
  }
}
