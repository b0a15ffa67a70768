/**
 * References to be looked at, of both kinds: a set that goes on beside one that is read anew from
 * its store after each block gives the same ones, and writes the same rows.
 *
 * The seeds are printed; HEIRLOOM_SEED=n repeats one.
 */
import { DUE_PREFIX, type Store } from '@heirloom/store';
import { expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { runFreshSeeds, seededRandom, type Random } from '../../../../test/support/suite/random.js';
import { commitTables, withTwoStores } from '../testing/test-store.js';
import { DueKRefs } from './due-krefs.js';
import { spellings } from './kernel-keys.js';
import { ROW_WEIGHT } from './kernel-table.js';
import { compareStored, objectKRef, promiseKRef, type KRef } from './krefs.js';

const SEEDS = amount({ quick: 4, thorough: 40 });
const STEPS = 200;
/** So few that the same ones come again, and so large that a number has several bytes. */
const NUMBERS = [1, 2, 3, 4, 5, 6, 255, 256, 257, 65_535, 65_536, 2 ** 40];
const KREFS = NUMBERS.flatMap(n => [objectKRef(n), promiseKRef(n)]);

const read = (store: Store): DueKRefs =>
  new DueKRefs(store, { prefix: DUE_PREFIX, ...spellings.due });

class Run {
  readonly #random: Random;
  readonly #stores: readonly [Store, Store];
  readonly #running: DueKRefs;
  #again: DueKRefs;

  constructor(seed: number, stores: readonly [Store, Store]) {
    this.#random = seededRandom(seed);
    this.#stores = stores;
    this.#running = read(stores[0]);
    this.#again = read(stores[1]);
  }

  get #both(): readonly [DueKRefs, DueKRefs] {
    return [this.#running, this.#again];
  }

  async step(): Promise<void> {
    const kref = KREFS[this.#random.below(KREFS.length)]!;
    const choice = this.#random.below(20);
    if (choice < 12) this.#forBoth(due => due.add(kref));
    else if (choice < 14) this.#forBoth(due => due.delete(kref));
    else if (choice < 15) this.#tryAndForget(kref);
    else if (choice < 18) this.#take(this.#random.below(6));
    else await this.#commit();
    for (const due of this.#both) {
      const changes: object[] = [];
      due.changes(changes as never);
      expect(due.dirtyCount).toBe(changes.length);
      expect(due.dirtyBytes).toBe(changes.length * ROW_WEIGHT);
    }
  }

  #forBoth(work: (due: DueKRefs) => void): void {
    this.#both.forEach(work);
  }

  /** What a trial does. */
  #tryAndForget(kref: KRef): void {
    this.#forBoth(due => {
      const before = due.snapshot();
      due.add(kref);
      due.restore(before);
    });
  }

  #take(limit: number): void {
    const [taken, again] = this.#both.map(due => due.take(limit));
    expect(again).toEqual(taken);
  }

  async #commit(): Promise<void> {
    const written = await commitTables(this.#stores[0], this.#running);
    expect(await commitTables(this.#stores[1], this.#again)).toEqual(written);
    this.#again = read(this.#stores[1]);
    expect(this.#again.snapshot()).toEqual(this.#running.snapshot());
    expect(this.#both.map(due => due.dirtyCount)).toEqual([0, 0]);
  }
}

const SIZED = { tags: ['sized'] };
test('due references: of both kinds, read anew after a block -> the same', SIZED, async () => {
  await runFreshSeeds('due-krefs.model.test', SEEDS, seed =>
    withTwoStores(async stores => {
      const run = new Run(seed, stores);
      for (let step = 0; step < STEPS; step += 1) await run.step();
    }),
  );
});

test('due references: the order of references -> that of their keys', () => {
  const byKey = [...KREFS].sort((a, b) =>
    spellings.due.spell(a) < spellings.due.spell(b) ? -1 : 1);
  expect([...KREFS].sort(compareStored)).toEqual(byKey);
});
