/** A reap is recorded with what V8 had let go of: a replay does not ask it (rule G5). */
import { openReader, unpackFrame } from '@heirloom/store';
import { Delivery } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels.js';

/** Packed deliveries of every wave that the store has a transcript of, in order. */
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

test('reaps: an object that RAM has let go of -> its transcript names it', async () => {
  const directory = await freshDirectory();
  const kernel = await kernelOver({ directory });
  const bundleId = await kernel.installBundle(await fixture('workbench.js'));
  const { root } = await kernel.createVat({ name: 'a', bundleId });
  const make = 'VatData.defineDurableKind(VatData.makeKindHandle("x"), () => ({}), {})';
  await kernel.call(root, 'run', [`${make}(); 0`]);
  await kernel.reapAll();
  await kernel.idle();
  await kernel.close();
  const reaps = (await deliveriesIn(directory)).filter(([op]) => op === Delivery.reap);
  expect(reaps).toMatchObject([[Delivery.reap, [false, ['o+d10/1'], []], 1024, true]]);
  const again = await kernelOver({ directory });
  expect(again.vats()).toMatchObject([{ replayable: true }]);
});
