/**
 * Random lives of a family of vats: eggs are laid, fed, dropped, given to other vats; vats are
 * forked, upgraded, ended, the kernel is opened again. Rows and tables are counted anew after every
 * wave, every vat says what a naive model says, and in the end nothing is left that nobody holds.
 */
import type { GcMode, Kernel, VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { seededRandom, type Random } from '../support/suite/random.js';
import { amount } from '../support/suite/amounts.js';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { countLiveRows } from '../support/stores/store-rows.js';

const STEPS = amount({ quick: 15, thorough: 60 });
const VATS_MAX = 5;
const NAMES = ['x', 'y', 'z'] as const;
const WAVES_MAX = 60;
const PARAMETERS = { sweepRowsMax: 3, cleanupRowsMax: 2, reapInterval: 4, cycleInterval: 2 };
const OBJECT = '20';

interface Egg {
  weight: bigint;
}

interface Model {
  calls: number;
  readonly nest: Map<string, Egg>;
  /** Eggs of other vats. */
  readonly imports: Map<string, Egg>;
}

const emptyModel = (): Model => ({ calls: 0, nest: new Map(), imports: new Map() });

/** Its own eggs are others; what it has of other vats is the same. */
const forkOf = ({ calls, nest, imports }: Model): Model => ({
  calls,
  nest: new Map([...nest].map(([name, { weight }]) => [name, { weight }])),
  imports: new Map(imports),
});

class Family {
  readonly #random: Random;
  readonly #directory: string;
  readonly #vats = new Map<string, Model>();
  #kernel: Kernel;
  #bundleId = '';
  #born = 0;

  constructor(seed: number, directory: string, kernel: Kernel) {
    this.#random = seededRandom(seed);
    this.#directory = directory;
    this.#kernel = kernel;
  }

  static async begin(seed: number): Promise<Family> {
    const directory = await freshDirectory();
    const gc: GcMode = seed % 2 === 0 ? 'consensus' : 'engine';
    const options = { directory, blocks: 'host', parameters: { ...PARAMETERS, gc } } as const;
    const family = new Family(seed, directory, await kernelOver(options));
    const bundle = await fixture('upgrade/hatchery.js');
    family.#bundleId = await family.#settle(family.#kernel.installBundle(bundle));
    for (const name of ['a', 'b']) {
      const { kernel, bundleId } = { kernel: family.#kernel, bundleId: family.#bundleId };
      await family.#settle(kernel.createVat({ name, bundleId }));
      family.#vats.set(name, emptyModel());
    }
    return family;
  }

  async step(): Promise<void> {
    const vat = this.#pick([...this.#vats.keys()]);
    const name = this.#pick(NAMES);
    const model = this.#vats.get(vat)!;
    const egg = model.nest.get(name);
    switch (this.#random.below(14)) {
      case 0: case 1: case 2:
        if (egg !== undefined) return this.#drop(vat, name);
        model.nest.set(name, { weight: 1n });
        this.#release(await this.#call(vat, 'layEgg', name, 1n));
        return undefined;
      case 3: case 4:
        return egg === undefined ? this.#count(vat) : this.#feed(vat, name, egg);
      case 5: case 6:
        return egg === undefined ? this.#count(vat) : this.#give(vat, name, egg);
      case 7:
        return this.#feedImport(vat);
      case 8:
        return this.#dropImport(vat);
      case 9: case 10:
        return this.#fork(vat);
      case 11:
        return this.#upgrade(vat);
      case 12:
        return this.#random.below(2) === 0 ? this.#end(vat) : this.#reopen();
      default:
        return this.check();
    }
  }

  async check(): Promise<void> {
    for (const [vat, { nest }] of this.#vats) {
      expect(await this.#call(vat, 'getNames')).toEqual([...nest.keys()].sort());
      const sum = [...nest.values()].reduce((all, { weight }) => all + weight, 0n);
      expect(await this.#call(vat, 'getWeights')).toBe(sum);
    }
  }

  /** Upgraded and swept, the vats have the eggs that a nest or another vat holds, and no other. */
  async end(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      for (const vat of this.#vats.keys()) await this.#upgrade(vat);
      await this.#kernel.run();
      await this.#kernel.commit();
    }
    expect(this.#kernel.audit({ rows: true }).findings).toEqual([]);
    const held = new Set<Egg>();
    let found = 0;
    for (const [vat, { nest, imports }] of this.#vats) {
      for (const egg of [...nest.values(), ...imports.values()]) held.add(egg);
      const vatId = Number(this.#kernel.vat(vat).vatId.slice(1));
      found += (await countLiveRows(this.#directory, vatId))[OBJECT] ?? 0;
    }
    expect(found).toBe(held.size);
  }

  async #count(vat: string): Promise<void> {
    const model = this.#vats.get(vat)!;
    model.calls += 1;
    expect(await this.#call(vat, 'count')).toBe(model.calls);
  }

  async #feed(vat: string, name: string, egg: Egg): Promise<void> {
    const reference = (await this.#call(vat, 'getEgg', name)) as VatReference;
    egg.weight += 1n;
    const fed = this.#kernel.call(reference, 'feed', [1n]);
    expect(await this.#settle(fed)).toBe(egg.weight);
    this.#release(reference);
  }

  async #drop(vat: string, name: string): Promise<void> {
    this.#vats.get(vat)!.nest.delete(name);
    await this.#call(vat, 'dropEgg', name);
  }

  /** To a vat that has none by that name. */
  async #give(vat: string, name: string, egg: Egg): Promise<void> {
    const key = `${vat}.${name}`;
    const takers = [...this.#vats].filter(([it, { imports }]) => it !== vat && !imports.has(key));
    if (takers.length === 0) return;
    const [taker, model] = this.#pick(takers);
    const reference = (await this.#call(vat, 'getEgg', name)) as VatReference;
    await this.#call(taker, 'keepImport', key, reference);
    this.#release(reference);
    model.imports.set(key, egg);
  }

  async #feedImport(vat: string): Promise<void> {
    const { imports } = this.#vats.get(vat)!;
    if (imports.size === 0) return;
    const [key, egg] = this.#pick([...imports]);
    egg.weight += 2n;
    expect(await this.#call(vat, 'callImport', key, 'feed', [2n])).toBe(egg.weight);
  }

  async #dropImport(vat: string): Promise<void> {
    const { imports } = this.#vats.get(vat)!;
    if (imports.size === 0) return;
    const [key] = this.#pick([...imports]);
    imports.delete(key);
    await this.#call(vat, 'dropImport', key);
  }

  async #fork(vat: string): Promise<void> {
    if (this.#vats.size >= VATS_MAX) return;
    this.#born += 1;
    const name = `${vat}${this.#born}`;
    const { vatId } = this.#kernel.vat(vat);
    const model = this.#vats.get(vat)!;
    const [asked] = model.nest.size > 0 ? [this.#pick([...model.nest.keys()])] : [];
    const references: VatReference[] = [];
    if (asked !== undefined) {
      references.push((await this.#call(vat, 'getEgg', asked)) as VatReference);
    }
    const made = this.#kernel.forkVat(vatId, { name, exports: references });
    const { exports } = await this.#settle(made);
    this.#vats.set(name, forkOf(model));
    for (const [i, own] of exports.entries()) {
      const egg = this.#vats.get(name)!.nest.get(asked!)!;
      expect(await this.#settle(this.#kernel.call(own, 'getWeight'))).toBe(egg.weight);
      expect(own).not.toBe(references[i]);
      this.#release(own);
    }
    for (const reference of references) this.#release(reference);
  }

  async #upgrade(vat: string): Promise<void> {
    const { vatId } = this.#kernel.vat(vat);
    await this.#settle(this.#kernel.upgradeVat(vatId, { bundleId: this.#bundleId }));
    this.#vats.get(vat)!.calls = 0;
  }

  /** Others lose its eggs: nobody asks them any more. */
  async #end(vat: string): Promise<void> {
    if (this.#vats.size < 3) return;
    const { nest } = this.#vats.get(vat)!;
    await this.#settle(this.#kernel.terminateVat(this.#kernel.vat(vat).vatId));
    this.#vats.delete(vat);
    const gone = new Set(nest.values());
    for (const [name, { imports }] of this.#vats) {
      for (const [key, egg] of [...imports]) {
        const isLost = gone.has(egg) || key.startsWith(`${vat}.`);
        if (!isLost) continue;
        imports.delete(key);
        await this.#call(name, 'dropImport', key);
      }
    }
  }

  async #reopen(): Promise<void> {
    // References that were released are pins until a block says otherwise.
    await this.#kernel.run();
    await this.#kernel.commit();
    await this.#kernel.close();
    this.#kernel = await kernelOver({ directory: this.#directory, blocks: 'host' });
    await this.check();
  }

  #release(reference: unknown): void {
    this.#kernel.release(reference as VatReference);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!;
  }

  #call(vat: string, method: string, ...args: unknown[]): Promise<unknown> {
    return this.#settle(this.#kernel.call(this.#kernel.vat(vat).root, method, args));
  }

  /** One wave per block, audited, until the work is done: what is swept goes on behind it. */
  async #settle<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => void (isDone = true);
    void work.then(done, done);
    for (let wave = 0; wave < WAVES_MAX && !isDone; wave += 1) {
      await this.#kernel.run({ waves: 1 });
      await this.#kernel.commit();
      expect(this.#kernel.audit({ rows: true }).findings).toEqual([]);
      await new Promise(setImmediate);
    }
    expect(isDone).toBe(true);
    return work;
  }
}

const live = async (seed: number): Promise<void> => {
  const family = await Family.begin(seed);
  for (let n = 0; n < STEPS; n += 1) await family.step();
  await family.check();
  await family.end();
};
const given = process.env['HEIRLOOM_SEED']?.split(',').map(Number);
const TITLE = 'forks: a random family, seed %d -> as the model says';
test.each(given ?? [6])(TITLE, { tags: ['sized'] }, live);
test.each(given === undefined ? [14, 18] : [])(TITLE, { tags: ['thorough'] }, live);
