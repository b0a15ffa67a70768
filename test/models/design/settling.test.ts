/**
 * Who decides a result changes when the item's crank is merged, not at wave start (rules.md#w1).
 *
 * The counterexample: two deliveries to one vat stand in one wave, and the first faults. If both
 * results were the vat's from wave start, its end rejects both; then the second item, whose vat has
 * ended (rules.md#w4), is rejected at its own position, and its result is settled a second time.
 *
 * The model: vats that take deliveries with a result each, settle it at once, later or never, and
 * now and then fault. A fault undoes the crank, so that its own result too is settled by the end.
 *
 * It checks a design and runs nothing of the product: `npm run test:all` runs it.
 */
import { describe, expect, test } from 'vitest';
import { runSeeds, seededRandom, type Random } from '../../support/suite/random.js';

type DeciderRule = 'atMerge' | 'atWaveStart';
type Decider = 'kernel' | number;

const VAT_COUNT = 3;
const ITEM_COUNT = 60;

interface Item {
  readonly vat: number;
  readonly result: number;
}

class Kernel {
  readonly #random: Random;
  readonly #rule: DeciderRule;
  readonly #deciders = new Map<number, Decider>();
  readonly #settlements = new Map<number, number>();
  readonly #ended = new Set<number>();
  readonly #queue: Item[];

  constructor(seed: number, rule: DeciderRule) {
    this.#random = seededRandom(seed);
    this.#rule = rule;
    this.#queue = Array.from({ length: ITEM_COUNT }, (_, result) => {
      this.#deciders.set(result, 'kernel');
      return { vat: this.#random.below(VAT_COUNT), result };
    });
  }

  /** Works the queue off, ends every vat, and returns a result not settled exactly once. */
  run(waveLimit: number): string | undefined {
    while (this.#queue.length > 0) {
      const wave = this.#queue.splice(0, waveLimit);
      if (this.#rule === 'atWaveStart') for (const item of wave) this.#handOver(item);
      for (const item of wave) this.#merge(item);
    }
    for (let vat = 0; vat < VAT_COUNT; vat += 1) this.#end(vat);
    for (let result = 0; result < ITEM_COUNT; result += 1) {
      const times = this.#settlements.get(result) ?? 0;
      if (times !== 1) return `result ${result} was settled ${times} times`;
    }
    return undefined;
  }

  #handOver(item: Item): void {
    if (!this.#ended.has(item.vat)) this.#deciders.set(item.result, item.vat);
  }

  #merge(item: Item): void {
    if (this.#ended.has(item.vat)) {
      this.#settle(item.result);
      return;
    }
    if (this.#rule === 'atMerge') this.#handOver(item);
    if (this.#random.chance(0.05)) {
      this.#end(item.vat);
      return;
    }
    for (const result of this.#decidedBy(item.vat)) {
      // A vat settles what was delivered to it, which is what the kernel handed over by now.
      if (result <= item.result && this.#random.chance(0.5)) this.#settle(result);
    }
  }

  #end(vat: number): void {
    if (this.#ended.has(vat)) return;
    this.#ended.add(vat);
    for (const result of this.#decidedBy(vat)) this.#settle(result);
  }

  #decidedBy(vat: number): number[] {
    return [...this.#deciders].filter(([, by]) => by === vat).map(([result]) => result);
  }

  #settle(result: number): void {
    this.#settlements.set(result, (this.#settlements.get(result) ?? 0) + 1);
    this.#deciders.delete(result);
  }
}

describe('W1: every result is settled exactly once', { tags: ['thorough'] }, () => {
  for (const waveLimit of [1, 4, 1024]) {
    test(`settling: decider set at merge, waves of ${waveLimit} -> once each`, () => {
      const { failed } = runSeeds(1000, seed => new Kernel(seed, 'atMerge').run(waveLimit));
      expect(failed).toEqual([]);
    });
  }

  for (const waveLimit of [4, 1024]) {
    test(`settling: decider set at wave start, waves of ${waveLimit} -> some twice`, () => {
      const { failed } = runSeeds(100, seed => new Kernel(seed, 'atWaveStart').run(waveLimit));
      expect(failed.length).toBeGreaterThan(0);
      expect(failed[0]).toMatch(/was settled 2 times$/);
    });
  }
});
