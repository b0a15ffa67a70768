/** What is taken back: an upgrade that fails, and one that succeeded (docs/upgrade/rollback.md). */
import type { CreatedVat, Kernel, LogRecord, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { AdminBench } from '../support/drivers/admin.js';
import { amount } from '../support/suite/amounts.js';
import { fixture } from '../support/kernels/fresh-kernels.js';
import { inReplicas, type Replica } from '../support/kernels/replicas.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const shared = useSharedKernel();
let kernel: Kernel;
let bundleId: string;
let bank: CreatedVat & { readonly name: string };
let purse: VatReference;

beforeEach(async () => {
  ({ kernel } = shared);
  bank = await shared.create('bank.js', { vatParameters: { version: 1 } });
  ({ bundleId } = kernel.vat(bank.name));
  purse = (await kernel.call(bank.root, 'makePurse', ['a', 1n])) as VatReference;
});

const upgrade = (vatParameters: unknown) =>
  kernel.upgradeVat(bank.vatId, { bundleId, vatParameters });
const versions = async (): Promise<unknown> =>
  Promise.all([bank.root, purse].map(it => kernel.call(it, 'getVersion')));

describe('a failed upgrade:', () => {
  /** What the log says of the bank at each: its successor starts, and its next message comes. */
  const FAILED = [['startVat', undefined], ['upgraded', false], ['message', undefined]];

  const atOnce = 'the predecessor goes on at once: the same worker and heap, nothing replayed';
  test(atOnce, { tags: ['sized'] }, async () => {
    await kernel.call(bank.root, 'countCalls');
    const { threads, vatsPagedIn, upgradeCount } = kernel.stats();
    const seen: unknown[] = [];
    const write = (record: LogRecord): void => {
      const { event, vat, ok } = record as Readonly<Record<string, unknown>>;
      if (vat === bank.vatId) seen.push([event, ok]);
    };
    kernel.setLog({ categories: ['delivery', 'upgrade', 'vat'], write });
    const fails = amount({
      quick: ['throw', 'unclaimed'],
      thorough: ['throw', 'never', 'plain', 'unclaimed', 'throw', 'never', 'plain'],
    });
    for (const [i, fail] of fails.entries()) {
      await expect(upgrade({ fail })).rejects.toThrow();
      expect(await kernel.call(bank.root, 'countCalls')).toBe(i + 2);
    }
    kernel.setLog(undefined);
    expect(seen).toEqual(fails.flatMap(() => FAILED));
    expect(kernel.stats()).toMatchObject({ threads, vatsPagedIn });
    expect(kernel.stats().upgrades.slice(upgradeCount)).toHaveLength(fails.length);
  });
});

describe('rollback:', () => {
  test('the code and the parameters before, on the present data; twice -> forward', async () => {
    await upgrade({ version: 2 });
    await kernel.call(purse, 'deposit', [9n]);
    expect(await kernel.rollbackVat(bank.vatId)).toEqual({ incarnationNumber: 2 });
    expect(await versions()).toEqual([1, 1]);
    expect(await kernel.call(purse, 'getBalance')).toBe(10n);
    expect(await kernel.rollbackVat(bank.vatId)).toEqual({ incarnationNumber: 3 });
    expect(await versions()).toEqual([2, 2]);
    await upgrade({ version: 4 });
    await kernel.rollbackVat(bank.vatId);
    expect(await versions()).toEqual([2, 2]);
  });

  test('a vat that was never upgraded, or whose upgrade failed -> an error', async () => {
    await expect(upgrade({ fail: 'throw' })).rejects.toThrow('version is broken');
    const text = `vat ${bank.vatId} has had no other code to return to`;
    await expect(kernel.rollbackVat(bank.vatId)).rejects.toThrow(text);
    expect(await versions()).toEqual([1, 1]);
  });

  test('promises that the vat decides -> rejected with the message of the rollback', async () => {
    const { root: relay } = await shared.create('relay.js');
    await upgrade({ version: 2 });
    for (const upgradeMessage of [undefined, 'withdrawn']) {
      const waiting = kernel.send(purse, 'depositAfter', [1n, relay]).result;
      const options = upgradeMessage === undefined ? {} : { upgradeMessage };
      expect(await kernel.rollbackVat(bank.vatId, options)).toMatchObject({ rejectedPromises: 1 });
      const told = upgradeMessage ?? 'vat rolled back';
      await expect(waiting).rejects.toMatchObject({ upgradeMessage: told });
    }
  });

  test('kinds that only the newer code made -> it fails and names them', async () => {
    const made = await shared.create('workbench.js');
    const benchId = made.bundleId;
    const setup = `for (const tag of ['Note', 'Page']) {
      VatData.defineDurableKind(VatData.makeKindHandle(tag), () => ({}), {});
    }`;
    await kernel.upgradeVat(made.vatId, { bundleId: benchId, vatParameters: { setup } });
    const text = 'defineDurableKind not called for tags: [Note,Page]';
    await expect(kernel.rollbackVat(made.vatId)).rejects.toThrow(text);
    expect(kernel.vat(made.name).incarnation).toBe(1);
    expect(await kernel.call(made.root, 'run', ['1 + 1'])).toBe(2);
  });

  test('references in the parameters -> held until nothing can return to them', async () => {
    const host = await shared.create('workbench.js');
    const benchId = host.bundleId;
    const make = `Far('thing', { ping: () => 7 })`;
    const thing = (await kernel.call(host.root, 'run', [make])) as VatReference;
    const setup = `$.thing = args; 0`;
    const made = await shared.create('workbench.js', { vatParameters: { setup, args: [thing] } });
    const count = (): number => kernel.audit().counts.objects;
    kernel.release(thing);
    await kernel.upgradeVat(made.vatId, { bundleId: benchId });
    await kernel.idle();
    const held = count();
    await kernel.rollbackVat(made.vatId);
    expect(await kernel.call(made.root, 'run', ['E($.thing[0]).ping()'])).toBe(7);
    for (let i = 0; i < 2; i += 1) await kernel.upgradeVat(made.vatId, { bundleId: benchId });
    await kernel.idle();
    expect(count()).toBe(held - 1);
  });

  test('after an upgrade by replay -> the code before it', async () => {
    await kernel.upgradeVat(bank.vatId, { bundleId, mode: 'replay' });
    expect(await kernel.rollbackVat(bank.vatId)).toEqual({ incarnationNumber: 1 });
    expect(await versions()).toEqual([1, 1]);
  });

  test('wrong options, an ended vat -> KernelError', async () => {
    const wrong = { bundleId } as never;
    const text = 'rollbackVat: unknown option bundleId; options: upgradeMessage, drain, first';
    await expect(kernel.rollbackVat(bank.vatId, wrong)).rejects.toThrow(text);
    await kernel.terminateVat(bank.vatId);
    await expect(kernel.rollbackVat(bank.vatId)).rejects.toThrow(`no vat ${bank.vatId} runs`);
  });

  test('with a drain -> no rejection', async () => {
    await upgrade({ version: 2 });
    const { root } = await shared.create('workbench.js');
    const open = await kernel.call(root, 'run', [`Far('gate', { open: () => 1 })`]);
    const deposit = kernel.send(purse, 'depositAfter', [1n, open]).result;
    expect(await kernel.rollbackVat(bank.vatId, { drain: { waves: 9 } })).toEqual({
      incarnationNumber: 2,
    });
    expect(await deposit).toBe(2n);
  });
});

const script = async (replica: Replica): Promise<readonly unknown[]> => {
  const { kernel: first } = replica;
  const id = await replica.settle(first.installBundle(await fixture('bank.js')));
  await replica.settle(first.createVat({ name: 'bank', bundleId: id }));
  const seen: unknown[] = [];
  const upgradeTo = (vatParameters: unknown) => (it: Kernel) =>
    it.upgradeVat(it.vat('bank').vatId, { bundleId: id, vatParameters });
  const rollback = (it: Kernel) => it.rollbackVat(it.vat('bank').vatId);
  const inputs = [upgradeTo({}), rollback, upgradeTo({ fail: 'throw' }), rollback];
  for (const input of inputs) {
    void input(replica.kernel).catch(() => undefined);
    await replica.block();
    const { kernel: it } = replica;
    seen.push(it.vat('bank').incarnation);
    const { result } = it.send(it.vat('bank').root, 'getNames');
    await replica.settle(result);
  }
  return seen;
};

const everywhere = 'rollback: one thread, many, paging, restarts between -> the same hashes';
test(everywhere, { tags: ['sized'] }, async () => {
  expect(await inReplicas(script)).toEqual([1, 2, 2, 3]);
});

const byNode = 'rollback: by an adminNode -> as by the host; refused for a vat that has ended';
test(byNode, { tags: ['thorough'] }, async () => {
  const bench = await AdminBench.open();
  await bench.make('w', { vatParameters: { number: 1 } });
  await bench.tell('w.node', 'upgrade', ['$worker', { vatParameters: { number: 2 } }]);
  expect(await bench.tell('w.node', 'rollback')).toEqual({ incarnationNumber: 2 });
  const message = { upgradeMessage: 'again' };
  expect(await bench.tell('w.node', 'rollback', [message])).toEqual({ incarnationNumber: 3 });
  const wrong = bench.tell('w.node', 'rollback', [{ vatParameters: 1 }]);
  await expect(wrong).rejects.toThrow('rollback() received unknown options: "vatParameters"');
  await bench.tell('w.node', 'terminateWithFailure', ['enough']);
  await expect(bench.tell('w.node', 'rollback')).rejects.toThrow(
    'vatAdminService rejecting attempt to perform "rollback"() on non-running vat',
  );
});
