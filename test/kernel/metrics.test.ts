/** `stats()` and `metrics()`: figures that agree with the audit, and that docs/metrics.md lists. */
import { readFileSync } from 'node:fs';
import type { Kernel, VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { beginHistory, runBlocks } from '../support/kernels/history.js';

const busyKernel = async (): Promise<Kernel> => {
  const kernel = await kernelOver({ blocks: 'host' });
  await beginHistory(kernel);
  await runBlocks(kernel, 1, 5);
  return kernel;
};

/** Samples by name and labels, as they stand in the text. */
const samplesOf = (text: string): Map<string, number> =>
  new Map(
    text
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
  );

test('stats: a busy kernel -> the tables counted as the audit counts them', async () => {
  const kernel = await busyKernel();
  const { tables, ...stats } = kernel.stats();
  const { counts } = kernel.audit();
  const { unresolved, fulfilled, rejected } = tables.promises;
  expect(tables.objects).toBe(counts.objects);
  expect([unresolved, unresolved + fulfilled + rejected]).toEqual([
    counts.unresolved,
    counts.promises,
  ]);
  expect(tables.clistEntries).toBe(counts.names);
  const { messages, notifies, lifecycle } = tables.runQueue;
  expect(messages + notifies + lifecycle).toBe(counts.runQueue);
  expect(stats.runQueueLength).toBe(counts.runQueue);
  expect([tables.waiting, tables.pins]).toEqual([counts.waiting, counts.pins]);
  expect(tables.boundNames).toBe(counts.boundNames);
  expect(tables.vats.map(({ name }) => name)).toEqual(counts.vats.map(({ name }) => name));
  const bank = tables.vats.find(({ name }) => name === 'bank')!;
  expect(bank.incarnation).toBe(kernel.vat('bank').incarnation);
  expect(bank.deliveries).toBeGreaterThan(0);
  expect(stats.memory.rssMiB).toBeGreaterThan(0);
  expect(stats.dirtyRows).toBe(0);
  kernel.send(kernel.vat('relay').root, 'echo', [1n]);
  expect(kernel.stats().dirtyRows).toBeGreaterThan(0);
});

test('metrics: twice -> the figures of stats each time; vats that are gone are gone', async () => {
  const kernel = await busyKernel();
  const first = samplesOf(await kernel.metrics());
  const { tables, upgrades, ...stats } = kernel.stats();
  const expected: readonly [string, number][] = [
    ['heirloom_height', kernel.height],
    ['heirloom_blocks_total', stats.blocks],
    ['heirloom_cranks_total', stats.cranks],
    ['heirloom_run_queue_length', stats.runQueueLength],
    ['heirloom_objects', tables.objects],
    ['heirloom_promises{state="unresolved"}', tables.promises.unresolved],
    ['heirloom_vat_incarnation{vat="v1",name="bank"}', kernel.vat('bank').incarnation],
    ['heirloom_upgrade_seconds_count{outcome="succeeded"}', upgrades.length],
  ];
  for (const [name, value] of expected) expect([name, first.get(name)]).toEqual([name, value]);
  expect(upgrades.length).toBeGreaterThan(0);

  void kernel.terminateVat(kernel.vat('holder').vatId);
  for (let i = 0; i < 5; i += 1) {
    await kernel.run();
    await kernel.commit();
  }
  const second = samplesOf(await kernel.metrics());
  expect(second.get('heirloom_height')).toBe(kernel.height);
  expect(second.get('heirloom_cranks_total')).toBe(kernel.stats().cranks);
  const holder = 'heirloom_vat_exports{vat="v2",name="holder"}';
  expect([first.has(holder), second.has(holder)]).toEqual([true, false]);
  // Told once, though asked twice.
  const upgradesTold = second.get('heirloom_upgrade_seconds_count{outcome="succeeded"}');
  expect(upgradesTold).toBe(kernel.stats().upgrades.length);
});

test('metrics: the thread is busy for long -> the pause is told', async () => {
  const kernel = await kernelOver({ blocks: 'host' });
  const pauseOf = async (): Promise<number> =>
    samplesOf(await kernel.metrics()).get('heirloom_longest_pause_seconds')!;
  const turns = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 60));
  expect(await pauseOf()).toBe(0);
  await turns();
  const until = performance.now() + 300;
  while (performance.now() < until);
  await turns();
  expect(await pauseOf()).toBeGreaterThanOrEqual(0.28);
  await kernel.close();
});

test('metrics: two kernels in one process -> each its own', async () => {
  const [one, two] = [await kernelOver(), await kernelOver()];
  const bundleId = await install(one, 'relay.js');
  const { root } = await one.createVat({ name: 'relay', bundleId });
  expect(((await one.call(root, 'makeEcho')) as VatReference).type).toBe('object');
  const [first, again, other] = await Promise.all([one.metrics(), one.metrics(), two.metrics()]);
  expect(first).toBe(again);
  const objects = [one, two].map(kernel => kernel.stats().tables.objects);
  expect([first, other].map(text => samplesOf(text).get('heirloom_objects'))).toEqual(objects);
  expect(objects[0]).toBeGreaterThan(objects[1]!);
  await one.close();
  await expect(one.metrics()).rejects.toMatchObject({ code: 'KERNEL_CLOSED' });
});

test('metrics: every one has a help text, and docs/metrics.md lists exactly them', async () => {
  const kernel = await kernelOver();
  const text = await kernel.metrics();
  const declared = [...text.matchAll(/^# (HELP|TYPE) (heirloom_\w+) (.+)$/gm)];
  const namesOf = (kind: string) => declared.filter(m => m[1] === kind).map(m => m[2]!).sort();
  expect(namesOf('HELP')).toEqual(namesOf('TYPE'));
  const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const listed = [...docs.matchAll(/`(heirloom_\w+)`/g)].map(match => match[1]!);
  expect(listed.sort()).toEqual(namesOf('HELP'));
});
