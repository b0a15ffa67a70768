/**
 * Nothing stays behind of what vats made for each other and let go, in both modes; nor, in the
 * memory of the kernel, of vats that have ended.
 */
import type { GcMode, Kernel } from '@heirloom/kernel';
import { queryObjects } from 'node:v8';
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

describe('leaks: vats that end', () => {
  const FIRST = 2;
  const VATS_ENDED = 8;

  /** Objects of each sort, in the whole process, that something still reaches. */
  const inMemory = async (): Promise<Record<string, number>> => {
    const tables = new URL('./state/kernel-table.js', import.meta.resolve('@heirloom/kernel'));
    const { KernelTable }: { KernelTable: new () => object } = await import(tables.href);
    const counts = [KernelTable, Map, Set].map(sort => [
      sort.name,
      Number(queryObjects(sort, { format: 'count' })),
    ]);
    return Object.fromEntries(counts);
  };

  test(`${VATS_ENDED} vats made and ended -> no table, map or set of any`, async () => {
    const kernel = await kernelOver({ spareThreads: 0 });
    const bundleId = await kernel.installBundle(await fixture('bank.js'));
    const vatParameters = { bonus: 0n };
    const live = async (name: string): Promise<void> => {
      const { vatId } = await kernel.createVat({ name, bundleId, vatParameters });
      await kernel.terminateVat(vatId);
      await kernel.idle();
    };
    for (let n = 0; n < FIRST; n += 1) await live(`first-${n}`);
    const before = await inMemory();
    for (let n = 0; n < VATS_ENDED; n += 1) await live(`later-${n}`);
    const after = await inMemory();
    for (const [sort, count] of Object.entries(after)) {
      expect(count - before[sort]!, `more of ${sort}`).toBeLessThan(VATS_ENDED);
    }
    expect(after['KernelTable']).toBeLessThanOrEqual(before['KernelTable']!);
  });
});
