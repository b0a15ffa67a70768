/**
 * Random exchanges between vats of real kernels: things are made, sent, kept in every kind of
 * store, recognised, dropped; vats are upgraded, ended and made again, reaped; the kernel is closed
 * and opened. After every step everything is audited, rows of vats against the kernel's tables; in
 * the end all is let go and the tables are what they were.
 *
 * The seeds are printed; HEIRLOOM_SEED=n repeats one.
 */
import type { GcMode } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { freshSeeds, seededRandom, type Random } from '../support/suite/random.js';
import { amount } from '../support/suite/amounts.js';
import { Traders } from '../support/drivers/traders.js';

const VATS = ['alice', 'bob', 'carol', 'dave'] as const;
const STEPS = amount({ quick: 6, thorough: 45 });
const SEEDS = amount({ quick: 1, thorough: 2 });
const MESSAGES_MAX = 12;
const SORTS = ['thing', 'kit', 'facet', 'virtual', 'far', 'map', 'vmap'] as const;
const WEAK = ['weakmap', 'dweak', 'vweak'] as const;
const PLACES = ['ram', 'virtual', 'durable'] as const;
const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;
const PROMISES = ['p', 'q'] as const;

type Call = readonly [vat: string, method: string, ...args: unknown[]];

/** One kernel and a run of decisions. What a vat is told may make no sense: then it throws. */
class Exchange {
  readonly #traders: Traders;
  readonly #random: Random;
  readonly #seed: number;

  constructor(traders: Traders, seed: number) {
    this.#traders = traders;
    this.#random = seededRandom(seed);
    this.#seed = seed;
  }

  async step(): Promise<void> {
    const { kernel } = this.#traders;
    const calls = Array.from({ length: 1 + this.#random.below(MESSAGES_MAX) }, () => this.#call());
    for (const [vat, method, ...args] of calls) {
      const { result } = kernel.send(this.#traders.root(vat), method, args);
      // What makes no sense is refused by the vat: an outcome as good as any.
      result.catch(() => undefined);
    }
    await this.#event();
    // A block may end anywhere: between two waves as well.
    if (this.#random.chance(0.3)) {
      await kernel.run({ waves: 1 + this.#random.below(2) });
      await this.#traders.kernel.commit();
      this.audit('in the middle');
    }
    if (this.#random.chance(0.15)) await this.#traders.restart();
    else if (this.#random.chance(0.8)) await this.#traders.block(Promise.resolve());
  }

  audit(about: string): void {
    this.#traders.expectSound(`seed ${this.#seed}, ${about}`);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)]!;
  }

  #call(): Call {
    const vat = this.#pick(VATS);
    const where = this.#pick(PLACES);
    const name = this.#pick(NAMES);
    const to = this.#traders.root(this.#pick(VATS));
    const choice = this.#random.below(16);
    if (choice < 4) {
      const from = this.#random.chance(0.3) ? [[where, this.#pick(NAMES)]] : [];
      return [vat, 'make', this.#pick(SORTS), where, name, ...from];
    }
    if (choice < 7) return [vat, 'pass', where, name, to, this.#pick(PLACES), this.#pick(NAMES)];
    if (choice < 10) return [vat, 'drop', where, name];
    if (choice < 11) return [vat, 'show', where, name, to, this.#pick(WEAK)];
    if (choice < 12) return [vat, 'tellForget', where, name, to, this.#pick(WEAK)];
    if (choice < 13) return [vat, this.#random.chance(0.5) ? 'touch' : 'renew', where, name];
    return this.#promiseCall(vat, where, name, to);
  }

  #promiseCall(vat: string, where: string, name: string, to: unknown): Call {
    const promise = this.#pick(PROMISES);
    switch (this.#random.below(5)) {
      case 0:
        return [vat, 'open', promise];
      case 1:
        return [vat, 'pass', 'ram', promise, to, 'ram', this.#pick(PROMISES)];
      case 2:
        return [vat, 'watch', 'ram', promise];
      case 3:
        return [vat, 'drop', 'ram', promise];
      default: {
        const how = this.#random.chance(0.7) ? 'resolve' : 'reject';
        const also = this.#random.chance(0.7) ? [this.#pick(PROMISES)] : [];
        return [vat, 'settle', promise, how, where, name, ...also];
      }
    }
  }

  async #event(): Promise<void> {
    const { kernel, gc, bundleId } = this.#traders;
    const choice = this.#random.below(20);
    const name = this.#pick(VATS);
    if (choice < 2) {
      const fail = this.#random.chance(0.2) ? { fail: true } : undefined;
      const options = { bundleId, vatParameters: fail };
      kernel.upgradeVat(kernel.vat(name).vatId, options).catch(() => undefined);
    } else if (choice === 2) {
      await this.#traders.terminate(name);
      await this.#traders.create(name);
    } else if (choice < 7 && gc === 'engine') {
      await this.#within(kernel.reapAll());
    }
  }

  /** An input that needs no run to be taken. */
  async #within(input: Promise<unknown>): Promise<void> {
    input.catch(() => undefined);
    await Promise.resolve();
  }

  /** Everything that the vats hold, they let go. */
  async letGo(): Promise<void> {
    const { kernel } = this.#traders;
    await this.#traders.block(Promise.resolve()); // nothing is on its way any more
    for (const vat of VATS) {
      for (const name of [...NAMES, ...PROMISES]) {
        for (const where of PLACES) {
          kernel.send(this.#traders.root(vat), 'drop', [where, name]);
        }
      }
      // What only RAM holds goes with it; promises are rejected.
      void kernel.upgradeVat(kernel.vat(vat).vatId, { bundleId: this.#traders.bundleId });
    }
    await this.#traders.block(Promise.resolve());
    for (const vat of VATS) await this.#traders.warmUp(vat);
    await this.#traders.collect();
  }
}

describe.each<GcMode>(['engine', 'consensus'])('garbage, gc: %s', gc => {
  // `npm test`: as validators collect.
  const options = gc === 'consensus' ? { tags: ['sized'] } : { tags: ['thorough'] };
  test('random exchanges -> sound after every step, nothing left in the end', options, async () => {
    for (const seed of freshSeeds(SEEDS)) {
      console.log(`garbage.model.test, ${gc}: HEIRLOOM_SEED=${seed}`);
      const parameters = { reapInterval: 40, waveLimit: 16, cleanupRowsMax: 20, sweepRowsMax: 15 };
      const traders = await Traders.open(gc, VATS, parameters);
      try {
        const exchange = new Exchange(traders, seed);
        await exchange.letGo();
        const before = await traders.counts();
        for (let step = 0; step < STEPS; step += 1) {
          await exchange.step();
          exchange.audit(`step ${step}`);
        }
        await exchange.letGo();
        exchange.audit('let go');
        expect(await traders.counts(), `seed ${seed}`).toEqual(before);
      } finally {
        await traders.close();
      }
    }
  });
});
