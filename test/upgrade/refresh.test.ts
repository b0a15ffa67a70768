/** Refreshes: null upgrades after a number of deliveries (docs/upgrade/refresh.md). */
import type { Kernel, KernelLogEntry } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { AdminBench } from '../support/drivers/admin.js';
import { fixture, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { inReplicas, type Replica } from '../support/kernels/replicas.js';

const DELIVERIES = 4;
const refresh = { deliveries: DELIVERIES };

const countCalls = (kernel: Kernel, name = 'bank'): Promise<unknown> =>
  kernel.call(kernel.vat(name).root, 'countCalls');

describe('refresh:', () => {
  test('after N deliveries -> the next incarnation; what is durable stays', async () => {
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'bank.js');
    const vatParameters = { version: 7 };
    const { root } = await kernel.createVat({ name: 'bank', bundleId, vatParameters, refresh });
    await kernel.call(root, 'makePurse', ['a', 5n]);
    const counts: unknown[] = [];
    for (let i = 0; i < 8; i += 1) counts.push(await countCalls(kernel));
    expect(counts).toEqual([1, 2, 3, 1, 2, 3, 4, 1]);
    expect(kernel.vat('bank').incarnation).toBe(2);
    expect(await kernel.call(root, 'getNames')).toEqual(['a']);
    expect(await kernel.call(root, 'getVersion')).toBe(7);
    const { vatId } = kernel.vat('bank');
    // It had no other code: that of the incarnations before was the same.
    await expect(kernel.rollbackVat(vatId)).rejects.toThrow('has had no other code');
  });

  test('promises that the vat decides -> rejected; what was sent before is answered', async () => {
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'relay.js');
    const { root } = await kernel.createVat({ name: 'relay', bundleId, refresh });
    const open = kernel.send(root, 'open').result;
    const echoes = [1, 2, 3, 4, 5].map(value => kernel.send(root, 'echo', [value]).result);
    expect(await Promise.all(echoes)).toEqual([1, 2, 3, 4, 5]);
    await kernel.idle();
    await expect(open).rejects.toEqual({
      ...{ name: 'vatUpgraded', upgradeMessage: 'vat refreshed', incarnationNumber: 0 },
    });
    expect(kernel.vat('relay').incarnation).toBe(1);
  });

  test('it fails -> the vat goes on, the log says so, again after N deliveries', async () => {
    const log: KernelLogEntry[] = [];
    const kernel = await kernelOver({ log: entry => log.push(entry) });
    const bundleId = await install(kernel, 'workbench.js');
    const setup = `if (baggage.has('up')) throw Error('once only'); baggage.init('up', 1)`;
    const vatParameters = { setup };
    const made = await kernel.createVat({ name: 'bench', bundleId, vatParameters, refresh });
    for (let i = 0; i < 2 * DELIVERIES + 1; i += 1) {
      const code = '$.n = ($.n ?? 0) + 1';
      expect(await kernel.call(made.root, 'run', [code])).toBe(i + 1);
    }
    await kernel.idle();
    expect(kernel.vat('bench').incarnation).toBe(0);
    // Said before, by whoever asks; of a vat that nobody refreshes, too.
    const tried = await kernel.upgradeAll({ dryRun: true });
    const refused = { name: 'bench', ok: false, errors: ['Error: once only'], refresh };
    expect(tried).toMatchObject([refused]);
    // Below the first line stands where it was thrown.
    const faults = log.flatMap(({ level, text }) => (level === 'fault' ? text.split('\n', 1) : []));
    expect(faults).toEqual(Array(2).fill('REFRESH_FAILED: Error: once only'));
  });

  test('wrong options -> BAD_OPTION', async () => {
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'bank.js');
    for (const wrong of [{ deliveries: 0 }, { deliveries: 1.5 }, {}, 3, 'always']) {
      const options = { name: 'bank', bundleId, refresh: wrong as never };
      const text = "createVat: refresh must be { deliveries: N }, N a positive integer, or 'never'";
      await expect(kernel.createVat(options)).rejects.toThrow(text);
    }
  });
});

const script = async (replica: Replica): Promise<readonly unknown[]> => {
  const { kernel: first } = replica;
  const bundleId = await replica.settle(first.installBundle(await fixture('bank.js')));
  await replica.settle(first.createVat({ name: 'bank', bundleId, refresh }));
  for (let i = 0; i < 5; i += 1) {
    const { root } = replica.kernel.vat('bank');
    replica.kernel.send(root, 'countCalls');
    replica.kernel.send(root, 'makePurse', [`purse${i}`, 1n]);
    await replica.block(i % 2 === 0 ? 1 : Infinity);
  }
  await replica.block();
  const { kernel } = replica;
  const names = kernel.send(kernel.vat('bank').root, 'getNames').result;
  return [kernel.vat('bank').incarnation, await replica.settle(names)];
};

const everywhere = 'refresh: one thread, many, paging, restarts between -> the same hashes';
test(everywhere, { tags: ['thorough'] }, async () => {
  const names = ['purse0', 'purse1', 'purse2', 'purse3', 'purse4'];
  expect(await inReplicas(script)).toEqual([2, names]);
});

const byService = 'refresh: by the vat-admin service, and changed -> counted from then on';
test(byService, { tags: ['thorough'] }, async () => {
  const bench = await AdminBench.open();
  await bench.make('w', { name: 'w', refresh: { deliveries: 2 } });
  const count = () => bench.tell('w.root', 'count');
  expect([await count(), await count(), await count()]).toEqual([1, 2, 1]);
  await bench.tell('w.node', 'changeOptions', [{ refresh: { deliveries: 3 } }]);
  expect([await count(), await count(), await count(), await count()]).toEqual([2, 3, 4, 1]);
  await bench.tell('w.node', 'changeOptions', [{ refresh: 'never' }]);
  expect([await count(), await count(), await count(), await count()]).toEqual([2, 3, 4, 5]);
  const wrong = bench.tell('w.node', 'changeOptions', [{ refresh: 5 }]);
  await expect(wrong).rejects.toThrow('invalid option: refresh must be { deliveries: N }');
});
