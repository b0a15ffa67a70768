/** Upgrade (docs/upgrade.md): what survives, what is rejected, and every way to fail. */
import type { CreatedVat, Kernel, RunLimits, VatReference } from '@heirloom/kernel';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const UPGRADES = amount({ quick: 3, thorough: 10 });

const shared = useSharedKernel();
let kernel: Kernel;
let bundleId: string;
let bank: CreatedVat & { readonly name: string };
let relay: VatReference;

beforeAll(async () => {
  relay = (await shared.create('relay.js')).root;
});
beforeEach(async () => {
  ({ kernel } = shared);
  bank = await shared.create('bank.js', { vatParameters: { version: 1 } });
  ({ bundleId } = kernel.vat(bank.name));
});

const upgrade = (vatParameters: unknown, upgradeMessage?: string) =>
  kernel.upgradeVat(bank.vatId, {
    bundleId,
    vatParameters,
    ...(upgradeMessage === undefined ? {} : { upgradeMessage }),
  });
const makePurse = async (name: string, balance: bigint) =>
  (await kernel.call(bank.root, 'makePurse', [name, balance])) as VatReference;

describe('success', () => {
  test('durable objects, their state and the root -> same references, new behaviour', async () => {
    const purse = await makePurse('alice', 100n);
    await kernel.call(purse, 'deposit', [5n]);
    expect(await upgrade({ version: 2 })).toEqual({ incarnationNumber: 1 });
    expect(await kernel.call(bank.root, 'getVersion')).toBe(2);
    expect(await kernel.call(purse, 'getVersion')).toBe(2);
    expect(await kernel.call(purse, 'getBalance')).toBe(105n);
    expect(await kernel.call(bank.root, 'getPurse', ['alice'])).toBe(purse);
    expect(await makePurse('bob', 1n)).not.toBe(purse);
  });

  const often = `${UPGRADES} upgrades -> instance numbers are never used twice`;
  test(often, { tags: ['sized'] }, async () => {
    const purses: VatReference[] = [];
    for (let version = 2; version < 2 + UPGRADES; version += 1) {
      purses.push(await makePurse(`purse${version}`, BigInt(version)));
      await upgrade({ version });
    }
    expect(new Set(purses).size).toBe(UPGRADES);
    for (const [i, purse] of purses.entries()) {
      expect(await kernel.call(purse, 'getBalance')).toBe(BigInt(i + 2));
    }
  });

  test('a deposit, an upgrade, a read in one block -> the read sees the deposit (T4)', async () => {
    const owner = await kernelOver({ blocks: 'host' });
    const settle = async <T>(work: Promise<T>): Promise<T> => {
      await owner.run();
      await owner.commit();
      return work;
    };
    const id = await settle(owner.installBundle(await fixture('bank.js')));
    const made = await settle(owner.createVat({ name: 'bank', bundleId: id }));
    const purse = (await settle(
      owner.send(made.root, 'makePurse', ['alice', 1n]).result,
    )) as VatReference;
    owner.send(purse, 'deposit', [41n]);
    const upgraded = owner.upgradeVat(made.vatId, { bundleId: id });
    const read = owner.send(purse, 'getBalance');
    await owner.run();
    await owner.commit();
    await upgraded;
    expect(await read.result).toBe(42n);
  });

  test('promises that the vat decides -> rejected with the disconnection object', async () => {
    const purse = await makePurse('alice', 1n);
    const waiting = kernel.send(purse, 'depositAfter', [1n, relay]);
    await upgrade({ version: 2 }, 'second edition');
    await expect(waiting.result).rejects.toEqual({
      name: 'vatUpgraded',
      upgradeMessage: 'second edition',
      incarnationNumber: 0,
    });
    expect(await kernel.call(purse, 'getBalance')).toBe(1n);
  });

  test('exports that are not durable -> abandoned: messages are refused', async () => {
    const counter = (await kernel.call(bank.root, 'makeCounter')) as VatReference;
    expect(await kernel.call(counter, 'getVersion')).toBe(1);
    await upgrade({ version: 2 });
    await expect(kernel.call(counter, 'getVersion')).rejects.toThrow('vat terminated');
    const fresh = (await kernel.call(bank.root, 'makeCounter')) as VatReference;
    expect(fresh).not.toBe(counter);
    expect(await kernel.call(fresh, 'getVersion')).toBe(2);
  });

  test('an old export is sent to the new code, its name not gone yet -> an import', async () => {
    const slow = await kernelOver({ parameters: { cleanupRowsMax: 1 }, blocks: 'host' });
    const block = async <T>(work: Promise<T>, limits: RunLimits = {}): Promise<T> => {
      await slow.run(limits);
      await slow.commit();
      return work;
    };
    const id = await block(slow.installBundle(await fixture('relay.js')));
    const { vatId, root } = await block(slow.createVat({ name: 'relay', bundleId: id }));
    const echo = (await block(slow.call(root, 'makeEcho'))) as VatReference;
    await block(slow.upgradeVat(vatId, { bundleId: id }), { waves: 1 });
    expect(await block(slow.call(root, 'echo', [echo]), { waves: 1 })).toBe(echo);
    await expect(block(slow.call(root, 'forward', [echo, 'echo', [1]]))).rejects.toThrow(
      'vat terminated',
    );
    expect(slow.audit()).toMatchObject({ ok: true });
    await block(slow.upgradeVat(vatId, { bundleId: id, vatParameters: { echo } }));
    expect(slow.vat('relay').incarnation).toBe(2);
  });

  test('messages queued before the upgrade -> old code; after it -> new code', async () => {
    const before = kernel.send(bank.root, 'getVersion');
    const upgraded = upgrade({ version: 2 });
    const after = kernel.send(bank.root, 'getVersion');
    await upgraded;
    expect(await before.result).toBe(1);
    expect(await after.result).toBe(2);
  });
});

describe('failure', () => {
  const failures = [
    ['buildRootObject throws', { fail: 'throw' }, /version is broken/],
    ['buildRootObject never settles', { fail: 'never' }, /buildRootObject unresolved/],
    ['buildRootObject returns no remotable', { fail: 'plain' }, /not Far/],
    [
      'a durable kind is not defined again',
      { fail: 'unclaimed' },
      /not called for tags: \[Purse\]/,
    ],
  ] as const;
  test.each(failures)(
    '%s -> the reason; the predecessor goes on',
    async (_, parameters, reason) => {
      const purse = await makePurse('alice', 7n);
      expect(await kernel.call(bank.root, 'countCalls')).toBe(1);
      const counter = (await kernel.call(bank.root, 'makeCounter')) as VatReference;
      const waiting = kernel.send(purse, 'depositAfter', [1n, relay]);
      let settled = false;
      waiting.result.then(
        () => (settled = true),
        () => (settled = true),
      );
      await expect(upgrade(parameters)).rejects.toThrow(reason);
      expect(await kernel.call(bank.root, 'countCalls')).toBe(2);
      expect(await kernel.call(counter, 'getVersion')).toBe(1);
      expect(await kernel.call(purse, 'getBalance')).toBe(7n);
      expect(settled).toBe(false);
      expect(kernel.vat(bank.name).incarnation).toBe(0);
      const done = { incarnationNumber: 1, rejectedPromises: 1 };
      expect(await upgrade({ version: 3 })).toMatchObject(done);
      expect(await kernel.call(purse, 'getVersion')).toBe(3);
    },
  );

  test('a bundle without buildRootObject -> the reason says so', async () => {
    const empty = await shared.install('faulty/empty.js');
    const failing = kernel.upgradeVat(bank.vatId, { bundleId: empty });
    await expect(failing).rejects.toThrow('vat source bundle lacks buildRootObject() function');
    expect(await kernel.call(bank.root, 'getVersion')).toBe(1);
  });

  test('the vat has ended -> the upgrade rejects', async () => {
    await kernel.terminateVat(bank.vatId);
    await expect(upgrade({ version: 2 })).rejects.toThrow(`no vat ${bank.vatId} runs`);
  });
});
