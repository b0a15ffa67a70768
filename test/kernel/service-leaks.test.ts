/** Vats that vats make and end, meters, host calls, alarms: what they leave when all is let go. */
import type { HostObject, VatReference } from '@heirloom/kernel';
import { beforeEach, expect, test } from 'vitest';
import { AdminBench } from '../support/drivers/admin.js';
import { amount } from '../support/suite/amounts.js';
import { auditStore } from '../support/stores/store-audit.js';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { countRows } from '../support/stores/store-rows.js';

/** Even rounds and odd ones end their vat in different ways. */
const ROUNDS = amount({ quick: 2, thorough: 6 });

let bench: AdminBench;
const kept = new Set<unknown>();

/** The host lets go of every reference in `value` that it has not had before. */
const drop = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || kept.has(value)) return;
  if ('kref' in value) bench.kernel.release(value as VatReference);
  else Object.values(value).forEach(drop);
};
const tell = async (...args: Parameters<AdminBench['tell']>): Promise<void> =>
  drop(await bench.tell(...args));

beforeEach(async () => {
  const ask = (_context: unknown, value: unknown): string => {
    drop(value);
    return 'seen';
  };
  bench = await AdminBench.open({ hostObjects: { oracle: { ask } } });
  const { clock } = bench.kernel.services;
  const oracle = bench.kernel.hostObject('oracle');
  for (const reference of [clock, oracle, bench.admin]) kept.add(reference);
  await bench.call('keep', 'oracle', oracle);
  await bench.call('keep', 'clock', clock);
});

const round = async (n: number): Promise<void> => {
  const name = `w${n}`;
  await tell('svc', 'createMeter', [10_000n, 10_000n], 'meter');
  await bench.watch('meter', 'whenBelowThreshold', [], 'low');
  await bench.make(name, { meter: '$meter', vatParameters: { give: '$oracle', meter: '$meter' } });
  await tell(`${name}.root`, 'fill', [0, 20]);
  await tell(`${name}.root`, 'export', [0, 5], 'things');
  await bench.watch(`${name}.node`, 'done', [], 'done');
  await tell(`${name}.node`, 'upgrade', ['$worker', {}]);
  await tell('oracle', 'ask', [`$${name}.root`]);
  await tell('clock', 'wakeAt', [0n]);
  const time = 10 * (n + 1);
  await bench.watch('clock', 'wakeAt', [BigInt(time)], 'alarm');
  await bench.kernel.beginBlock({ time });
  if (n % 2 === 0) await tell(`${name}.node`, 'terminateWithFailure', ['enough']);
  else await tell(`${name}.root`, 'leave', [{ at: '$oracle' }]);
  const log = (await bench.log()) as unknown[][];
  expect(log.map(([what]) => what)).toEqual(['low', 'alarm', 'done']);
  drop(log);
  await bench.call('forget');
};

/** The tables of the closed store agree with each other. */
const expectSound = async (): Promise<void> =>
  expect(await auditStore(bench.directory)).toEqual([]);

/** Everything that can be let go is; then the rows by table. */
const rows = async (): Promise<Record<string, number>> => {
  for (const { vatId, bundleId } of bench.kernel.vats()) {
    await bench.kernel.upgradeVat(vatId, { bundleId });
  }
  for (let i = 0; i < 4; i += 1) await bench.kernel.reapAll();
  await bench.call('getLog');
  await bench.kernel.close();
  await expectSound();
  const counts = await countRows(bench.directory);
  await bench.restart();
  return counts;
};

const title = `${ROUNDS} vats made, used, ended and forgotten -> the rows of before`;
test(title, { tags: ['thorough'] }, async () => {
  await round(0);
  const before = await rows();
  for (let n = 1; n <= ROUNDS; n += 1) await round(n);
  expect(await rows()).toEqual(before);
});

test('all of it pending, ended and shared at once -> the tables agree', async () => {
  const never: HostObject = { ask: () => new Promise(() => {}) };
  await bench.kernel.registerHostObject('never', never);
  await bench.call('keep', 'never', bench.kernel.hostObject('never'));
  await bench.tell('svc', 'createMeter', [10_000n, 1n], 'meter');
  for (const name of ['a', 'b']) await bench.make(name, { meter: '$meter' });
  await bench.watch('never', 'ask', ['$a.root'], 'asked');
  await bench.watch('meter', 'whenBelowThreshold', [], 'low');
  await bench.watch('clock', 'wakeAt', [1000n], 'alarm');
  await bench.watch('svc', 'waitForBundleCap', [`b1-${'0'.repeat(64)}`], 'cap');
  for (const name of ['a', 'b']) await bench.watch(`${name}.node`, 'done', [], 'done');
  await bench.tell('a.root', 'leave', [{ at: '$oracle' }]);
  await bench.kernel.close();
  await expectSound();
  await bench.restart();
  expect((await bench.log()) as unknown[]).toHaveLength(1);
});

test('a creation under a meter, cancelled by the host -> rejected, the meter let go', async () => {
  const directory = await freshDirectory();
  const config = { bundles: { worker: { bundle: await fixture('services/worker.js') } } };
  const kernel = await kernelOver({ directory, blocks: 'host', config });
  const call = async (target: VatReference, method: string, ...args: unknown[]) => {
    const { result } = kernel.send(target, method, args);
    await kernel.run();
    await kernel.commit();
    return result;
  };
  const { vatAdmin } = kernel.services;
  const service = (await call(vatAdmin, 'createVatAdminService')) as VatReference;
  const cap = await call(service, 'getNamedBundleCap', 'worker');
  const meter = (await call(service, 'createMeter', 1000n, 0n)) as VatReference;
  const making = kernel.send(service, 'createVat', [cap, { meter }]).result;
  await kernel.run({ waves: 1 });
  await kernel.commit();
  const [item] = kernel.queued();
  expect(item).toMatchObject({ type: 'create' });
  const cancelling = kernel.cancelItem({ ordinal: item!.ordinal });
  await kernel.run();
  await kernel.commit();
  await cancelling;
  await expect(making).rejects.toEqual(Error('cancelled by the host'));
  await kernel.close();
  expect(await auditStore(directory)).toEqual([]);
});
