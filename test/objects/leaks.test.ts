/** Nothing stays behind of what vats made for each other and let go, in both modes. */
import type { GcMode, Kernel } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { countRows } from '../support/stores/store-rows.js';

const ROUNDS = amount({ quick: 120, thorough: 5_000 });
const BATCH = amount({ quick: 40, thorough: 250 });
const VATS = ['alice', 'bob'] as const;

class Exchange {
  readonly directory: string;
  readonly #gc: GcMode;
  #kernel: Kernel | undefined;
  #bundleId = '';

  constructor(directory: string, gc: GcMode) {
    this.directory = directory;
    this.#gc = gc;
  }

  async begin(): Promise<void> {
    const { directory } = this;
    const parameters = { gc: this.#gc };
    this.#kernel = await kernelOver({ directory, blocks: 'host', parameters });
    this.#bundleId = await this.#block(this.#it.installBundle(await fixture('garbage/leaker.js')));
    const bundleId = this.#bundleId;
    for (const name of VATS) await this.#block(this.#it.createVat({ name, bundleId }));
  }

  /** Each vat has the other make and take things. */
  async rounds(count: number): Promise<void> {
    const [alice, bob] = VATS.map(name => this.#it.vat(name).root);
    for (let first = 0; first < count; first += BATCH) {
      const args = [first, Math.min(BATCH, count - first) / 2];
      const both = [
        this.#it.send(alice!, 'rounds', [bob, ...args]),
        this.#it.send(bob!, 'rounds', [alice, ...args]),
      ];
      await this.#block(Promise.all(both.map(({ result }) => result)));
    }
  }

  /** Whatever ends an incarnation's hold on garbage in this mode; then all of it is worked off. */
  async settle(): Promise<void> {
    const bundleId = this.#bundleId;
    for (let i = 0; i < 3; i += 1) {
      if (this.#gc === 'engine') await this.#block(this.#it.reapAll());
      else {
        for (const name of VATS) {
          await this.#block(this.#it.upgradeVat(this.#it.vat(name).vatId, { bundleId }));
        }
      }
    }
  }

  /** Rows by table; every vat's rows are audited, and compared with the kernel's tables. */
  async counts(): Promise<Record<string, number>> {
    expect(this.#it.audit({ rows: true }).findings).toEqual([]);
    return countRows(this.directory);
  }

  get #it(): Kernel {
    return this.#kernel!;
  }

  async #block<T>(work: Promise<T>): Promise<T> {
    await this.#it.run();
    await this.#it.commit();
    return work;
  }
}

describe.each(['engine', 'consensus'] as const)('leaks, gc: %s', gc => {
  const title = `${ROUNDS} rounds of making, exporting and dropping -> the rows of before`;
  // `npm test`: as benches and single kernels collect.
  const options = gc === 'engine' ? { tags: ['sized'] } : { tags: ['thorough'] };
  test(title, options, async () => {
    const exchange = new Exchange(await freshDirectory(), gc);
    await exchange.begin();
    await exchange.rounds(BATCH);
    await exchange.settle();
    const before = await exchange.counts();
    await exchange.rounds(ROUNDS);
    await exchange.settle();
    expect(await exchange.counts()).toEqual(before);
  });
});
