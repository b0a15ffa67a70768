/** The same blocks with one thread at a time and with many: every block hash is the same. */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';
import { Replica } from '../support/kernels/replicas.js';

const VATS = 6;
const BLOCKS = amount({ quick: 7, thorough: 12 });
const MANY = { threads: 64, spareThreads: 3 };
/** Beside one thread at a time. */
const OTHERS = amount({ quick: [MANY], thorough: [{ threads: 2, spareThreads: 1 }, MANY] });

/** Vats that call one another in a ring, with creations, upgrades and a termination on the way. */
const runBlocks = async (options: { threads: number; spareThreads: number }): Promise<string[]> => {
  const kernel: Kernel = await kernelOver({
    ...options,
    blocks: 'host',
    parameters: { waveLimit: 16 },
  });
  const settle = async <T>(work: Promise<T>): Promise<T> => {
    await kernel.run();
    hashes.push(await kernel.commit());
    return work;
  };
  const hashes: string[] = [];
  const relayId = await settle(kernel.installBundle(await fixture('relay.js')));
  const bankId = await settle(kernel.installBundle(await fixture('bank.js')));
  const roots: VatReference[] = [];
  for (let i = 0; i < VATS; i += 1) {
    const made = await settle(kernel.createVat({ name: `relay${i}`, bundleId: relayId }));
    roots.push(made.root);
  }
  const bank = await settle(kernel.createVat({ name: 'bank', bundleId: bankId }));
  for (let block = 0; block < BLOCKS; block += 1) {
    for (let i = 0; i < VATS; i += 1) {
      const [a, b, c] = [0, 1, 2].map(n => roots[(i + n + block) % VATS]!);
      kernel.send(a!, 'forward', [b, 'forward', [c, 'add', [block, i]]]);
      kernel.send(a!, 'send', [`${block}.${i}`, bank.root, 'makePurse', [`${block}.${i}`, 1n]]);
      kernel.send(b!, 'send', ['lost', c, 'fail', ['on purpose']]);
    }
    if (block % 4 === 1) void kernel.upgradeVat(bank.vatId, { bundleId: bankId });
    if (block === 6) void kernel.terminateVat(kernel.vat('relay5').vatId);
    if (block % 3 === 2) await kernel.run({ waves: 2 });
    await settle(Promise.resolve());
  }
  expect(await settle(kernel.send(roots[0]!, 'getLog').result)).toHaveLength(2 * BLOCKS);
  return hashes;
};

const title = 'threads: one at a time, more, all at once -> the same hash of every block';
test(title, { tags: ['sized'] }, async () => {
  const one = await runBlocks({ threads: 1, spareThreads: 0 });
  expect(one).toHaveLength(BLOCKS + VATS + 4);
  for (const options of OTHERS) expect(await runBlocks(options)).toEqual(one);
});

test('one thread: a fault amid a part of a wave -> those that wait get their turn', async () => {
  const replica = await Replica.open({ threads: 1 }, false);
  const { kernel } = replica;
  const bundleId = await replica.settle(kernel.installBundle(await fixture('workbench.js')));
  const making = ['a', 'b'].map(name => kernel.createVat({ name, bundleId }));
  const [a, b] = await replica.settle(Promise.all(making));
  const results = [
    kernel.send(a!.root, 'run', ['1', []]),
    kernel.send(b!.root, 'run', ['2', []]),
    kernel.send(a!.root, 'run', ['const deep = n => deep(n + 1) + 1; deep(0)', []]),
    kernel.send(a!.root, 'run', ['4', []]),
    kernel.send(b!.root, 'run', ['5', []]),
  ].map(({ result }) => result.catch((reason: unknown) => String(reason)));
  const ended = 'Error: vat terminated';
  expect(await replica.settle(Promise.all(results))).toEqual([1, 2, ended, ended, 5]);
});
