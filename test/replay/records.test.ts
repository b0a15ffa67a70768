/**
 * What a replay is given: reaps with what they found (rules.md#g5), rows as they were (rules.md#t2,
 * rules.md#t4).
 */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { openReader, unpackFrame } from '@heirloom/store';
import { Delivery } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const settled = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

interface Scene {
  readonly directory: string;
  readonly kernel: Kernel;
  readonly bundleId: string;
  send(root: VatReference, code: string): Promise<unknown>;
}

/** A kernel whose blocks are the host's, with a workbench `a`. */
const begin = async (): Promise<Scene> => {
  const directory = await freshDirectory();
  const kernel = await kernelOver({ directory, blocks: 'host' });
  const bundleId = await settled(kernel, kernel.installBundle(await fixture('workbench.js')));
  await settled(kernel, kernel.createVat({ name: 'a', bundleId }));
  const send: Scene['send'] = (root, code) => kernel.send(root, 'run', [code, []]).result;
  return { directory, kernel, bundleId, send };
};

/** The deliveries of every wave that a closed store has a transcript of, in order. */
const deliveriesIn = async (directory: string): Promise<readonly (readonly unknown[])[]> => {
  const reader = openReader({ directory, readersMax: 8 });
  const snapshot = reader.begin();
  const waves = snapshot.keysAfter('transcript', '', '\xff'.repeat(16), 1_000).map(key => {
    const [, , deliveries] = unpackFrame(snapshot.get('transcript', key)!);
    return (deliveries as unknown as Uint8Array[]).map(bytes => unpackFrame(bytes.slice()));
  });
  snapshot.done();
  await reader.close();
  return waves.flat();
};

test('records: a reap finds what RAM has let go of -> its transcript names it', async () => {
  const { directory, kernel, send } = await begin();
  const make = 'VatData.defineDurableKind(VatData.makeKindHandle("x"), () => ({}), {})';
  await settled(kernel, send(kernel.vat('a').root, `${make}(); 0`));
  await settled(kernel, kernel.reapAll());
  await kernel.close();
  const reaps = (await deliveriesIn(directory)).filter(([op]) => op === Delivery.reap);
  expect(reaps).toMatchObject([[Delivery.reap, [false, ['o+d10/1'], []], 1024, true]]);
  const again = await kernelOver({ directory });
  expect(again.vats()).toMatchObject([{ replayable: true }]);
});

test('records: old rows change, replays in the same block -> they see the old rows', async () => {
  const { kernel, bundleId, send } = await begin();
  const { root, vatId } = kernel.vat('a');
  await settled(kernel, send(root, 'baggage.init("n", 1)'));
  await settled(kernel, kernel.upgradeVat(vatId, { bundleId }));
  const add = (by: number): string =>
    `baggage.set("n", baggage.get("n") + ${by}), baggage.get("n")`;
  const first = send(root, add(5));
  await kernel.run();
  const replayed = kernel.upgradeVat(vatId, { bundleId, mode: 'replay' });
  const forking = kernel.forkVat(vatId, { name: 'b' });
  const second = send(root, add(10));
  const all = await settled(kernel, Promise.all([first, replayed, forking, second]));
  expect(all).toMatchObject([6, { incarnationNumber: 1 }, {}, 16]);
  expect(await settled(kernel, send((await forking).root, 'baggage.get("n")'))).toBe(6);
});
