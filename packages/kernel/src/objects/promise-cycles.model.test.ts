/**
 * Promises that hold each other, in random graphs that grow, are let go of and are searched in
 * steps of any size, against a collector that walks everything. Cranks are undone, blocks end
 * anywhere, and one of two kernels' tables is read anew from its store after each: both write the
 * same rows. Objects that nobody holds are looked at among the promises.
 *
 * The seeds are printed; HEIRLOOM_SEED=n repeats one.
 */
import { FIRST_HEIGHT, heightAfter, type RowChange, type Store } from '@heirloom/store';
import { expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { runFreshSeeds, seededRandom, type Random } from '../../../../test/support/suite/random.js';
import { KernelState } from '../state/kernel-state.js';
import { objectKRef, promiseKRef, type KRef } from '../state/krefs.js';
import { KERNEL_DECIDES, NOBODY_OWNS } from '../state/parties.js';
import { PromiseState, Reach } from '../state/schema.js';
import { withTwoStores } from '../testing/test-store.js';
import { hold, release } from './counts.js';
import { freeUnreferenced } from './freeing.js';
import { GarbageWork } from './garbage-work.js';
import { makePromise, send, settle } from './router.js';

const SEEDS = amount({ quick: 4, thorough: 40 });
const STEPS = 80;
const STEP_WORK_MAX = 60;
const OPTIONS = { promiseQueueMax: 100, height: FIRST_HEIGHT };
const BODY = new Uint8Array();
const ORPHAN = 'o+1';

/** What one crank did, to be done to both tables. */
type Deed =
  | readonly ['make' | 'object']
  | readonly ['hold' | 'release', KRef]
  | readonly ['settle' | 'send', KRef, readonly KRef[]];

/** An object that nobody owns or holds. */
const makeOrphan = (state: KernelState): void => {
  const kref = objectKRef(state.next('nextObject'));
  state.objects.create(kref, [NOBODY_OWNS, ORPHAN, 0, 0, Reach.allocated, '']);
  state.maybeFree.add(kref);
};

/** Numbers of objects and of promises are mixed. */
const newState = (store: Store): KernelState => {
  const state = new KernelState(store, OPTIONS);
  while (state.counters.nextObject < state.counters.nextPromise) state.next('nextObject');
  state.endCrank();
  return state;
};

const perform = (state: KernelState, deed: Deed): void => {
  switch (deed[0]) {
    case 'make':
      makePromise(state, { decider: KERNEL_DECIDES, subscribers: [], references: 1 });
      return;
    case 'object':
      makeOrphan(state);
      return;
    case 'hold':
      hold(state, deed[1]);
      return;
    case 'release':
      release(state, deed[1]);
      return;
    case 'settle':
      settle(state, deed[1], { rejected: false, body: BODY, slots: deed[2] });
      return;
    case 'send':
      send(state, { target: deed[1], body: BODY, slots: deed[2], result: undefined });
      return;
    default:
      throw TypeError(`unknown deed ${String(deed satisfies never)}`);
  }
};

/** Everything, as someone sees it who walks. Unresolved promises are held until they settle. */
class Walked {
  readonly holders = new Map<KRef, number>();
  readonly data = new Map<KRef, readonly KRef[]>();
  readonly waiting = new Map<KRef, KRef[]>();

  copy(): Walked {
    const copy = new Walked();
    for (const [kref, n] of this.holders) copy.holders.set(kref, n);
    for (const [kref, slots] of this.data) copy.data.set(kref, slots);
    for (const [kref, slots] of this.waiting) copy.waiting.set(kref, [...slots]);
    return copy;
  }

  reached(): Set<KRef> {
    const reached = new Set<KRef>();
    const open = [...this.holders].filter(([, n]) => n > 0).map(([kref]) => kref);
    for (let kref = open.pop(); kref !== undefined; kref = open.pop()) {
      if (reached.has(kref)) continue;
      reached.add(kref);
      open.push(...(this.data.get(kref) ?? this.waiting.get(kref) ?? []));
    }
    return reached;
  }

  did(deed: Deed, next: KRef): void {
    const [what, kref = next] = deed;
    if (what === 'object') return;
    const by = what === 'make' || what === 'hold' ? 1 : what === 'release' ? -1 : 0;
    this.holders.set(kref, (this.holders.get(kref) ?? 0) + by);
    if (deed[0] === 'settle') {
      this.data.set(deed[1], deed[2]);
      this.waiting.delete(deed[1]);
    } else if (deed[0] === 'send' && !this.data.has(deed[1])) {
      this.waiting.set(deed[1], [...(this.waiting.get(deed[1]) ?? []), ...deed[2]]);
    }
  }
}

/** In order of the keys. */
const commit = async (store: Store, state: KernelState): Promise<RowChange[]> => {
  const changes = state.changes();
  await store.commit({ height: heightAfter(store.head.height), changes, unhashed: [] });
  state.committed();
  return changes.sort((a, b) => (a.key < b.key ? -1 : 1));
};

class Run {
  readonly #random: Random;
  readonly #stores: readonly Store[];
  #states: KernelState[];
  #walked = new Walked();

  constructor(seed: number, stores: readonly Store[]) {
    this.#random = seededRandom(seed);
    this.#stores = stores;
    this.#states = stores.map(newState);
  }

  get #state(): KernelState {
    return this.#states[0]!;
  }

  /** A crank, and perhaps its end: the wave's, or the block's. */
  async step(): Promise<void> {
    const before = this.#walked.copy();
    const marks = this.#states.map(state => state.mark());
    for (let n = this.#random.below(8); n > 0; n -= 1) this.#deed();
    if (this.#random.chance(0.3)) {
      this.#states.forEach((state, i) => state.journal.rollback(marks[i]!));
      this.#walked = before;
    }
    this.#forAll(state => state.endCrank());
    if (this.#random.chance(0.6)) this.#free(this.#work());
    if (this.#random.chance(0.15)) await this.#commit();
  }

  /** Mostly so little that searches take many steps. */
  #work(): number {
    return 1 + this.#random.below(this.#random.chance(0.7) ? 6 : STEP_WORK_MAX);
  }

  #forAll(work: (state: KernelState) => void): void {
    for (const state of this.#states) work(state);
  }

  #free(work: number): void {
    this.#forAll(state => {
      freeUnreferenced(state, new GarbageWork(work));
      state.endCrank();
    });
    for (const kref of this.#walked.reached()) {
      expect(this.#state.promises.get(kref), `promise ${kref} is reached`).toBeDefined();
    }
  }

  /** What a host of both would see: the same rows. The second is read anew. */
  async #commit(): Promise<void> {
    this.#free(this.#work());
    const written: RowChange[][] = [];
    for (const [i, store] of this.#stores.entries()) {
      written.push(await commit(store, this.#states[i]!));
    }
    expect(written[1]).toEqual(written[0]);
    const again = new KernelState(this.#stores[1]!, OPTIONS);
    expect(again.hasGarbageLeft).toBe(this.#state.hasGarbageLeft);
    this.#states[1] = again;
  }

  #pick(list: readonly KRef[]): KRef | undefined {
    return list[this.#random.below(list.length)];
  }

  #deed(): void {
    const deed = this.#choose();
    if (deed === undefined) return;
    const next = promiseKRef(this.#state.counters.nextPromise);
    this.#forAll(state => perform(state, deed));
    this.#walked.did(deed, next);
  }

  #choose(): Deed | undefined {
    const reached = [...this.#walked.reached()];
    const open = reached.filter(kref => !this.#walked.data.has(kref));
    const mentions = (): KRef[] =>
      Array.from({ length: this.#random.below(5) }, () => this.#pick(reached)).filter(
        kref => kref !== undefined,
      );
    const choice = this.#random.below(12);
    if (choice < 3) return ['make'];
    const unresolved = this.#pick(open);
    if (choice < 6) return unresolved && ['settle', unresolved, mentions()];
    if (choice < 7) return unresolved && ['send', unresolved, mentions()];
    const one = this.#pick(reached);
    if (choice < 8) return one && ['hold', one];
    const held = [...this.#walked.holders]
      .filter(([kref, n]) => n > (this.#walked.data.has(kref) ? 0 : 1))
      .map(([kref]) => kref);
    if (choice >= 10) return ['object'];
    const let_ = this.#pick(held);
    return let_ && ['release', let_];
  }

  /** All that is left to do is done: what is there is what is reached. */
  async end(): Promise<void> {
    for (const kref of this.#walked.reached()) {
      if (this.#walked.data.has(kref)) continue;
      const deed: Deed = ['settle', kref, [...this.#walked.reached()].slice(0, 2)];
      this.#forAll(state => perform(state, deed));
      this.#walked.did(deed, kref);
    }
    await this.#settleDown();
    this.#expectExact();
    for (const [kref, n] of this.#walked.holders) {
      for (let i = 0; i < n; i += 1) this.#forAll(state => release(state, kref));
      this.#walked.holders.set(kref, 0);
    }
    await this.#settleDown();
    this.#expectExact();
  }

  async #settleDown(): Promise<void> {
    do await this.#commit();
    while (this.#state.hasGarbageLeft);
  }

  #expectExact(): void {
    const made = [...this.#walked.holders.keys()];
    const there = made.filter(kref => this.#state.promises.get(kref) !== undefined);
    expect(there.sort()).toEqual([...this.#walked.reached()].sort());
    for (const kref of there) {
      expect(this.#state.promises.need(kref).state).toBe(PromiseState.fulfilled);
    }
  }
}

const SIZED = { tags: ['sized'] };
test('promise cycles: random graphs, steps of any size -> what a walk finds', SIZED, async () => {
  await runFreshSeeds('promise-cycles.model.test', SEEDS, seed =>
    withTwoStores(async stores => {
      const run = new Run(seed, stores);
      for (let step = 0; step < STEPS; step += 1) await run.step();
      await run.end();
    }),
  );
});
