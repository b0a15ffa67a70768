/** Makes purses with long names until the disk is full. Prints one JSON line per event. */
import { readFileSync } from 'node:fs';
import { openKernel } from '@heirloom/kernel';

const [directory, bundleFile] = process.argv.slice(2);
const say = event => process.stdout.write(`${JSON.stringify(event)}\n`);
process.on('unhandledRejection', error => say({ unhandled: String(error) }));

const BLOCKS_MAX = 10_000;
const PURSES = 50;
const NAME = 'x'.repeat(150);
const kernel = await openKernel({ directory, spareThreads: 0, blocks: 'host' });
const settle = async work => {
  await kernel.run();
  await kernel.commit();
  return work;
};
let failure;
try {
  const bundle = JSON.parse(readFileSync(bundleFile, 'utf8'));
  const bundleId = await settle(kernel.installBundle(bundle));
  const { root } = await settle(kernel.createVat({ name: 'bank', bundleId }));
  for (let i = 0; i < BLOCKS_MAX; i += 1) {
    for (let n = 0; n < PURSES; n += 1) kernel.send(root, 'makePurse', [`${i}.${n}.${NAME}`, 1n]);
    await settle();
    say({ height: kernel.height, blockHash: kernel.blockHash });
  }
} catch (error) {
  failure = error;
  say({ name: error.name, code: error.code });
}
const run = await kernel.run().catch(error => error);
say({ sameError: run === failure });
await kernel.close();
