/**
 * Spaces that vats share against naive copies: forks, upgrades, ends, writes, undone cranks,
 * blocks, restarts and workers that come and go, while spaces are merged a row or two at a time. A
 * second kernel is started again after every block and must write the same (rules.md#t6).
 */
import {
  atOnce,
  heightAfter,
  keyFromBytes,
  MemoryPlace,
  readU32,
  Store,
  u32,
  type RowChange,
} from '@heirloom/store';
import {
  bundleIdFrom,
  FIRST_INCARNATION,
  nextIncarnation,
  spaceFrom,
  spaceOf,
  storedImageId,
  type Spaces,
  type VatNumber,
} from '@heirloom/worker';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveBase, ReplayBase } from '@heirloom/worker/scripted';
import { amount } from '../../../../test/support/suite/amounts.js';
import { handingOver } from '../state/hand-over.js';
import { STATIC_VAT } from '../state/kept-options.js';
import { ranges } from '../state/kernel-keys.js';
import { KernelState } from '../state/kernel-state.js';
import { FIRST_VAT_COUNTERS, VatState, type VatRow } from '../state/schema.js';
import { shareSpaces } from './shared-spaces.js';
import { cleanUpStep, hasRemains, noteEnded } from './termination.js';

const KEYS = ['a', 'b', 'bb', 'c', 'd'];
const RUNS = amount({ quick: 15, thorough: 200 });
const VATS_MAX = 7;
const SPACES_KEPT = 3;
const END = '\xff';

const someVat = { vat: fc.nat() };
const written = { key: fc.constantFrom(...KEYS), text: fc.option(fc.constantFrom('x', 'yy')) };
const step = fc.oneof(
  { weight: 9, arbitrary: fc.record({ type: fc.constant('write' as const), ...someVat,
    ...written }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('undone' as const), ...someVat,
    ...written }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('fork' as const), ...someVat }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('upgrade' as const), ...someVat }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('end' as const), ...someVat }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('waveEnd' as const),
    limit: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('commit' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('page' as const), ...someVat }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a worker has of its vat: a list, which the last block told, and rows since that block. */
interface Worker {
  spaces: Spaces;
  readonly retained: Map<string, string | null>;
}

interface Vat {
  readonly number: VatNumber;
  readonly copy: Map<string, string>;
  /** The rows when the incarnation began. */
  began: Map<string, string>;
  worker: Worker;
}

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'ascii'));
const toText = (bytes: Uint8Array | null | undefined): string | undefined =>
  bytes === null || bytes === undefined ? undefined : Buffer.from(bytes).toString('ascii');
const sorted = (rows: ReadonlyMap<string, string>): [string, string][] =>
  [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

class Family {
  readonly #store: Store;
  readonly #restarts: boolean;
  #state: KernelState;
  #vats: Vat[] = [];
  /** What each block has written. */
  readonly blocks: RowChange[][] = [];

  constructor(store: Store, restarts: boolean) {
    this.#store = store;
    this.#restarts = restarts;
    this.#state = this.#open();
    const number = this.#state.nextVat();
    this.#state.vats.create(number, {
      ...{ name: 'v', state: VatState.running, incarnation: FIRST_INCARNATION, previous: null },
      ...{ parameters: new Uint8Array(), slots: [], spaces: [spaceOf(number)], dismissed: [] },
      ...{ options: { ...STATIC_VAT, dynamic: true }, bundleId: bundleIdFrom('a'.repeat(128)) },
      imageId: storedImageId('i'),
    });
    this.#add(number, new Map(), new Map());
  }

  async take(one: Step): Promise<void> {
    if (one.type === 'waveEnd') {
      cleanUpStep(this.#state, one.limit);
      return this.#state.endCrank();
    }
    if (one.type === 'commit') return this.commit();
    const vat = this.#vats[one.vat % this.#vats.length]!;
    switch (one.type) {
      case 'write':
        this.#write(vat, one.key, one.text);
        vat.worker.retained.set(one.key, one.text);
        if (one.text === null) vat.copy.delete(one.key);
        else vat.copy.set(one.key, one.text);
        return this.#state.endCrank();
      case 'undone': {
        const mark = this.#state.mark();
        this.#write(vat, one.key, one.text);
        return this.#state.journal.rollback(mark);
      }
      case 'fork':
        return this.#fork(vat);
      case 'upgrade':
        return this.#upgrade(vat);
      case 'end':
        return this.#end(vat);
      case 'page':
        return this.#page(vat);
    }
  }

  async commit(): Promise<void> {
    const changes = this.#state.changes();
    const height = heightAfter(this.#store.head.height);
    await this.#store.commit({ height, changes, unhashed: [] });
    this.#state.committed();
    const byKey = ({ table, key }: RowChange): string => table + key;
    this.blocks.push(changes.sort((a, b) => (byKey(a) < byKey(b) ? -1 : 1)));
    for (const { worker } of this.#vats) worker.retained.clear();
    for (const [number, spaces] of this.#state.spaceLists.takeChanged()) {
      const vat = this.#vats.find(it => it.number === number);
      if (vat !== undefined) vat.worker.spaces = spaces;
    }
    if (!this.#restarts) return;
    this.#state = this.#open();
    for (const vat of this.#vats) this.#page(vat);
  }

  /** Kernel, worker and replay see the rows of the copies. */
  expectCopies(): void {
    const { rows, vats } = this.#state;
    for (const { number, copy, began, worker } of this.#vats) {
      const row = vats.need(number);
      expect(rows.keysWith(row.spaces, '')).toEqual([...copy.keys()].sort());
      for (const [key, text] of copy) expect(toText(rows.need(row.spaces, key))).toBe(text);
      const live = new LiveBase(this.#store, worker.spaces);
      const seen = new Map(worker.retained);
      for (const key of live.keysAfter('', END, 100)) {
        if (!seen.has(key)) seen.set(key, toText(live.get(key))!);
      }
      const present = [...seen].flatMap(([key, text]) => (text === null ? [] : [[key, text]]));
      expect(present.sort()).toEqual(sorted(copy));
      expect(this.#atStart(number, row)).toEqual(sorted(began));
    }
  }

  /** Nothing waits any more: no vat lists more than it needs, and no tombstone hides nothing. */
  async expectMerged(): Promise<void> {
    while (hasRemains(this.#state)) {
      cleanUpStep(this.#state, 2);
      this.#state.endCrank();
      this.expectCopies();
    }
    await this.commit();
    this.expectCopies();
    const lists = this.#vats.map(({ number }) => this.#state.vats.need(number).spaces);
    const spaces = new Set(lists.flat());
    for (const list of lists) expect(list.length).toBeLessThanOrEqual(SPACES_KEPT);
    const stored = this.#store.keysAfter('vatstore', '', END, 1_000);
    for (const key of stored) expect(spaces.has(spaceFrom(readU32(key, 0)))).toBe(true);
    const [only, other] = this.#vats;
    if (other === undefined) expect(stored.length).toBe(only!.copy.size);
  }

  /** All but one end: what stays are the rows of that one. */
  async endOthers(): Promise<void> {
    while (this.#vats.length > 1) this.#end(this.#vats[this.#vats.length % 2]!);
    await this.expectMerged();
  }

  /** What a replay is shown, by a hand-over of this moment. */
  #atStart(vat: VatNumber, row: VatRow): [string, string][] {
    const handing = handingOver(this.#state, vat, row, this.#state.height);
    const { height, rows, preImages } = atOnce(handing);
    expect(height).toBe(this.#store.head.height);
    const base = new ReplayBase({
      ...{ view: this.#store, vat, incarnation: row.incarnation, spaces: row.spaces },
      handed: new Map(
        rows.map(([key, value, born, written]) => [
          keyFromBytes(key),
          { value, born, written },
        ]),
      ),
      handedPreImages: new Map(preImages.map(([key, value]) => [keyFromBytes(key), value])),
    });
    const keys = base.keysAfter('', END, 100);
    return keys.map(key => [key, toText(base.get(key))!]);
  }

  #open(): KernelState {
    const { height } = this.#store.head;
    return new KernelState(this.#store, { promiseQueueMax: 10, height, spacesKept: SPACES_KEPT });
  }

  #add(number: VatNumber, copy: Map<string, string>, began: Map<string, string>): void {
    this.#state.vatCounters.create(number, FIRST_VAT_COUNTERS);
    const { spaces } = this.#state.vats.need(number);
    const vat = { number, copy, began, worker: { spaces, retained: new Map() } };
    this.#page(vat);
    this.#vats.push(vat);
    this.#state.endCrank();
  }

  /** Another worker takes the vat over. */
  #page(vat: Vat): void {
    const row = this.#state.vats.need(vat.number);
    const { rows } = atOnce(handingOver(this.#state, vat.number, row, this.#state.height));
    const retained = new Map<string, string | null>();
    for (const [key, value] of rows) retained.set(keyFromBytes(key), toText(value) ?? null);
    vat.worker = { spaces: row.spaces, retained };
  }

  #write({ number: vat }: Vat, key: string, text: string | null): void {
    const { incarnation, spaces } = this.#state.vats.need(vat);
    const own = this.#state.spaceLists.ownOf(spaces);
    const bytes = text === null ? null : toBytes(text);
    this.#state.rows.write({ vat, incarnation, spaces, own }, key, bytes);
  }

  #fork({ number: parent, copy, began }: Vat): void {
    if (this.#vats.length >= VATS_MAX) return;
    const state = this.#state;
    const number = state.nextVat();
    const spaces: Spaces = [spaceOf(number), ...shareSpaces(state, parent)];
    state.vats.create(number, { ...state.vats.need(parent), spaces });
    state.spaceLists.added(number, spaces);
    const { incarnation } = state.vats.need(parent);
    const { preImages } = state.rows;
    const prefix = u32(number);
    for (const [key, value] of [...preImages.all(ranges.preImages(parent, incarnation))]) {
      preImages.add(prefix + key.slice(prefix.length), value);
    }
    this.#add(number, new Map(copy), new Map(began));
  }

  #upgrade(vat: Vat): void {
    const { vats } = this.#state;
    noteEnded(this.#state, vat.number, false);
    const row = vats.need(vat.number);
    vats.set(vat.number, { ...row, incarnation: nextIncarnation(row.incarnation) });
    vat.began = new Map(vat.copy);
    this.#state.endCrank();
  }

  #end(vat: Vat): void {
    if (this.#vats.length === 1) return;
    const { vats } = this.#state;
    noteEnded(this.#state, vat.number, true);
    vats.set(vat.number, { ...vats.need(vat.number), state: VatState.terminated });
    this.#vats = this.#vats.filter(it => it !== vat);
    this.#state.endCrank();
  }
}

test('random families, merged in steps -> as of copies', { tags: ['sized'] }, async () => {
  const lives = fc.array(step, { minLength: 60, maxLength: 150, size: 'max' });
  const property = fc.asyncProperty(lives, async steps => {
    const families: Family[] = [];
    for (const restarts of [false, true]) {
      const store = await Store.openAt(new MemoryPlace(), { readersMax: 4 });
      const family = new Family(store, restarts);
      for (const one of steps) {
        await family.take(one);
        family.expectCopies();
      }
      await family.expectMerged();
      await family.endOthers();
      families.push(family);
    }
    expect(families[1]!.blocks).toEqual(families[0]!.blocks);
  });
  await fc.assert(property, { numRuns: RUNS });
});
