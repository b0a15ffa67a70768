/**
 * Hands every vat its part of a wave; at most `threads` vats run at a time, in order of their first
 * delivery. Changes no outcome: cranks wait here until they are merged, in queue order. While those
 * that wait have many bytes, no other vat begins, but for one whose crank is to be merged next.
 */
import { required } from '@heirloom/store';
import type { VatNumber } from '@heirloom/worker';
import { Deferred } from '../base/deferred.js';
import type { Pager } from '../vats/pager.js';
import type { HandedBundle, VatWorker, WaveDeliveries } from '../vats/vat-worker.js';

/** Bytes of cranks that wait to be merged, above which no vat begins its part. */
export const AHEAD_BYTES_MAX = 2 ** 27;

export interface DispatchPart {
  readonly vat: VatNumber;
  /** Those that the part may ask for and the store does not show yet. */
  readonly bundles: readonly HandedBundle[];
  readonly wave: WaveDeliveries;
}

interface Turn {
  /** Undefined until the vat has been handed its part. */
  worker: VatWorker | undefined;
  readonly started: Deferred<VatWorker>;
}

export type DispatchPager = Pick<Pager, 'acquire' | 'release'>;

const newTurn = (): Turn => {
  const started = new Deferred<VatWorker>();
  // Whoever waits for a crank is told; a wave that fails otherwise has nobody waiting.
  started.promise.catch(() => undefined);
  return { worker: undefined, started };
};

export class Dispatch {
  readonly #pager: DispatchPager;
  /** In order of first delivery. */
  readonly #waiting = new Map<VatNumber, DispatchPart>();
  readonly #turns = new Map<VatNumber, Turn>();
  /** Vats that may begin, as far as threads go. */
  #free: number;
  /** Whose crank is to be merged next. */
  #wanted: VatNumber | undefined;

  constructor(pager: DispatchPager, parts: readonly DispatchPart[], threads: number) {
    this.#pager = pager;
    this.#free = threads;
    for (const part of parts) {
      this.#waiting.set(part.vat, part);
      this.#turns.set(part.vat, newTurn());
    }
    this.#fill();
  }

  /** The packed crank of a vat's next delivery; at once if it has arrived. */
  nextCrank(vat: VatNumber): Uint8Array | Promise<Uint8Array> {
    this.#wanted = vat;
    this.#fill();
    const turn = this.#turnOf(vat);
    return turn.worker?.nextCrank() ?? turn.started.promise.then(worker => worker.nextCrank());
  }

  #turnOf(vat: VatNumber): Turn {
    return required(this.#turns.get(vat), "a vat's part in the wave");
  }

  get #aheadBytes(): number {
    let bytes = 0;
    for (const { worker } of this.#turns.values()) bytes += worker?.unmergedBytes ?? 0;
    return bytes;
  }

  #fill(): void {
    while (this.#free > 0 && this.#waiting.size > 0) {
      const [next] = this.#waiting.values();
      const wanted = this.#wanted === undefined ? undefined : this.#waiting.get(this.#wanted);
      const part = this.#aheadBytes < AHEAD_BYTES_MAX ? next : wanted;
      if (part === undefined) return;
      this.#begin(part);
    }
  }

  #begin(part: DispatchPart): void {
    this.#waiting.delete(part.vat);
    this.#free -= 1;
    const turn = this.#turnOf(part.vat);
    const worker = this.#pager.acquire(part.vat);
    if (worker instanceof Promise) {
      worker.then(
        it => this.#run(part, turn, it),
        (error: unknown) => {
          this.#pager.release(part.vat);
          turn.started.reject(error);
        },
      );
    } else this.#run(part, turn, worker);
  }

  #run({ vat, wave, bundles }: DispatchPart, turn: Turn, worker: VatWorker): void {
    turn.worker = worker;
    worker.hand(bundles);
    worker.deliver(wave);
    turn.started.resolve(worker);
    void worker.delivered().then(() => {
      this.#pager.release(vat);
      this.#free += 1;
      this.#fill();
    });
  }
}
