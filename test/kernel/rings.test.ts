/**
 * Settled promises that hold each other, with more data together than a notify has: whoever is told
 * of them is told once, in every replica, and then no work is left (rules.md#w3).
 *
 * @module-tag sized
 */
import type { VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { fixture } from '../support/kernels/fresh-kernels.js';
import { inReplicas, Replica } from '../support/kernels/replicas.js';

const MEGABYTE = 1_000_000;
/** More than any test here needs. */
const WAVES_MAX = 60;

/** Vats that run snippets. */
class Rig {
  readonly replica: Replica;

  constructor(replica: Replica) {
    this.replica = replica;
  }

  root(name: string): VatReference {
    return this.replica.kernel.vat(name).root;
  }

  async make(setups: Readonly<Record<string, string>>): Promise<void> {
    const bundle = await fixture('workbench.js');
    const { kernel } = this.replica;
    const bundleId = await this.replica.settle(kernel.installBundle(bundle));
    const made = Object.entries(setups).map(([name, setup]) =>
      kernel.createVat({ name, bundleId, vatParameters: { setup } }));
    await this.replica.settle(Promise.all(made));
  }

  /** Until nothing is left to do; each wave is a block, and in some replicas a life. */
  async run(name: string, code: string, others: readonly string[]): Promise<void> {
    const args = others.map(other => this.root(other));
    this.replica.kernel.send(this.root(name), 'run', [code, args]);
    for (let done = 0; done < WAVES_MAX; done += 1) {
      const { waves } = await this.replica.kernel.run({ waves: 1 });
      this.replica.hashes.push(await this.replica.kernel.commit());
      if (waves === 0) return;
      await this.replica.restart();
    }
    throw Error(`work is left after ${WAVES_MAX} waves`);
  }

  /** The completion value of a snippet. */
  async ask(name: string, code: string): Promise<unknown> {
    const { kernel } = this.replica;
    const value = await this.replica.settle(kernel.call(this.root(name), 'run', [code]));
    await kernel.run();
    this.replica.hashes.push(await kernel.commit());
    return value;
  }

  /** Promises that the kernel has, and what the audit has found. */
  left(): unknown {
    const { findings, counts } = this.replica.kernel.audit();
    return { findings, promises: counts.promises };
  }
}
const NOTHING_LEFT = { findings: [], promises: 0 };

/** `$.make(n)` makes promises; `$.settle` settles one with text and with others of them. */
const MAKER = `
  $.kits = [];
  $.make = n => {
    for (let i = 0; i < n; i += 1) {
      const kit = {};
      kit.promise = new Promise((resolve, reject) => Object.assign(kit, { resolve, reject }));
      $.kits.push(kit);
    }
  };
  $.settle = (i, size, ...next) => $.kits[i].resolve(harden({
    name: i, text: 'x'.repeat(size), next: next.map(to => $.kits[to].promise) }));
  $.tell = (to, promise) => {
    E.sendOnly(to).run('$.first = args[0].p; $.first.catch(() => {}), 0', [harden({ p: promise })]);
  };`;

/** `$.walk(n)`: what is found on the way from `$.first`, by the first promise of each. */
const READER = `
  $.walk = async steps => {
    const names = [];
    let p = $.first;
    for (let i = 0; i < steps; i += 1) {
      const { name, text, next } = await p;
      names.push(name + ':' + text.length);
      [p] = next;
    }
    return names.join(' ');
  };`;

/** A ring, told to the reader. */
const ringOf = (count: number, size: number): string => `
  $.make(${count});
  for (let i = 0; i < ${count}; i += 1) $.settle(i, ${size}, (i + 1) % ${count});
  $.tell(args[0], $.kits[0].promise);
  $.kits = []; undefined`;

const walked = (names: readonly (number | string)[], size: number): string =>
  names.map(name => `${name}:${size}`).join(' ');

/** What the reader says, and what is left when it and the makers have let go. */
const seenBy = async (rig: Rig, code: string): Promise<unknown> => [
  await rig.ask('reader', code),
  rig.left(),
];

test('a ring of more data than a notify has -> told whole, once, and no work is left', async () => {
  const seen = await inReplicas(async replica => {
    const rig = new Rig(replica);
    await rig.make({ maker: MAKER, reader: READER });
    await rig.run('maker', ringOf(3, MEGABYTE), ['reader']);
    return seenBy(rig, '$.walk(5)');
  });
  expect(seen).toEqual([walked([0, 1, 2, 0, 1], MEGABYTE), NOTHING_LEFT]);
});

const thorough = { tags: ['thorough'] };

/** One kernel, opened anew after each block. */
const inOne = async <T>(script: (replica: Replica) => Promise<T>): Promise<T> =>
  script(await Replica.open({}, true));

const tooLarge = 'a ring of more than may be told together -> rejected, and no work is left';
test(tooLarge, thorough, async () => {
  const seen = await inOne(async replica => {
    const rig = new Rig(replica);
    await rig.make({ maker: MAKER, reader: READER });
    await rig.run('maker', ringOf(3, 6 * MEGABYTE), ['reader']);
    return seenBy(rig, '$.first.catch(e => e.name + e.message)');
  });
  const why = 'RangeErrortoo much data: the promise is one of many that hold each other';
  expect(seen).toEqual([why, NOTHING_LEFT]);
});

/** Of two makers, each of which has every second promise of a ring. */
const OVER_TWO_VATS = `
  $.make(2);
  E(args[1]).run('$.make(2), harden({ p: $.kits[0].promise, q: $.kits[1].promise })')
    .then(({ p, q }) => {
      const text = 'x'.repeat(${MEGABYTE});
      $.kits[0].resolve(harden({ name: 'a', text, next: [p] }));
      $.kits[1].resolve(harden({ name: 'c', text, next: [q] }));
      E.sendOnly(args[1]).run(\`
        const text = 'x'.repeat(${MEGABYTE});
        $.kits[0].resolve(harden({ name: 'b', text, next: [args[0].p] }));
        $.kits[1].resolve(harden({ name: 'd', text, next: [args[0].q] })); 0\`,
        [harden({ p: $.kits[1].promise, q: $.kits[0].promise })]);
      $.tell(args[0], $.kits[0].promise);
    });
  undefined`;

const overTwo = 'a ring over two vats, told to them and to a third -> whole, and no end of it';
test(overTwo, thorough, async () => {
  const seen = await inOne(async replica => {
    const rig = new Rig(replica);
    await rig.make({ maker: MAKER, other: MAKER, reader: READER });
    await rig.run('maker', OVER_TWO_VATS, ['reader', 'other']);
    return seenBy(rig, '$.walk(6)');
  });
  expect(seen).toEqual([walked(['a', 'b', 'c', 'd', 'a', 'b'], MEGABYTE), NOTHING_LEFT]);
});

/** A chain that ends in a ring, with many a way to each of its promises. */
const TANGLE = `
  $.make(12);
  for (let i = 0; i < 8; i += 1) $.settle(i, 700_000, i + 1, Math.min(i + 3, 9));
  for (let i = 8; i < 12; i += 1) $.settle(i, 700_000, i === 11 ? 8 : i + 1);
  $.tell(args[0], $.kits[0].promise);
  $.kits = []; undefined`;

const tangled = 'a chain with short cuts that ends in a ring -> all of it, and no end of it';
test(tangled, thorough, async () => {
  const seen = await inOne(async replica => {
    const rig = new Rig(replica);
    await rig.make({ maker: MAKER, reader: READER });
    await rig.run('maker', TANGLE, ['reader']);
    return seenBy(rig, '$.walk(14)');
  });
  const names = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 9];
  expect(seen).toEqual([walked(names, 700_000), NOTHING_LEFT]);
});
