/**
 * One wave: plan, dispatch to every vat in parallel, merge in queue order.
 *
 * Invariants: cranks are merged strictly in queue order, whichever thread finished first; a vat
 * that has ended in the wave has its later items rejected at their own places (rule W4); promise
 * names settled in the wave go when it ends (rule W3), and so does what nothing refers to (G1).
 */
import { vatIdOf, type VatId } from '@heirloom/worker';
import { retirePromise } from './clist.js';
import { acceptMessage, acceptNotify, crankDigest, mergeCrank, type Verdict } from './cranks.js';
import { freeUnreferenced, release } from './counts.js';
import { carryOut, type LifecycleContext, type Moment } from './lifecycle.js';
import { refuse } from './router.js';
import type { KRef } from './state/krefs.js';
import { keys } from './state/keys.js';
import { VatState, type VatNumber, type VatRow } from './state/schema.js';
import { cleanUpStep, endVat } from './termination.js';
import { planWave, type PlannedItem, type WaveLimits, type WavePlan } from './wave.js';

export interface WaveStats {
  /** Items taken off the run queue. */
  readonly items: number;
  /** Cranks of vats that were merged. */
  readonly cranks: number;
}

/** Told why a vat was ended; for the host's log. */
export type FaultObserver = (vatId: VatId, code: string, reason: Uint8Array) => void;

export interface WaveRunnerOptions extends LifecycleContext {
  readonly limits: WaveLimits & { readonly cleanupRowsMax: number };
  readonly onFault: FaultObserver;
  /** How many vats run at a time. */
  readonly threads: number;
}

type CrankItem = Extract<PlannedItem, { kind: 'message' | 'notify' }>;

export class WaveRunner {
  readonly #options: WaveRunnerOptions;

  constructor(options: WaveRunnerOptions) {
    this.#options = options;
  }

  /** Runs one wave. A HostError leaves the tables in the middle: the kernel must stop. */
  async run(moment: Moment): Promise<WaveStats> {
    const { router, limits } = this.#options;
    const { state } = router;
    const plan = planWave(state, limits);
    state.endCrank();
    this.#dispatch(plan, moment);
    const retired: [VatNumber, KRef][] = [];
    let cranks = 0;
    for (const item of plan.items) {
      state.queue.remove(item.ordinal);
      if (await this.#merge(item, moment, retired)) cranks += 1;
      state.endCrank();
    }
    for (const [vat, promise] of retired) retirePromise(state, vat, promise);
    cleanUpStep(state, limits.cleanupRowsMax);
    freeUnreferenced(state);
    state.endCrank();
    return { items: plan.items.length, cranks };
  }

  /** Hands every vat its part; at most `threads` vats run at a time. Changes no outcome. */
  #dispatch({ deliveries }: WavePlan, moment: Moment): void {
    const { router, online, threads } = this.#options;
    const waiting = [...deliveries].map(([vat, list]) => {
      const { position } = router.state.vatCounters.need(keys.vatCounters(vat));
      return { worker: online.get(vat), firstPosition: position, deliveries: list };
    });
    const next = (): void => {
      const work = waiting.shift();
      if (work === undefined) return;
      const { worker, ...part } = work;
      worker.deliver({ ...moment, ...part });
      void worker.delivered().then(next);
    };
    for (let running = 0; running < threads && waiting.length > 0; running += 1) next();
  }

  /** True when a crank was merged. */
  async #merge(
    item: PlannedItem,
    moment: Moment,
    retired: [VatNumber, KRef][],
  ): Promise<boolean> {
    const { router } = this.#options;
    switch (item.kind) {
      case 'message':
      case 'notify':
        return this.#mergeVatCrank(item, moment, retired);
      case 'refused':
        refuse(router, item.message);
        return false;
      case 'idle':
        release(router.state, item.promise);
        return false;
      case 'lifecycle':
        await carryOut(this.#options, item.item, moment);
        return false;
      default:
        throw TypeError(`unknown planned item ${String(item satisfies never)}`);
    }
  }

  async #mergeVatCrank(
    item: CrankItem,
    moment: Moment,
    retired: [VatNumber, KRef][],
  ): Promise<boolean> {
    const { router, online } = this.#options;
    const { state } = router;
    const { vat } = item;
    const row = state.vats.get(keys.vat(vat));
    if (row?.state !== VatState.running) {
      if (item.kind === 'message') refuse(router, item.message);
      else release(state, item.promise);
      return false;
    }
    const next = online.get(vat).nextCrank();
    const packed = next instanceof Uint8Array ? next : await next;
    if (item.kind === 'message') acceptMessage(state, vat, item.message);
    else {
      acceptNotify(state, vat, item.promise, item.batch);
      for (const promise of item.batch) retired.push([vat, promise]);
    }
    this.#conclude(item, row, packed, moment, retired);
    return true;
  }

  #conclude(
    item: CrankItem,
    row: VatRow,
    packed: Uint8Array,
    moment: Moment,
    retired: [VatNumber, KRef][],
  ): void {
    const { router } = this.#options;
    const { state } = router;
    const { vat } = item;
    const { incarnation, spaces } = row;
    const verdict = mergeCrank(router, { vat, incarnation }, spaces[0]!, packed);
    if (!verdict.ok) return this.#end(vat, verdict);
    const { effects } = verdict;
    for (const promise of effects.retired) retired.push([vat, promise]);
    const key = keys.vatCounters(vat);
    const counters = state.vatCounters.need(key);
    const { height, wave } = moment;
    const { position } = counters;
    state.record(vat, incarnation, position, [height, wave, item.delivery, crankDigest(packed)]);
    state.vatCounters.set(key, { ...counters, position: position + 1 });
    if (effects.exit !== undefined) this.#end(vat, undefined);
    return undefined;
  }

  #end(vat: VatNumber, verdict: Extract<Verdict, { ok: false }> | undefined): void {
    const { router, online, onFault } = this.#options;
    if (verdict !== undefined) onFault(vatIdOf(vat), verdict.code, verdict.reason.body);
    endVat(router, vat);
    online.remove(vat);
  }
}
