/**
 * E-order, attacked: what one vat sends to one reference arrives in the order of sending, whether
 * the reference is an object or a promise that settles at any moment, in waves of any size, over
 * upgrades of the receivers. Random runs of a real kernel; a failure names its seed.
 */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { seededRandom, type Random } from '../support/suite/random.js';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const SENDERS = ['s0', 's1', 's2'];
const RECEIVERS = ['r0', 'r1', 'r2'];
const PROMISES = 6;
const STEPS = 150;
const SEED = process.env['HEIRLOOM_SEED'];

type Note = readonly [sender: string, reference: number, sequence: number];

class Attack {
  readonly #kernel: Kernel;
  readonly #random: Random;
  /** Promises not settled yet: who decides, and its own index. */
  readonly #open: { readonly decider: string; readonly index: number }[] = [];

  constructor(kernel: Kernel, random: Random) {
    this.#kernel = kernel;
    this.#random = random;
  }

  async prepare(): Promise<void> {
    const references: VatReference[] = RECEIVERS.map(name => this.#root(name));
    const made = new Map<string, number>();
    for (let n = 0; n < PROMISES; n += 1) {
      const decider = this.#pick(SENDERS);
      const { promise } = (await this.#call(decider, 'makePromise')) as { promise: VatReference };
      const index = made.get(decider) ?? 0;
      made.set(decider, index + 1);
      this.#open.push({ decider, index });
      references.push(promise);
    }
    for (const name of SENDERS) await this.#call(name, 'take', references);
  }

  async step(): Promise<void> {
    const roll = this.#random.below(100);
    if (roll < 60) {
      const to = this.#random.below(RECEIVERS.length + PROMISES);
      void this.#send(this.#pick(SENDERS), 'shoot', to, 1 + this.#random.below(4));
    } else if (roll < 66 && this.#open.length > 0) this.#settleOne();
    else if (roll < 70) this.#upgrade(this.#pick(RECEIVERS));
    else if (roll < 95) await this.#kernel.run({ waves: 1 + this.#random.below(3) });
    else await this.#kernel.commit();
  }

  /** Settles what is open; gives what each reference was sent, and what each vat received. */
  async finish(): Promise<{ sent: Map<string, number[]>; received: Note[][] }> {
    while (this.#open.length > 0) this.#settleOne();
    const sent = new Map<string, number[]>();
    for (const name of SENDERS) {
      sent.set(name, (await this.#call(name, 'getSent')) as number[]);
    }
    const received: Note[][] = [];
    for (const name of RECEIVERS) received.push((await this.#call(name, 'getLog')) as Note[]);
    return { sent, received };
  }

  #settleOne(): void {
    const [promise] = this.#open.splice(this.#random.below(this.#open.length), 1);
    const target = this.#root(this.#pick(RECEIVERS));
    void this.#send(promise!.decider, 'settle', promise!.index, target);
  }

  #upgrade(name: string): void {
    const { vatId, bundleId } = this.#kernel.vat(name);
    const upgrading = this.#kernel.upgradeVat(vatId, { bundleId, vatParameters: { name } });
    upgrading.catch(() => undefined); // told by the log if it fails
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)]!;
  }

  #root(name: string): VatReference {
    return this.#kernel.vat(name).root;
  }

  #send(name: string, method: string, ...args: unknown[]): Promise<unknown> {
    return this.#kernel.send(this.#root(name), method, args).result;
  }

  async #call(name: string, method: string, ...args: unknown[]): Promise<unknown> {
    const result = this.#send(name, method, ...args);
    await this.#kernel.run();
    await this.#kernel.commit();
    return result;
  }
}

const attack = async (seed: number): Promise<void> => {
  const random = seededRandom(seed);
  const bundle = await fixture('promises/courier.js');
  const names = [...SENDERS, ...RECEIVERS];
  const vats = Object.fromEntries(names.map(name => [name, { bundle, parameters: { name } }]));
  const kernel = await kernelOver({
    directory: await freshDirectory(),
    blocks: 'host',
    threads: 1 + random.below(4),
    config: { vats, kernelParameters: { waveLimit: 1 + random.below(12) } },
  });
  await kernel.run();
  await kernel.commit();
  const run = new Attack(kernel, random);
  await run.prepare();
  for (let i = 0; i < STEPS; i += 1) await run.step();
  const { sent, received } = await run.finish();
  const arrived = new Map<string, number[]>();
  for (const [sender, reference, sequence] of received.flat()) {
    const channel = `${sender} ${reference}`;
    arrived.set(channel, [...(arrived.get(channel) ?? []), sequence]);
  }
  let total = 0;
  for (const [sender, counts] of sent) {
    counts.forEach((count, reference) => {
      total += count;
      const expected = Array.from({ length: count }, (_value, n) => n);
      const got = arrived.get(`${sender} ${reference}`) ?? [];
      expect({ seed, sender, reference, got }).toEqual({
        ...{ seed, sender, reference },
        got: expected,
      });
    });
  }
  expect(total).toBeGreaterThan(100);
  expect(kernel.stats().upgrades.every(({ succeeded }) => succeeded)).toBe(true);
  await kernel.close();
};

const TITLE = 'order: random sends, settlements, upgrades, seed %i -> kept';
const [quick, more] = SEED === undefined ? [[1], [2, 3, 4, 5, 6]] : [[Number(SEED)], []];
test.each(quick)(TITLE, attack);
test.each(more)(TITLE, { tags: ['thorough'] }, attack);
