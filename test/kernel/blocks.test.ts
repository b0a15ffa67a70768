/** Runs (section 1.9 of README.md, policies), and blocks of a host that owns them. */
import type { Kernel, RunLimits, RunStats, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const WAVE_LIMIT = 4;

/** Two relays, and block 1 done. */
const setStage = preparedStore(async directory => {
  const bundle = await fixture('relay.js');
  const kernel = await kernelOver({
    directory,
    blocks: 'host',
    config: {
      vats: { a: { bundle }, b: { bundle } },
      // No reap comes among the deliveries that are counted.
      kernelParameters: { waveLimit: WAVE_LIMIT, reapInterval: 1_000_000 },
    },
  });
  await kernel.run();
  await kernel.commit();
  await kernel.close();
});
const open = async (directory?: string): Promise<Kernel> =>
  kernelOver({ directory: directory ?? (await setStage()), blocks: 'host' });
const root = (kernel: Kernel, name: string): VatReference => kernel.vat(name).root;
/** Twenty messages from outside; each makes another and a notify. */
const load = (kernel: Kernel): void => {
  for (let n = 0; n < 20; n += 1) {
    kernel.send(root(kernel, 'a'), 'forward', [root(kernel, 'b'), 'echo', [n]]);
  }
};

/** For what needs no kernel of its own: with nothing queued. */
const shared = useSharedKernel({
  blocks: 'host',
  place: setStage,
  begin: async ({ kernel: fresh }) => {
    await fresh.run();
    await fresh.commit();
  },
});
let kernel: Kernel;
beforeEach(() => {
  ({ kernel } = shared);
});

describe('runs', () => {
  const limits: readonly (readonly [string, RunLimits, Partial<RunStats>])[] = [
    ['waves', { waves: 3 }, { waves: 3, deliveries: 3 * WAVE_LIMIT }],
    ['deliveries, in the middle of a wave', { deliveries: 5 }, { waves: 2, deliveries: 8 }],
    ['cranks', { cranks: 1 }, { waves: 1, cranks: 4 }],
    ['the first of several', { waves: 7, deliveries: 9 }, { waves: 3 }],
    ['nothing', { waves: 0 }, { waves: 0, deliveries: 0 }],
    ['until says so', { until: done => done.deliveries > 10 }, { waves: 3, deliveries: 12 }],
    ['no limit', {}, { deliveries: 60 }],
  ];
  test.each(limits)('run: a limit on %s -> ends after that wave', async (_what, given, done) => {
    load(kernel);
    expect(await kernel.run(given)).toMatchObject(done);
  });

  test('run: a limit on creations -> ends after the wave that made so many', async () => {
    const own = await open();
    const { bundleId } = own.vat('a');
    for (const name of ['c', 'd', 'e', 'f', 'g']) {
      void own.createVat({ name, bundleId }).catch(() => undefined);
    }
    expect(await own.run({ creations: 1 })).toMatchObject({ waves: 1, creations: 4 });
    expect(own.vats()).toHaveLength(6);
  });

  test('run: an unknown limit, one that is none -> KernelError', async () => {
    await expect(kernel.run({ time: 5 } as RunLimits)).rejects.toMatchObject({
      code: 'BAD_OPTION',
    });
    await expect(kernel.run({ waves: 1.5 })).rejects.toThrow('run: waves must be an integer');
  });

  test('one run or many, the same blocks -> the same hash', async () => {
    const hashes = [];
    for (const part of [{}, { waves: 1 }, { deliveries: 5 }, { cranks: 7 }]) {
      const replica = await open();
      load(replica);
      while ((await replica.run(part)).waves > 0) {
        // until nothing is left
      }
      hashes.push(await replica.commit());
    }
    expect(new Set(hashes).size).toBe(1);
  });

  test('other blocks -> other hashes, the same results', async () => {
    const results = [];
    for (const commits of [false, true]) {
      const replica = await open();
      const sends = [1, 2, 3].map(
        n => replica.send(root(replica, 'a'), 'add', [n, n]).result,
      );
      await replica.run({ waves: 1 });
      if (commits) await replica.commit();
      await replica.run();
      const hash = await replica.commit();
      results.push({ hash, values: await Promise.all(sends) });
    }
    expect(results[0]!.values).toEqual(results[1]!.values);
    expect(results[0]!.hash).not.toBe(results[1]!.hash);
  });
});

describe('blocks', () => {
  test('beginBlock: the next height -> taken; another, or after a wave -> refused', async () => {
    const next = kernel.height + 1;
    expect(() => kernel.beginBlock({ height: next + 1 })).toThrow(
      `beginBlock: the next block is ${next}, not ${next + 1}`,
    );
    void kernel.beginBlock({ height: next, time: 5n });
    load(kernel);
    await kernel.run({ waves: 1 });
    expect(() => kernel.beginBlock({ time: 6 })).toThrow('the block has begun; commit it first');
    await kernel.commit();
    void kernel.beginBlock({ height: next + 1, time: 5 });
    await kernel.run();
    await kernel.commit();
  });

  test('beginBlock: during a run -> refused', async () => {
    load(kernel);
    const running = kernel.run();
    expect(() => kernel.beginBlock({ time: 6 })).toThrow('a run or a commit is in progress');
    await running;
  });

  test('blockHashAt -> the hash of every block, also after a restart', async () => {
    const directory = await setStage();
    const first = await open(directory);
    const hashes = [0, 1].map(height => first.blockHashAt(height));
    hashes.push(first.blockHash);
    expect(first.height).toBe(hashes.length - 1);
    for (let time = 1; time < 5; time += 1) {
      void first.beginBlock({ time });
      load(first);
      await first.run();
      hashes.push(await first.commit());
    }
    await first.close();
    const again = await kernelOver({ directory, blocks: 'host' });
    hashes.forEach((hash, height) => expect(again.blockHashAt(height)).toBe(hash));
    expect(() => again.blockHashAt(hashes.length)).toThrow(`there is no block ${hashes.length}`);
    expect(() => again.blockHashAt(-1)).toThrow('there is no block -1');
  });

  test('block time -> part of the hash', async () => {
    const hashes = [];
    for (const time of [1, 2, 1]) {
      const replica = await open();
      void replica.beginBlock({ time });
      await replica.run();
      hashes.push(await replica.commit());
    }
    expect(hashes[0]).toBe(hashes[2]);
    expect(hashes[0]).not.toBe(hashes[1]);
  });
});
