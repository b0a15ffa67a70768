/** Restart: the last block is there, vats are rebuilt by verified replay, work goes on. */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { openReader } from '@heirloom/store';
import { describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';

/** A bank with a purse, after some deposits, some of them before an upgrade. */
const busyBank = async (kernel: Kernel): Promise<void> => {
  const bundleId = await install(kernel, 'bank.js');
  const bank = await kernel.createVat({ name: 'bank', bundleId });
  const purse = (await kernel.call(bank.root, 'makePurse', ['alice', 1n])) as VatReference;
  for (let i = 0; i < 5; i += 1) await kernel.call(purse, 'deposit', [1n]);
  await kernel.upgradeVat(bank.vatId, { bundleId, vatParameters: { version: 2 } });
  for (let i = 0; i < 5; i += 1) await kernel.call(purse, 'deposit', [10n]);
  await kernel.call(bank.root, 'makePurse', ['bob', 5n]);
  await kernel.call(bank.root, 'countCalls');
};

/** What the kernel that made the store was at, when it had made it. */
let made: readonly [height: number, blockHash: string, lastInput: number];
const busyStore = preparedStore(async directory => {
  const kernel = await kernelOver({ directory });
  await busyBank(kernel);
  made = [kernel.height, kernel.blockHash, kernel.lastInput];
  await kernel.close();
});

const rootOf = (kernel: Kernel, name: string): VatReference => kernel.vat(name).root;

describe('reopening', () => {
  test('height, hash and last input -> as at the last commit', async () => {
    const second = await kernelOver({ directory: await busyStore() });
    expect([second.height, second.blockHash, second.lastInput]).toEqual(made);
  });

  test('heap and durable state -> rebuilt; the heap by replay', async () => {
    const second = await kernelOver({ directory: await busyStore() });
    const bank = rootOf(second, 'bank');
    expect(await second.call(bank, 'countCalls')).toBe(2);
    const alice = (await second.call(bank, 'getPurse', ['alice'])) as VatReference;
    expect(await second.call(alice, 'getBalance')).toBe(56n);
    expect(await second.call(bank, 'getNames')).toEqual(['alice', 'bob']);
    expect(await second.call(alice, 'deposit', [1n])).toBe(57n);
  });

  const everywhere = 'with a restart between all blocks or without -> the same block hashes';
  test(everywhere, { tags: ['sized'] }, async () => {
    const run = async (restarting: boolean): Promise<string[]> => {
      const directory = await freshDirectory();
      const open = (): Promise<Kernel> => kernelOver({ directory, blocks: 'host' });
      let kernel = await open();
      const hashes: string[] = [];
      /** A block with this input, garbage and all. */
      const block = async <T>(work: Promise<T>): Promise<T> => {
        await kernel.run();
        hashes.push(await kernel.commit());
        const done = await work;
        if (restarting) {
          await kernel.close();
          kernel = await open();
        }
        return done;
      };
      const bundle = await fixture('bank.js');
      const bundleId = await block(kernel.installBundle(bundle));
      await block(kernel.createVat({ name: 'bank', bundleId }));
      for (let i = 0; i < amount({ quick: 3, thorough: 6 }); i += 1) {
        const { root, vatId } = kernel.vat('bank');
        await block(kernel.send(root, 'makePurse', [`purse${i}`, BigInt(i)]).result);
        if (i % 2 === 1) await block(kernel.upgradeVat(vatId, { bundleId }));
      }
      return hashes;
    };
    expect(await run(true)).toEqual(await run(false));
  });

  test('work that was queued and committed -> done after the restart, once', async () => {
    const directory = await freshDirectory();
    const first = await kernelOver({ directory, blocks: 'host' });
    const settle = async <T>(work: Promise<T>): Promise<T> => {
      await first.run();
      await first.commit();
      return work;
    };
    const bundle = await fixture('bank.js');
    const bundleId = await settle(first.installBundle(bundle));
    const { root } = await settle(first.createVat({ name: 'bank', bundleId }));
    const { input } = first.send(root, 'makePurse', ['alice', 1n]);
    await first.commit();
    await first.close();
    const second = await kernelOver({ directory, blocks: 'host' });
    expect(second.lastInput).toBe(input);
    const made = second.resultOf(input);
    await second.run();
    await second.commit();
    expect(((await made) as VatReference).type).toBe('object');
    await second.close();
    // Told or not: the last block's results can still be asked for.
    const third = await kernelOver({ directory });
    expect(((await third.resultOf(input)) as VatReference).type).toBe('object');
    expect(await third.call(rootOf(third, 'bank'), 'getNames')).toEqual(['alice']);
    await expect(third.resultOf(input)).rejects.toMatchObject({ code: 'NO_RESULT' });
  });
});

describe('housekeeping', () => {
  test('transcripts and pre-images of ended incarnations -> gone after a few waves', async () => {
    const directory = await busyStore();
    const kernel = await kernelOver({ directory });
    const bank = kernel.vat('bank');
    const purse = (await kernel.call(bank.root, 'getPurse', ['alice'])) as VatReference;
    await kernel.upgradeVat(bank.vatId, { bundleId: bank.bundleId });
    for (let i = 0; i < 3; i += 1) await kernel.call(purse, 'getBalance');
    await kernel.close();
    const reader = openReader({ directory, readersMax: 8 });
    const snapshot = reader.begin();
    const keysOf = (table: 'transcript' | 'preimage'): string[] =>
      snapshot
        .keysAfter(table, '', '\xff', 1000)
        .map(key => Buffer.from(key, 'latin1').toString('hex'));
    const incarnation = (key: string): number => Number.parseInt(key.slice(8, 16), 16);
    expect(new Set(keysOf('transcript').map(incarnation))).toEqual(new Set([2]));
    expect(keysOf('preimage').filter(key => incarnation(key) < 2)).toEqual([]);
    snapshot.done();
    await reader.close();
  });
});
