/** Rows in layers of spaces against naive copies: a fork is a copy, whoever writes later. */
import { FIRST_INCARNATION, FIRST_VAT, spaceFrom, type Space, type Spaces } from '@heirloom/worker';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commitTables, openTestStore } from '../testing/test-store.js';
import { Journal } from './journal.js';
import { ranges } from './kernel-keys.js';
import { RowTable } from './row-table.js';

const KEYS = ['a', 'b', 'bb', 'c'];
const RUNS = 200;
const VATS_MAX = 4;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('write' as const), vat: fc.nat(),
    key: fc.constantFrom(...KEYS), text: fc.option(fc.constantFrom('x', 'yy')) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fork' as const), vat: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('undone' as const), vat: fc.nat(),
    key: fc.constantFrom(...KEYS) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Vat {
  spaces: Spaces;
  readonly copy: Map<string, string>;
}

let spacesMade = 0;
/** All runs share a store. */
const nextSpace = (): Space => spaceFrom((spacesMade += 1));

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'ascii'));

class Layers {
  readonly #journal = new Journal();
  readonly table: RowTable;
  readonly #store: Awaited<ReturnType<typeof openTestStore>>;
  readonly #vats: Vat[] = [{ spaces: [nextSpace()], copy: new Map() }];

  constructor(store: Awaited<ReturnType<typeof openTestStore>>) {
    this.#store = store;
    this.table = new RowTable(store, this.#journal);
  }

  async take(one: Step): Promise<void> {
    if (one.type === 'commit') {
      await commitTables(this.#store, this.table, this.table.preImages);
      this.#journal.clear();
      return this.expectCopies(new RowTable(this.#store, new Journal()));
    }
    const vat = this.#vats[one.vat % this.#vats.length]!;
    switch (one.type) {
      case 'write':
        this.#write(vat, one.key, one.text);
        if (one.text === null) vat.copy.delete(one.key);
        else vat.copy.set(one.key, one.text);
        return undefined;
      case 'fork':
        return this.#fork(vat);
      case 'undone': {
        const mark = this.#journal.mark();
        const gone = this.table.has(vat.spaces, one.key) ? null : 'z';
        this.#write(vat, one.key, gone);
        this.#journal.rollback(mark);
        return undefined;
      }
    }
  }

  expectCopies(table = this.table): void {
    for (const { spaces, copy } of this.#vats) {
      expect(table.keysWith(spaces, '')).toEqual([...copy.keys()].sort());
      for (const key of KEYS) {
        expect(table.has(spaces, key)).toBe(copy.has(key));
        const text = copy.get(key);
        if (text !== undefined) expect(table.need(spaces, key)).toEqual(toBytes(text));
      }
    }
  }

  /** Every row of every space, taken out again: nothing is left in the store. */
  async forgetAll(): Promise<void> {
    const spaces = new Set(this.#vats.flatMap(vat => [...vat.spaces]));
    for (const space of spaces) {
      while (this.table.forgetSpace(space, 2) > 0);
      expect(this.table.isEmpty(space)).toBe(true);
    }
    await commitTables(this.#store, this.table, this.table.preImages);
    for (const space of spaces) {
      const { prefix, end } = ranges.space(space);
      expect(this.#store.keysAfter('vatstore', prefix, end, 10)).toEqual([]);
    }
  }

  #write({ spaces }: Vat, key: string, text: string | null): void {
    const bytes = text === null ? null : toBytes(text);
    const writer = { vat: FIRST_VAT, incarnation: FIRST_INCARNATION, spaces, own: 1 };
    this.table.write(writer, key, bytes);
  }

  #fork(vat: Vat): void {
    if (this.#vats.length >= VATS_MAX) return;
    const [top, ...rest] = vat.spaces;
    const below = rest.length > 0 && this.table.isEmpty(top!) ? rest : vat.spaces;
    if (below === vat.spaces) vat.spaces = [nextSpace(), ...below];
    this.#vats.push({ spaces: [nextSpace(), ...below], copy: new Map(vat.copy) });
  }
}

test('random writes, deletions, forks, undone writes and commits -> as of copies', async () => {
  const store = await openTestStore();
  const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
    const layers = new Layers(store);
    for (const one of steps) {
      await layers.take(one);
      layers.expectCopies();
    }
    await layers.forgetAll();
  });
  await fc.assert(property, { numRuns: RUNS });
});
