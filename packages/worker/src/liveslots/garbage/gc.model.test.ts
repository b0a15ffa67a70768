/**
 * Random lives of a vat against a naive model: after every crank the rows are counted again; after
 * a reap, and after an upgrade and its sweeps, exactly what the model holds is there.
 */
import '../../testing/plain-worker.js';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { amount } from '../../../../../test/support/suite/amounts.js';
import { FromWorker } from '../../protocol/opcodes.js';
import {
  GarbageModel,
  WEAK,
  isThing,
  type Held,
  type ModelThing,
} from '../../../../../test/models/garbage/garbage-model.js';
import { makePlainHarness } from '../../testing/plain-worker.js';
import { Puppet, SORTS, type Operation } from '../../testing/puppet.js';
import { ref } from '../../testing/vat-harness.js';

interface Options {
  readonly runs: number;
  /** Engine mode: V8 is asked by reaps. */
  readonly reaps: boolean;
}

const STEPS = 120;
const SCALARS = ['#1', '#2', '#3'] as const;

/** One random life. Every decision is taken from `choices`. */
class Life {
  readonly #vat = new Puppet(makePlainHarness());
  readonly #model = new GarbageModel();
  readonly #choices: readonly number[];
  readonly #reaps: boolean;
  #at = 0;
  #nextName = 0;
  /** Nothing has run since the present incarnation was swept. */
  #isFresh = true;

  constructor(choices: readonly number[], reaps: boolean) {
    this.#choices = choices;
    this.#reaps = reaps;
  }

  async run(): Promise<void> {
    await this.#vat.start();
    await this.#vat.run(['nothing']);
    while (this.#at < this.#choices.length) {
      await this.#step();
      this.#vat.audit();
    }
    await this.#upgrade(false);
  }

  #next(bound: number): number {
    const choice = this.#choices[this.#at] ?? 0;
    this.#at += 1;
    return choice % bound;
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[this.#next(list.length)];
  }

  #step(): Promise<void> {
    const rare = this.#next(40);
    if (rare === 0) return this.#upgrade();
    if (rare === 1) return this.#replay();
    if (rare <= 4 && this.#reaps) return this.#reap();
    if (rare <= 8) return this.#kernelStep();
    this.#isFresh = false;
    return this.#vatStep();
  }

  async #upgrade(maySkip = true): Promise<void> {
    this.#model.upgrade();
    await this.#vat.start();
    this.#isFresh = false;
    if (maySkip && this.#next(3) === 0) return;
    await this.#vat.sweep(1 + this.#next(20));
    this.#model.collect();
    this.#isFresh = true;
    this.#compare();
  }

  async #replay(): Promise<void> {
    const answer = await this.#vat.vat.replay(this.#next(2) === 0);
    assert.equal(answer[0], FromWorker.replayed, JSON.stringify(answer));
  }

  async #reap(): Promise<void> {
    // What an earlier incarnation left is swept before anything can be exact.
    await this.#vat.sweep();
    await this.#vat.reap(1 + this.#next(30));
    this.#model.collect();
    this.#compare();
  }

  /** The kernel drops and retires what the vat exports, and retires what the vat has dropped. */
  async #kernelStep(): Promise<void> {
    const exports = [...this.#vat.exports].filter(([vref]) => vref !== 'o+0');
    const reachable = exports.filter(([, reach]) => reach === 'reachable').map(([vref]) => vref);
    const dropped = exports.filter(([, reach]) => reach !== 'reachable').map(([vref]) => vref);
    const vref = this.#pick([...reachable, ...dropped].sort());
    if (vref !== undefined && reachable.includes(vref)) {
      await this.#vat.dropExports(vref);
      for (const facets of this.#model.exports.values()) facets.delete(vref);
    } else if (vref !== undefined) {
      await this.#vat.retireExports(vref);
    }
    const imports = [...this.#vat.imports].filter(([, reach]) => reach === 'recognizable');
    const gone = this.#pick(imports.map(([name]) => name).sort());
    if (gone === undefined || this.#next(2) === 0) return;
    await this.#vat.retireImports(gone);
    const known = this.#importOf(gone);
    if (known !== undefined) this.#model.cease(known);
    this.#imports.delete(gone);
  }

  readonly #imports = new Map<string, { readonly vref: string }>();

  #importOf(vref: string): { readonly vref: string } | undefined {
    return this.#imports.get(vref);
  }

  async #vatStep(): Promise<void> {
    const operations: Operation[] = [];
    for (let n = 1 + this.#next(4); n > 0; n -= 1) {
      const operation = this.#operation();
      if (operation !== undefined) operations.push(operation);
    }
    if (operations.length > 0) await this.#vat.run(...operations);
    for (const [vref, reach] of this.#vat.exports) this.#noteExport(vref, reach);
  }

  #noteExport(vref: string, reach: string): void {
    if (reach !== 'reachable') return;
    const thing = this.#sent.get(vref) ?? this.#thingOf(vref);
    if (thing === undefined) return;
    this.#sent.set(vref, thing);
    const facets = this.#model.exports.get(thing) ?? new Set();
    this.#model.exports.set(thing, facets.add(vref));
  }

  /** Exported remotables, by the vref that they were first seen to get. */
  readonly #sent = new Map<string, ModelThing>();
  #lastFar: ModelThing | undefined;

  #thingOf(vref: string): ModelThing | undefined {
    const base = vref.split(':')[0]!;
    if (base.startsWith('o+e')) return this.#lastFar;
    return [...this.#model.things].find(thing => thing.vref === base);
  }

  #name(): string {
    this.#nextName += 1;
    return `n${this.#nextName}`;
  }

  #names(isWanted: (held: Held) => boolean): string[] {
    return [...this.#model.held].filter(([, held]) => isWanted(held)).map(([name]) => name);
  }

  #operation(): Operation | undefined {
    switch (this.#next(9)) {
      case 0:
      case 1:
        return this.#make();
      case 2:
        return this.#takeImport();
      case 3:
        return this.#free();
      case 4:
        return this.#link();
      case 5:
        return this.#enter();
      case 6:
        return this.#remove();
      case 7:
        return this.#export();
      default:
        return this.#useBaggage();
    }
  }

  #make(): Operation {
    const sort = SORTS[this.#next(SORTS.length)]!;
    const takesLinks = ['node', 'kit', 'vnode'].includes(sort);
    const linked = takesLinks ? this.#linkable(sort !== 'vnode', Infinity) : [];
    const name = this.#name();
    const thing = this.#model.make(sort, linked.map(it => this.#model.held.get(it)!));
    this.#model.held.set(name, thing);
    return ['make', sort, name, ...linked.map(it => this.#facet(it))];
  }

  /** Up to two names of what may stand in a row. */
  #linkable(isDurable: boolean, before: number): string[] {
    const names = this.#names(held => {
      if (!isThing(held)) return true;
      return held.sort !== 'weakmap' && held.order < before && (held.isDurable || !isDurable);
    });
    const chosen = [this.#pick(names), this.#pick(names)].slice(0, this.#next(3));
    return chosen.filter(name => name !== undefined);
  }

  #facet(name: string): string {
    const held = this.#model.held.get(name)!;
    return isThing(held) && held.sort === 'kit' && this.#next(2) === 0 ? `${name}.b` : name;
  }

  #takeImport(): Operation {
    const known = [...this.#vat.imports.keys()];
    const again = this.#next(2) === 0 ? this.#pick(known) : undefined;
    const vref = again ?? this.#vat.newImport().vref;
    const held = this.#imports.get(vref) ?? { vref };
    this.#imports.set(vref, held);
    const name = this.#name();
    this.#model.held.set(name, held);
    return ['keep', name, ref(vref)];
  }

  #free(): Operation | undefined {
    const name = this.#pick(this.#names(() => true));
    if (name === undefined) return undefined;
    this.#model.held.delete(name);
    return ['free', name];
  }

  #link(): Operation | undefined {
    const isNode = (held: Held): boolean =>
      isThing(held) && ['node', 'kit', 'vnode'].includes(held.sort);
    const name = this.#pick(this.#names(isNode));
    if (name === undefined) return undefined;
    const thing = this.#model.held.get(name) as ModelThing;
    const linked = this.#linkable(thing.isDurable, thing.order);
    thing.links = linked.map(it => this.#model.held.get(it)!);
    return ['set', name, ...linked.map(it => this.#facet(it))];
  }

  #tables(isWanted: (thing: ModelThing) => boolean): string[] {
    const sorts = ['dmap', 'dset', 'vmap', 'dweak', 'vweak', 'weakmap'];
    return this.#names(held => isThing(held) && sorts.includes(held.sort) && isWanted(held));
  }

  #enter(): Operation | undefined {
    const name = this.#pick(this.#tables(() => true));
    if (name === undefined) return undefined;
    const table = this.#model.held.get(name) as ModelThing;
    const keyName = this.#keyFor(table);
    if (keyName === undefined) return undefined;
    const key = this.#model.held.get(keyName) ?? keyName;
    if (table.entries.some(entry => entry.key === key)) return undefined;
    if (table.sort === 'dset') {
      table.entries.push({ key, value: undefined });
      return ['add', name, keyName];
    }
    const isDurable = table.sort !== 'weakmap' && table.isDurable;
    const [valueName] = this.#linkable(isDurable, table.order);
    const value = valueName === undefined ? undefined : this.#model.held.get(valueName)!;
    table.entries.push({ key, value });
    const put = table.sort === 'weakmap' ? 'put' : 'init';
    return [put, name, keyName, valueName === undefined ? 1 : this.#facet(valueName)];
  }

  /** A kit keys by its first facet, so that one name is one key. */
  #keyFor(table: ModelThing): string | undefined {
    const isWeak = WEAK.includes(table.sort);
    if (!isWeak && this.#next(2) === 0) return this.#pick(SCALARS);
    const names = this.#names(held => {
      if (!isThing(held)) return true;
      if (held.sort === 'weakmap') return false;
      if (table.sort === 'weakmap' && held.sort === 'far') return false;
      if (table.isDurable && !held.isDurable) return false;
      return isWeak || held.order < table.order;
    });
    return this.#pick(names);
  }

  #remove(): Operation | undefined {
    const name = this.#pick(this.#tables(({ entries }) => entries.length > 0));
    if (name === undefined) return undefined;
    const { entries } = this.#model.held.get(name) as ModelThing;
    const { key } = this.#pick(entries)!;
    const keyName =
      typeof key === 'string' ? key : this.#names(held => held === key)[0];
    if (keyName === undefined) return undefined;
    entries.splice(entries.findIndex(entry => entry.key === key), 1);
    return ['delete', name, keyName];
  }

  #export(): Operation | undefined {
    const name = this.#pick(
      this.#names(held => isThing(held) && !['weakmap', 'far'].includes(held.sort)),
    );
    const targets = this.#names(held => !isThing(held));
    const target = this.#pick(targets);
    if (name === undefined || target === undefined) return undefined;
    return ['send', target, this.#facet(name)];
  }

  #useBaggage(): Operation | undefined {
    const { baggage, held } = this.#model;
    const name = this.#pick(
      this.#names(it => !isThing(it) || (it.isDurable && it.sort !== 'weakmap')),
    );
    const key = `#${this.#next(6)}`;
    if (baggage.has(key)) {
      if (this.#next(2) === 0) {
        baggage.delete(key);
        return ['delete', '@baggage', key];
      }
      const to = this.#name();
      held.set(to, baggage.get(key)!);
      return ['get', '@baggage', key, to];
    }
    if (name === undefined) return undefined;
    baggage.set(key, held.get(name)!);
    return ['init', '@baggage', key, name];
  }

  /** The vat has what the model has, and nothing else. */
  #compare(): void {
    if (!this.#reaps && !this.#isFresh) return;
    const audit = this.#vat.audit();
    const things = [...audit.things.keys()].filter(base => !base.startsWith('o-')).sort();
    const expected = [...this.#model.things].map(({ vref }) => vref);
    assert.deepEqual(things, expected.filter(vref => vref !== undefined).sort());
    for (const [vref, held] of this.#imports) {
      const reach = this.#model.reachOf(held);
      assert.equal(this.#vat.imports.get(vref), reach, `${vref} is ${reach}`);
      const thing = audit.things.get(vref);
      assert.equal(thing !== undefined, reach !== undefined, vref);
      if (thing !== undefined) assert.equal(thing.isDropped, reach === 'recognizable', vref);
      if (reach === undefined) this.#imports.delete(vref);
    }
    assert.deepEqual(audit.unswept, []);
  }
}

const check = ({ runs, reaps }: Options): Promise<void> =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(10_000), { minLength: 4 * STEPS, maxLength: 8 * STEPS }),
      choices => new Life(choices, reaps).run(),
    ),
    { numRuns: runs, endOnFailure: true },
  );

describe('gc: random lives', () => {
  it('engine mode -> reaps leave exactly what is held', { tags: ['sized'] }, () =>
    check({ runs: amount({ quick: 2, thorough: 12 }), reaps: true }));

  const title = 'consensus mode -> upgrades and sweeps leave exactly what is held';
  it(title, { tags: ['sized'] }, () =>
    check({ runs: amount({ quick: 4, thorough: 25 }), reaps: false }));
});

