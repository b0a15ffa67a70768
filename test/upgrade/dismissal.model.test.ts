/**
 * Random lives of a vat with three kinds, objects that hold each other, stores, imports, a peer
 * that holds some, dismissals, upgrades, restarts: rows and tables are counted anew after every
 * wave, and every object answers, or is revoked, as a naive model says.
 */
import type { GcMode, Kernel, VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { seededRandom, type Random } from '../support/suite/random.js';
import { amount } from '../support/suite/amounts.js';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const TAGS = ['A', 'B', 'C'] as const;
const SLOTS = 6;
const STEPS = amount({ quick: 10, thorough: 50 });
const WAVES_MAX = 40;
const PARAMETERS = { sweepRowsMax: 3, cleanupRowsMax: 2, reapInterval: 4, cycleInterval: 1 };

/** Defines what has not been dismissed; `$.virtual` and `$.ram` last for one incarnation. */
const SETUP = `
  const provide = (name, make) => {
    if (!baggage.has(name)) baggage.init(name, make());
    return baggage.get(name);
  };
  $.slots = provide('slots', () => VatData.makeScalarBigMapStore('slots', { durable: true }));
  $.weak = provide('weak', () => VatData.makeScalarBigWeakMapStore('weak', { durable: true }));
  $.gone = provide('gone', () => VatData.makeScalarBigSetStore('gone', { durable: true }));
  $.virtual = VatData.makeScalarBigMapStore('virtual');
  $.ram = new vatPowers.WeakMap();
  $.put = (store, key, it) => { if (store.has(key)) store.set(key, it); else store.init(key, it); };
  $.at = k => $.slots.has(k) ? $.slots.get(k) : undefined;
  $.make = {};
  for (const tag of ['A', 'B', 'C']) {
    const handle = provide(tag, () => VatData.makeKindHandle(tag));
    if ($.gone.has(tag)) continue;
    $.make[tag] = VatData.defineDurableKind(handle, held => ({ held }), {
      ping: () => tag,
      hold: ({ state }, it) => { state.held = it; },
      held: ({ state }) => state.held,
    });
  }
`;

class Life {
  readonly #random: Random;
  readonly #gc: GcMode;
  readonly #directory: string;
  #kernel: Kernel;
  #bundleId = '';
  /** The kinds of what is in the vat's slots, and of what the peer holds. */
  readonly #slots = new Map<number, string>();
  readonly #held = new Map<number, string>();
  readonly #gone = new Set<string>();

  constructor(seed: number, gc: GcMode, directory: string, kernel: Kernel) {
    this.#gc = gc;
    this.#random = seededRandom(seed);
    this.#directory = directory;
    this.#kernel = kernel;
  }

  static async begin(seed: number): Promise<Life> {
    const directory = await freshDirectory();
    const gc: GcMode = seed % 2 === 0 ? 'consensus' : 'engine';
    const options = { directory, blocks: 'host', parameters: { ...PARAMETERS, gc } } as const;
    const life = new Life(seed, gc, directory, await kernelOver(options));
    const bundle = await fixture('workbench.js');
    life.#bundleId = await life.#settle(life.#kernel.installBundle(bundle));
    for (const [name, setup] of [['v', SETUP], ['peer', '$.held = new Map()']] as const) {
      const bundleId = life.#bundleId;
      const vatParameters = { setup };
      await life.#settle(life.#kernel.createVat({ name, bundleId, vatParameters }));
    }
    return life;
  }

  async step(): Promise<void> {
    const k = this.#random.below(SLOTS);
    const j = this.#random.below(SLOTS);
    const tag = TAGS[this.#random.below(TAGS.length)]!;
    switch (this.#random.below(16)) {
      case 0: case 1: case 2: case 3:
        return this.#make(tag, k, j);
      case 4:
        return this.#tryUse(`$.at(${k})?.hold($.at(${j}))`);
      case 5:
        this.#slots.delete(k);
        return this.#tryUse(`if ($.slots.has(${k})) $.slots.delete(${k})`);
      case 6: case 7:
        return this.#give(k);
      case 8:
        this.#held.delete(k);
        await this.#run('peer', `$.held.delete(${k}); 0`);
        return undefined;
      case 9:
        return this.#tryUse(`if ($.slots.has(${k})) $.put($.weak, $.at(${k}), $.at(${j}))`);
      case 10:
        return this.#tryUse(`$.put($.virtual, ${k}, $.at(${j}))`);
      case 11:
        return this.#tryUse(`if ($.slots.has(${k})) $.ram.set($.at(${k}), $.at(${j}))`);
      case 12:
        return this.#random.below(3) === 0 ? this.#dismiss(tag) : this.check();
      case 13:
        return this.#upgrade();
      case 14:
        return this.#random.below(3) === 0 ? this.#reopen() : this.check();
      default:
        return this.check();
    }
  }

  /** Every object answers with its tag, or says that its kind was dismissed. */
  async check(): Promise<void> {
    const ask = (entries: string): string =>
      `const ping = async ([k, it]) => [k, await E(it).ping().catch(e => e.message)];
        Promise.all(${entries}.map(ping))`;
    const slots = await this.#run('v', ask('[...$.slots.entries()]'));
    expect(slots).toEqual(this.#expected(this.#slots));
    const held = await this.#run('peer', ask('[...$.held.entries()].sort(([a], [b]) => a - b)'));
    expect(held).toEqual(this.#expected(this.#held));
  }

  /** Nothing is held any more: nothing may be left but what baggage holds. */
  async end(): Promise<void> {
    for (const tag of TAGS) await this.#dismiss(tag);
    await this.#run('peer', '$.held.clear(); 0');
    await this.#run('v', '$.slots.clear(); 0');
    for (let n = 0; n < 3; n += 1) {
      await this.#kernel.run();
      await this.#upgrade();
    }
    await this.#kernel.run();
    const reaped = this.#gc === 'engine' ? this.#kernel.reapAll() : undefined;
    await this.#kernel.run();
    await this.#kernel.commit();
    await reaped;
    expect(await this.#run('v', '[...$.slots.keys(), ...$.gone.keys()]')).toEqual([...TAGS]);
    const { counts, findings } = this.#kernel.audit({ rows: true });
    expect(findings).toEqual([]);
    // The vat's counters; six of baggage, three of `gone`, the stores and their counts; the kinds
    // that were dismissed; the merely-virtual store of this incarnation, and its zero entry.
    expect(counts.vats[0]!.rows).toBeLessThanOrEqual(1 + 6 + 3 + 8 + 3 + 2);
  }

  async #make(tag: string, k: number, j: number): Promise<void> {
    const held = ['$.at(' + String(j) + ')', 'args[0]', 'undefined'][this.#random.below(3)]!;
    const args = [this.#kernel.vat('peer').root];
    const made = `($.put($.slots, ${k}, $.make.${tag}(${held})), 0)`;
    await this.#run('v', `$.make.${tag} === undefined ? 0 : ${made}`, args);
    const text = await this.#run('v', `$.gone.has('${tag}')`);
    expect(text).toBe(this.#gone.has(tag));
    if (!this.#gone.has(tag)) this.#slots.set(k, tag);
  }

  /** What may fail because something is revoked: then nothing has happened. */
  async #tryUse(code: string): Promise<void> {
    const unlessRevoked = 'if (!/revoked/.test(e.message)) throw e;';
    await this.#run('v', `try { ${code} } catch (e) { ${unlessRevoked} } 0`);
  }

  async #give(k: number): Promise<void> {
    const it = (await this.#run('v', `$.at(${k})`)) as VatReference | undefined;
    if (it === undefined) return;
    await this.#run('peer', `$.held.set(${k}, args[0]); 0`, [it]);
    this.#kernel.release(it);
    this.#held.set(k, this.#slots.get(k)!);
  }

  async #dismiss(tag: string): Promise<void> {
    if (this.#gone.has(tag)) return;
    this.#gone.add(tag);
    const code = `$.gone.add('${tag}'); vatPowers.dismissKind(baggage.get('${tag}')); `;
    if (this.#random.below(2) === 0) {
      await this.#run('v', `${code} $.make.${tag} = undefined; 0`);
    } else {
      await this.#upgrade(code);
    }
  }

  async #upgrade(before = ''): Promise<void> {
    const setup = SETUP.replace('$.make = {};', `${before} $.make = {};`);
    const { vatId } = this.#kernel.vat('v');
    const options = { bundleId: this.#bundleId, vatParameters: { setup } };
    await this.#settle(this.#kernel.upgradeVat(vatId, options));
  }

  async #reopen(): Promise<void> {
    await this.#kernel.close();
    this.#kernel = await kernelOver({ directory: this.#directory, blocks: 'host' });
  }

  #expected(held: ReadonlyMap<number, string>): unknown {
    return [...held]
      .sort(([a], [b]) => a - b)
      .map(([k, tag]) => {
        const revoked = `object revoked: its kind "${tag}" was dismissed`;
        return [k, this.#gone.has(tag) ? revoked : tag];
      });
  }

  #run(vat: string, code: string, args: readonly unknown[] = []): Promise<unknown> {
    return this.#settle(this.#kernel.call(this.#kernel.vat(vat).root, 'run', [code, args]));
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
  const life = await Life.begin(seed);
  for (let n = 0; n < STEPS; n += 1) await life.step();
  await life.check();
  await life.end();
};
const given = process.env['HEIRLOOM_SEED']?.split(',').map(Number);
const TITLE = 'dismissals: a random life, seed %d -> as the model says';
test.each(given ?? [1])(TITLE, { tags: ['sized'] }, live);
test.each(given === undefined ? [2, 3] : [])(TITLE, { tags: ['thorough'] }, live);
