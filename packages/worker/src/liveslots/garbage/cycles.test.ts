/**
 * Things that only hold each other: found by sweeps of the next incarnation, in steps of any size,
 * whatever vat code does meanwhile; what is held is never touched.
 */
import '../../testing/plain-worker.js';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amount } from '../../../../../test/support/suite/amounts.js';
import { FromWorker } from '../../protocol/opcodes.js';
import { makePlainHarness } from '../../testing/plain-worker.js';
import { Puppet, type Operation } from '../../testing/puppet.js';

const begin = async (...operations: readonly Operation[]): Promise<Puppet> => {
  const vat = new Puppet(makePlainHarness());
  await vat.start();
  await vat.run(...operations);
  return vat;
};
const thingsOf = (vat: Puppet): string[] => [...vat.audit().things.keys()].sort();
/** The next incarnation, swept as always. */
const upgrade = async (vat: Puppet): Promise<void> => {
  await vat.start();
  await vat.sweep();
};
const replay = async ({ vat }: Puppet): Promise<void> => {
  const [told, ...rest] = await vat.replay();
  assert.equal(told, FromWorker.replayed, JSON.stringify(rest));
};
const PAIR: readonly Operation[] = [
  ['make', 'node', 'a'],
  ['make', 'node', 'b', 'a'],
  ['set', 'a', 'b'],
];

describe('cycles:', () => {
  it('a pair that nothing else holds -> stays in plain sweeps, goes with cycles', async () => {
    const vat = await begin(...PAIR, ['make', 'node', 'c', 'a'], ['init', '@baggage', '#c', 'c']);
    await upgrade(vat);
    expect(thingsOf(vat)).toEqual(['o+d10/1', 'o+d10/2', 'o+d10/3']);
    await vat.run(['delete', '@baggage', '#c']);
    await vat.sweep(100, true);
    // It was held when the incarnation began.
    expect(thingsOf(vat)).toHaveLength(3);
    await upgrade(vat);
    expect(thingsOf(vat)).toEqual(['o+d10/1', 'o+d10/2']);
    await vat.sweep(100, true);
    expect(thingsOf(vat)).toEqual([]);
  });

  it.each([
    ['itself', [['make', 'node', 'a'], ['set', 'a', 'a']]],
    ['a kit, by either facet', [['make', 'kit', 'k'], ['set', 'k', 'k.b']]],
    ['a map', [['make', 'dmap', 'm'], ['init', 'm', 'x', 'm']]],
    ['a map, as a key', [['make', 'dmap', 'm'], ['make', 'node', 'n', 'm'], ['init', 'm', 'n', 1]]],
    ['a set', [['make', 'dset', 's'], ['make', 'node', 'n', 's'], ['add', 's', 'n']]],
    [
      'maps and nodes, with imports',
      [
        ['make', 'dmap', 'm'],
        ['make', 'node', 'n', 'm', { vref: 'o-9' }],
        ['init', 'm', 'a', 'n'],
        ['init', 'm', 'b', 'm'],
      ],
    ],
    [
      'a weak map and its value',
      [
        ['make', 'dweak', 'w'],
        ['make', 'node', 'key'],
        ['make', 'node', 'value', 'w', 'key'],
        ['init', 'w', 'key', 'value'],
      ],
    ],
  ] as [string, Operation[]][])('%s -> nothing is left', async (_what, operations) => {
    // Rows of counters are there from then on.
    const vat = await begin(['make', 'node', 'x'], ['make', 'kit', 'y'], ['make', 'dmap', 'z']);
    await upgrade(vat);
    const keys = vat.keys();
    await vat.run(...operations);
    await upgrade(vat);
    expect(thingsOf(vat)).not.toEqual([]);
    await vat.sweep(100, true);
    expect(thingsOf(vat)).toEqual([]);
    expect(vat.keys()).toEqual(keys);
  });

  it('what the kernel reaches, watches and the baggage hold -> stays', async () => {
    const vat = await begin(
      ...PAIR,
      ['make', 'node', 'c', 'a'],
      ['make', 'dmap', 'm'],
      ['init', 'm', 'self', 'm'],
      ['init', '@baggage', '#m', 'm'],
      ['make', 'dset', 's'],
      ['make', 'kit', 'k', 's'],
      ['add', 's', 'k.b'],
      ['init', '@baggage', '#k', 'k'],
    );
    await vat.vrefOf('c');
    await upgrade(vat);
    await vat.sweep(100, true);
    expect(thingsOf(vat)).toHaveLength(6);
    await vat.dropExports('o+d10/3');
    await vat.start();
    const told = await vat.sweep(100, true);
    expect(thingsOf(vat)).toEqual(['o+d11/1', 'o+d6/4', 'o+d8/5']);
    expect(told.retireExports).toEqual(['o+d10/3']);
  });

  it('an import that only a cycle holds -> is dropped and retired', async () => {
    const vat = await begin();
    await vat.run(['make', 'node', 'a'], ['set', 'a', 'a', vat.newImport()]);
    await upgrade(vat);
    const told = await vat.sweep(100, true);
    expect([told.dropImports, told.retireImports]).toEqual([['o-1'], ['o-1']]);
  });

  it('a chain of 3,000 with its end tied to its beginning -> goes in small steps', async () => {
    const make: Operation[] = [['make', 'node', 'n0']];
    for (let n = 1; n < 3_000; n += 1) make.push(['make', 'node', `n${n}`, `n${n - 1}`]);
    const vat = await begin(...make, ['set', 'n0', 'n2999']);
    await upgrade(vat);
    let steps = 0;
    while (await vat.sweepStep(500)) steps += 1;
    expect(steps).toBeGreaterThan(12);
    expect(thingsOf(vat)).toEqual([]);
  });

  it('a replay in the middle -> goes on where it was', async () => {
    const vat = await begin(...PAIR, ['make', 'dmap', 'm'], ['init', 'm', 'm', 'm']);
    await upgrade(vat);
    for (let n = 0; n < 7; n += 1) expect(await vat.sweepStep(1)).toBe(true);
    await replay(vat);
    await vat.sweep(2, true);
    expect(thingsOf(vat)).toEqual([]);
  });
});

interface Thing {
  readonly sort: 'node' | 'dmap';
  readonly vref: string;
  links: Thing[];
}

/** A random life, and what it leaves as a naive walk finds it. */
class Life {
  readonly #vat = new Puppet(makePlainHarness());
  readonly #next: (bound: number) => number;
  #things: Thing[] = [];
  readonly #baggage = new Map<string, Thing>();
  readonly #exports = new Set<Thing>();
  #held = new Map<string, Thing>();
  #nodes = 0;
  #maps = 3;
  #names = 0;

  constructor(next: (bound: number) => number) {
    this.#next = next;
  }

  async run(steps: number): Promise<void> {
    await this.#vat.start();
    for (let n = 0; n < steps; n += 1) await this.#step();
    await this.#upgrade();
  }

  async #step(): Promise<void> {
    const choice = this.#next(24);
    if (choice === 0) return this.#upgrade();
    if (choice === 1) return replay(this.#vat);
    if (choice <= 5) {
      await this.#vat.sweepStep(1 + this.#next(4));
    } else if (choice <= 7) await this.#drop();
    else await this.#operate();
    this.#vat.audit();
  }

  async #upgrade(): Promise<void> {
    await this.#vat.start();
    this.#held = new Map();
    if (this.#next(3) === 0) return;
    for (let more = true; more; ) {
      more = await this.#vat.sweepStep(1 + this.#next(20));
      this.#vat.audit();
    }
    const left = this.#reachable();
    for (const thing of this.#exports) assert(left.has(thing));
    const vrefs = [...left].map(({ vref }) => vref).sort();
    assert.deepEqual(thingsOf(this.#vat), vrefs);
    this.#things = [...left];
  }

  #reachable(): Set<Thing> {
    const reached = new Set<Thing>([...this.#baggage.values(), ...this.#exports]);
    for (const thing of reached) for (const link of thing.links) reached.add(link);
    return reached;
  }

  async #drop(): Promise<void> {
    const thing = [...this.#exports][0];
    if (thing === undefined) return;
    this.#exports.delete(thing);
    await this.#vat.dropExports(thing.vref);
  }

  #pick(): [string, Thing] | undefined {
    const all = [...this.#held];
    return all[this.#next(Math.max(1, all.length))];
  }

  async #make(): Promise<void> {
    const sort = this.#next(3) === 0 ? 'dmap' : 'node';
    const name = `x${(this.#names += 1)}`;
    const other = sort === 'node' ? this.#pick() : undefined;
    const vref = sort === 'node' ? `o+d10/${(this.#nodes += 1)}` : `o+d6/${(this.#maps += 1)}`;
    const thing: Thing = { sort, vref, links: other === undefined ? [] : [other[1]] };
    await this.#vat.run(['make', sort, name, ...(other === undefined ? [] : [other[0]])]);
    this.#things.push(thing);
    this.#held.set(name, thing);
  }

  async #operate(): Promise<void> {
    const found = this.#pick();
    const to = this.#pick();
    const choice = this.#next(8);
    if (found === undefined || to === undefined || choice <= 1) return this.#make();
    const [name, thing] = found;
    if (choice === 2) {
      const key = `k${this.#next(4)}`;
      await this.#vat.run([this.#baggage.has(key) ? 'put' : 'init', '@baggage', key, name]);
      this.#baggage.set(key, thing);
    } else if (choice === 3) {
      const [key, kept] = [...this.#baggage][0] ?? [];
      if (key === undefined || kept === undefined) return;
      const fresh = `x${(this.#names += 1)}`;
      await this.#vat.run(['get', '@baggage', key, fresh], ['delete', '@baggage', key]);
      this.#baggage.delete(key);
      this.#held.set(fresh, kept);
    } else if (choice === 4) {
      assert.equal(await this.#vat.vrefOf(name), thing.vref);
      this.#exports.add(thing);
    } else if (thing.sort === 'node') {
      await this.#vat.run(['set', name, to[0]]);
      thing.links = [to[1]];
    } else {
      await this.#vat.run(['init', name, `e${thing.links.length}`, to[0]]);
      thing.links.push(to[1]);
    }
  }
}

describe('cycles, random lives:', () => {
  const title = 'after an upgrade and its sweeps -> what a walk from the roots finds is left';
  it(title, { tags: ['sized'] }, async () => {
    const choices = fc.array(fc.nat({ max: 2 ** 16 }), { minLength: 400, maxLength: 400 });
    const property = fc.asyncProperty(choices, async list => {
      let at = 0;
      await new Life(bound => list[at++ % list.length]! % bound).run(90);
    });
    await fc.assert(property, { numRuns: amount({ quick: 10, thorough: 40 }) });
  });
});
