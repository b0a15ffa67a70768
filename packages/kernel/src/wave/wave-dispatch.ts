/**
 * Hands every vat its part of a wave; at most `threads` vats run at a time, in order of their first
 * delivery. Changes no outcome: cranks wait here until they are merged, in queue order.
 */
import { required } from '@heirloom/store';
import type { VatNumber } from '@heirloom/worker';
import { Deferred } from '../base/deferred.js';
import type { Pager } from '../vats/pager.js';
import type { HandedBundle, VatWorker, WaveDeliveries } from '../vats/vat-worker.js';

interface DispatchPart {
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

const newTurn = (): Turn => {
  const started = new Deferred<VatWorker>();
  // Whoever waits for a crank is told; a wave that fails otherwise has nobody waiting.
  started.promise.catch(() => undefined);
  return { worker: undefined, started };
};

export class Dispatch {
  readonly #pager: Pager;
  readonly #waiting: DispatchPart[];
  readonly #turns = new Map<VatNumber, Turn>();

  constructor(pager: Pager, parts: readonly DispatchPart[], threads: number) {
    this.#pager = pager;
    this.#waiting = [...parts];
    for (const { vat } of parts) this.#turns.set(vat, newTurn());
    for (let n = 0; n < threads && this.#waiting.length > 0; n += 1) this.#next();
  }

  /** The packed crank of a vat's next delivery; at once if it has arrived. */
  nextCrank(vat: VatNumber): Uint8Array | Promise<Uint8Array> {
    const turn = this.#turnOf(vat);
    return turn.worker?.nextCrank() ?? turn.started.promise.then(worker => worker.nextCrank());
  }

  #turnOf(vat: VatNumber): Turn {
    return required(this.#turns.get(vat), "a vat's part in the wave");
  }

  #next(): void {
    const part = this.#waiting.shift();
    if (part === undefined) return;
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
      this.#next();
    });
  }
}
