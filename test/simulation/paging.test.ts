/** Fewer workers than vats: the same blocks, whichever vats happen to be online. */
import type { Kernel, KernelOptions, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../support/suite/random.js';
import { amount, isThorough } from '../support/suite/amounts.js';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { Replica } from '../support/kernels/replicas.js';

const VATS = amount({ quick: 4, thorough: 8 });
const BLOCKS = amount({ quick: 4, thorough: 12 });
const SEED = Number(process.env['HEIRLOOM_SEED'] ?? 20_261_125);

type Inputs = (kernel: Kernel, block: number) => Promise<unknown>[];

/** Messages to banks, between them, upgrades that succeed and fail, endings and creations. */
const inputsOf = (bundleId: string): Inputs => {
  const random = seededRandom(SEED);
  return (kernel, block) => {
    const vats = kernel.vats();
    const results: Promise<unknown>[] = [];
    const send = (target: VatReference, method: string, args: unknown[] = []): void => {
      results.push(kernel.send(target, method, args).result);
    };
    for (const { root } of vats) {
      if (random.next() < 0.3) continue;
      send(root, 'makePurse', [`purse${block}`, BigInt(block)]);
      send(root, 'countCalls');
      const other = vats[Math.floor(random.next() * vats.length)]!;
      send(root, 'holdFor', [other.root]);
    }
    const some = vats[Math.floor(random.next() * vats.length)]!;
    const fail = random.next() < 0.3 ? 'throw' : undefined;
    const vatParameters = { version: block, ...(fail === undefined ? {} : { fail }) };
    results.push(kernel.upgradeVat(some.vatId, { bundleId, vatParameters }));
    if (block % 4 === 3) {
      const gone = vats.find(({ vatId }) => vatId !== some.vatId)!;
      results.push(kernel.terminateVat(gone.vatId));
      results.push(kernel.createVat({ name: `late${block}`, bundleId }));
    }
    return results;
  };
};

const settled = (results: readonly Promise<unknown>[]): Promise<unknown> =>
  Promise.allSettled(results);

const run = async (options: Partial<KernelOptions>, restarts: boolean) => {
  const directory = await freshDirectory();
  const parameters = { gc: 'consensus' } as const;
  const open = (more: Partial<KernelOptions> = {}): Promise<Kernel> =>
    kernelOver({ directory, blocks: 'host', ...options, ...more });
  let kernel = await open({ parameters });
  const hashes: string[] = [];
  let pagedIn = 0;
  const block = async (results: readonly Promise<unknown>[]): Promise<void> => {
    const done = settled(results);
    await kernel.run();
    hashes.push(await kernel.commit());
    await done;
    if (!restarts) return;
    pagedIn += kernel.stats().vatsPagedIn;
    await kernel.close();
    kernel = await open();
  };
  const bundle = await fixture('bank.js');
  const installing = kernel.installBundle(bundle);
  await block([installing]);
  const bundleId = await installing;
  const names = Array.from({ length: VATS }, (_, i) => `bank${i}`);
  await block(names.map(name => kernel.createVat({ name, bundleId })));
  const inputs = inputsOf(bundleId);
  let most = 0;
  for (let n = 0; n < BLOCKS; n += 1) {
    await block(inputs(kernel, n));
    most = Math.max(most, kernel.stats().vatsOnline);
  }
  return { hashes, most, pagedIn: pagedIn + kernel.stats().vatsPagedIn };
};

describe('paging', () => {
  test('paged out and in again amid a block -> it finds what it has written there', async () => {
    const replica = await Replica.open({ maxVatsOnline: 1, threads: 1 }, false);
    const { kernel } = replica;
    const bundleId = await replica.settle(kernel.installBundle(await fixture('bank.js')));
    const making = ['a', 'b'].map(name => kernel.createVat({ name, bundleId }));
    const [a, b] = await replica.settle(Promise.all(making));
    const names: Promise<unknown>[] = [];
    for (const name of ['first', 'second']) {
      void kernel.send(a!.root, 'makePurse', [name, 1n]);
      await kernel.run();
      // The other vat takes the one worker that there may be.
      void kernel.send(b!.root, 'countCalls');
      await kernel.run();
      names.push(kernel.send(a!.root, 'getNames').result);
      await kernel.run();
    }
    await kernel.commit();
    expect(await Promise.all(names)).toEqual([['first'], ['first', 'second']]);
    expect(kernel.stats().vatsPagedIn).toBeGreaterThanOrEqual(4);
  });

  const title = `at most 2 vats online, or all -> the same blocks (seed ${SEED})`;
  test(title, { tags: ['sized'] }, async () => {
    const all = await run({}, false);
    expect(all.pagedIn).toBe(0);
    const two = await run({ maxVatsOnline: 2 }, false);
    expect(two.hashes).toEqual(all.hashes);
    expect(two.pagedIn).toBeGreaterThan(BLOCKS);
    expect(two.most).toBeLessThanOrEqual(4);
    if (!isThorough) return;
    const reopened = await run({ maxVatsOnline: 1, threads: 1 }, true);
    expect(reopened.hashes).toEqual(all.hashes);
  });
});
