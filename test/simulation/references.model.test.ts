/**
 * What the host holds, against a model of it: told, released, bound, unbound, found again, at every
 * moment of a block. One replica is closed and opened again at random, or loses the block that is
 * in progress; the other never: every block hash is the same.
 *
 * The seed is printed; HEIRLOOM_SEED=n repeats it.
 */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';
import { amount } from '../support/suite/amounts.js';
import { seededRandom, type Random } from '../support/suite/random.js';

const BLOCKS = amount({ quick: 60, thorough: 400 });
const THINGS = 12;
const NAMES = ['mint', 'treasury', 'exchange', 'vault'];

/** How a vat tells the host of things. */
const WAYS = ['give', 'refuse', 'show'] as const;
type Op =
  | { readonly op: (typeof WAYS)[number]; readonly things: readonly number[] }
  | { readonly op: 'release'; readonly thing: number; readonly byKref: boolean }
  | { readonly op: 'bind'; readonly name: string; readonly thing: number }
  | { readonly op: 'unbind'; readonly name: string }
  | { readonly op: 'use'; readonly thing: number }
  | { readonly op: 'answer' };

/** Calls before the first run, before the second one, and while it, or the commit, goes on. */
interface Plan {
  readonly before: readonly Op[];
  readonly between: readonly Op[];
  readonly during: readonly Op[];
  readonly committing: readonly Op[];
}

/** The contract, as sets. */
class Model {
  /** The host was told, and has not called `release` since. */
  readonly known = new Set<number>();
  readonly names = new Map<string, number>();
  /** The state says that the host was, or will be, told. */
  readonly #told = new Set<number>();
  #tellings = new Set<number>();
  #waiting: (() => void)[] = [];

  isHeld(thing: number): boolean {
    return this.known.has(thing) || this.#isBound(thing);
  }

  /** What `references()` shows. */
  get held(): string[] {
    const things = new Set([...this.known, ...this.names.values()]);
    return [...things].sort((a, b) => a - b).map(thing => {
      const names = [...this.names].filter(([, bound]) => bound === thing).map(([name]) => name);
      return `thing${thing} ${this.known.has(thing)} ${names.sort().join(' ')}`;
    });
  }

  /** A call; one that is made during a run, or a commit, is taken in the next block. */
  call(op: Op, waits: boolean): void {
    const apply = this.#input(op);
    if (apply === undefined) return;
    if (waits) this.#waiting.push(apply);
    else apply();
  }

  /** What is queued is delivered. */
  run(ops: readonly Op[]): void {
    for (const op of ops) {
      if (!('things' in op)) continue;
      for (const thing of op.things) {
        this.#told.add(thing);
        this.#tellings.add(thing);
      }
    }
  }

  commit(): void {
    for (const thing of this.#tellings) this.known.add(thing);
    this.#tellings = new Set();
  }

  takeWaiting(): void {
    for (const apply of this.#waiting.splice(0)) apply();
  }

  #isBound(thing: number): boolean {
    return [...this.names.values()].includes(thing);
  }

  #input(op: Op): (() => void) | undefined {
    if (op.op === 'release') {
      const untold = this.#tellings;
      this.known.delete(op.thing);
      return () => {
        if (!untold.has(op.thing) && !this.#tellings.has(op.thing)) this.#told.delete(op.thing);
      };
    }
    if (op.op === 'bind') {
      return () => {
        const { thing, name } = op;
        if (this.#told.has(thing) || this.#isBound(thing)) this.names.set(name, thing);
      };
    }
    return op.op === 'unbind' ? () => void this.names.delete(op.name) : undefined;
  }
}

/** Chooses what a block does, and has the model do it. */
class Planner {
  readonly #random: Random;
  readonly model = new Model();

  constructor(random: Random) {
    this.#random = random;
  }

  block(): Plan {
    const { model } = this;
    model.takeWaiting();
    const before = this.#ops(6, false);
    model.run(before);
    const between = this.#ops(4, false);
    model.run(between);
    const isCalm = this.#random.chance(0.5);
    const during = isCalm ? [] : this.#ops(3, true);
    const committing = isCalm ? [] : this.#ops(2, true);
    model.commit();
    return { before, between, during, committing };
  }

  #ops(max: number, waits: boolean): Op[] {
    const ops: Op[] = [];
    for (let left = this.#random.below(max + 1); left > 0; left -= 1) {
      const op = this.#op(waits);
      if (op === undefined) continue;
      ops.push(op);
      this.model.call(op, waits);
    }
    return ops;
  }

  #op(waits: boolean): Op | undefined {
    const { model } = this;
    const held = Array.from({ length: THINGS }, (_value, n) => n).filter(n => model.isHeld(n));
    const thing = held[this.#random.below(held.length)];
    const name = this.#pick(NAMES);
    const kind = this.#random.below(waits ? 6 : 10);
    if (kind < 3) {
      const byKref = this.#random.chance(0.5);
      return thing === undefined ? undefined : { op: 'release', thing, byKref };
    }
    if (kind < 5) return thing === undefined ? undefined : { op: 'bind', name, thing };
    if (kind === 5) return waits || model.names.has(name) ? { op: 'unbind', name } : undefined;
    if (kind === 6) return thing === undefined ? { op: 'answer' } : { op: 'use', thing };
    if (kind === 7) return { op: 'answer' };
    const things = Array.from({ length: 1 + this.#random.below(3) }, () =>
      this.#random.below(THINGS));
    return { op: this.#pick(WAYS), things };
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)]!;
  }
}

const store = preparedStore(async directory => {
  const parameters = { gc: 'consensus' as const };
  const kernel = await kernelOver({ directory, parameters, hostObjects: { sink: null } });
  const bundleId = await install(kernel, 'services/vault.js');
  const { root } = await kernel.createVat({ name: 'vault', bundleId });
  kernel.release(root);
  await kernel.idle();
  await kernel.close();
});

/** A kernel that does what it is told; it remembers nothing that a restart would lose. */
class Replica {
  readonly #directory: string;
  #kernel: Kernel;
  #promises: Promise<unknown>[] = [];

  constructor(directory: string, kernel: Kernel) {
    this.#directory = directory;
    this.#kernel = kernel;
  }

  static async open(): Promise<Replica> {
    const directory = await store();
    return new Replica(directory, await kernelOver({ directory, blocks: 'host' }));
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  get held(): string[] {
    const { details } = this.#kernel.references();
    return details
      .map(({ iface, told, names }) => `${iface!.slice(9)} ${told} ${names.join(' ')}`)
      .sort((a, b) => Number(a.slice(5).split(' ')[0]) - Number(b.slice(5).split(' ')[0]));
  }

  /** Opens the store again: a block that is in progress is lost. */
  async restart(): Promise<void> {
    await this.#kernel.close();
    await Promise.allSettled(this.#promises.splice(0));
    this.#kernel = await kernelOver({ directory: this.#directory, blocks: 'host' });
  }

  async begin({ before, between, during }: Plan): Promise<void> {
    await this.#kernel.run(); // what waits is taken
    this.#do(before);
    await this.#kernel.run();
    this.#do(between);
    const running = this.#kernel.run();
    this.#do(during);
    await running;
  }

  async end({ committing }: Plan): Promise<string> {
    const commit = this.#kernel.commit();
    this.#do(committing);
    return commit;
  }

  /** All that was called has come to something, and to what it should. */
  async settled(): Promise<void> {
    await Promise.all(this.#promises.splice(0));
  }

  #do(ops: readonly Op[]): void {
    for (const op of ops) this.#call(op);
  }

  /** By the interface of each, what `references` shows. */
  #find(thing: number): VatReference {
    const { references } = this.#kernel.references();
    const found = references.find(({ iface }) => iface === `Alleged: thing${thing}`);
    expect(found, `thing${thing}`).not.toBe(undefined);
    expect(this.#kernel.reference(found!.kref)).toBe(found);
    return found!;
  }

  #expect(work: Promise<unknown>, check: (value: unknown) => void): void {
    const checked = work.then(check, check);
    checked.catch(() => undefined);
    this.#promises.push(checked);
  }

  #call(op: Op): void {
    const kernel = this.#kernel;
    const { root } = kernel.vat('vault');
    switch (op.op) {
      case 'give':
      case 'refuse':
        this.#expect(kernel.send(root, op.op, [op.things]).result, value => {
          const krefs = JSON.stringify(value).match(/"kref":"ko\d+"/g) ?? [];
          expect(krefs).toHaveLength(op.things.length * (op.op === 'give' ? 2 : 1));
        });
        return;
      case 'show':
        void kernel.send(root, 'show', [kernel.hostObject('sink'), op.things]);
        return;
      case 'release': {
        const found = this.#find(op.thing);
        kernel.release(op.byKref ? found.kref : found);
        return;
      }
      case 'bind':
        void kernel.bind(op.name, this.#find(op.thing)).catch(() => undefined);
        return;
      case 'unbind':
        void kernel.unbind(op.name).catch(() => undefined);
        return;
      case 'use':
        this.#expect(kernel.send(this.#find(op.thing), 'number').result, value =>
          expect(value).toBe(op.thing));
        return;
      case 'answer':
        for (const { call, args } of kernel.hostCalls()) {
          expect(args).toHaveLength(1);
          void kernel.answerHostCall(call, { value: call }).catch(() => undefined);
        }
        return;
      default:
        throw TypeError(`unknown call ${String(op satisfies never)}`);
    }
  }
}

const title = 'references: any calls at any moment, one replica restarts -> as the model, one hash';
test(title, { tags: ['sized'] }, async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`references.model.test: HEIRLOOM_SEED=${seed}`);
  const random = seededRandom(seed);
  const planner = new Planner(random);
  const replicas = [await Replica.open(), await Replica.open()] as const;
  const [restarts] = replicas;
  let [lost, reopened, doesWait] = [0, 0, false];
  for (let block = 1; block <= BLOCKS; block += 1) {
    const where = `seed ${seed}, block ${block}`;
    const plan = planner.block();
    if (!doesWait && random.chance(0.2)) {
      await restarts.begin(plan);
      await restarts.restart();
      lost += 1;
    }
    doesWait = plan.during.length + plan.committing.length > 0;
    for (const replica of replicas) await replica.begin(plan);
    const hashes = [await restarts.end(plan), await replicas[1].end(plan)];
    expect(hashes[0], where).toBe(hashes[1]);
    for (const replica of replicas) {
      expect(replica.held, where).toEqual(planner.model.held);
      await replica.settled();
      if (block % 10 === 0) expect(replica.kernel.audit().findings, where).toEqual([]);
    }
    if (!doesWait && random.chance(0.2)) {
      await restarts.restart();
      reopened += 1;
      expect(restarts.held, where).toEqual(planner.model.held);
    }
  }
  expect([lost > 0, reopened > 0]).toEqual([true, true]);
  const ends = await Promise.all(replicas.map(replica => releaseAll(replica.kernel)));
  expect(ends[0]).toBe(ends[1]);
});

/** Lets go of everything; resolves to the hash of the block. */
const releaseAll = async (kernel: Kernel): Promise<string> => {
  await kernel.run();
  const ended = kernel.bindings().map(({ name }) => kernel.unbind(name));
  for (const { kref } of kernel.references().references) kernel.release(kref);
  await kernel.run();
  const hash = await kernel.commit();
  await Promise.all(ended);
  const { pins, boundNames } = kernel.stats().tables;
  expect([pins, boundNames]).toEqual([0, 0]);
  expect(kernel.audit().findings).toEqual([]);
  return hash;
};
